"""The AUC of each silo, worst first: what the evaluator and the decision show."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Sequence

from components.dashboard import formats
from components.dashboard.run.key_figures import KeyFigure
from components.dashboard.scores import RANKED_BY, Cell, Question, Scores
from components.payloads.table import BASELINE
from pipelines.runners.step_reports import figures
from pipelines.runners.step_reports.content import Cell as TableCell
from pipelines.runners.step_reports.content import Column, Metric, Table
from pipelines.runners.step_reports.figures import Axis


@dataclasses.dataclass(frozen=True)
class SiloAuc:
    """One silo.

    Attributes:
        silo: Its id.
        is_judged: Whether the gates judged it.
        auc: The candidate's AUC on its evaluation rows; None without.
        baseline: That of the baseline on the same rows; None without.
    """

    silo: str
    is_judged: bool
    auc: Cell | None
    baseline: Cell | None = None


@dataclasses.dataclass(frozen=True)
class SiloAucs:
    """All silos, the worst first, those without a number last."""

    silos: tuple[SiloAuc, ...]

    @property
    def judged(self) -> list[tuple[str, float]]:
        """Name and AUC of the judged silos that have one, the worst first."""
        return [
            (line.silo, line.auc.number)
            for line in self.silos
            if line.is_judged and line.auc is not None and line.auc.is_number
        ]

    @property
    def gap(self) -> float | None:
        """Between the best and the worst; None with fewer than two."""
        judged = self.judged
        return judged[-1][1] - judged[0][1] if len(judged) > 1 else None

    @property
    def metrics(self) -> dict[str, Metric]:
        """What the UI lists."""
        silo, auc = self.judged[0] if self.judged else (None, None)
        return {"worst silo AUC": auc, "worst silo": silo, "AUC gap": self.gap}

    @property
    def key_figures(self) -> tuple[KeyFigure, KeyFigure]:
        """The worst silo and the gap."""
        judged = self.judged
        silo, auc = judged[0] if judged else ("", None)
        none = "" if judged else "no judged silo has an AUC"
        compared = f"AUC of {formats.count(len(judged))} judged silos"
        if self.gap is None:
            compared = "needs two judged silos with an AUC"
        return (
            KeyFigure("Worst judged silo (AUC)", formats.metric(auc), none, silo),
            KeyFigure("Gap between best and worst", formats.metric(self.gap), compared),
        )

    def table(self) -> Table:
        """Return the silos that have an AUC, or a note why not, with bars."""
        cells = [cell for line in self.silos for cell in (line.auc, line.baseline)]
        axis = figures.auc_axis(cells)
        return Table(
            "AUC by silo, worst first",
            (
                Column("Silo"),
                Column("Judged"),
                Column("AUC", axis=axis),
                Column("AUC", "number"),
                Column("95 % interval", "number"),
                Column("Baseline", "number"),
                Column("Rows", "number"),
            ),
            tuple(
                _row(axis, line, line.auc)
                for line in self.silos
                if line.auc is not None
            ),
            "The bar goes from chance (0.5) to the silo's AUC; the whisker is the "
            "95 % interval, and a diamond the baseline.",
        )


def _row(axis: Axis, line: SiloAuc, auc: Cell) -> tuple[TableCell, ...]:
    return (
        line.silo,
        "" if line.is_judged else "not judged",
        figures.bar(axis, auc, line.baseline) if auc.is_number else None,
        formats.cell(auc),
        formats.interval(auc),
        formats.cell(line.baseline) if line.baseline else "",
        formats.count(auc.rows) if auc.is_number else "",
    )


def of_lines(lines: Sequence[SiloAuc]) -> SiloAucs:
    """Return the silos in their order."""
    return SiloAucs(tuple(sorted(lines, key=_rank)))


def of_scores(scores: Scores, unjudged: Container[str]) -> SiloAucs:
    """Return the silos of an evaluation.

    Args:
        scores: The evaluation's table.
        unjudged: Silos that no gate judged.
    """
    return of_lines(
        [
            SiloAuc(
                of.silo,
                of.silo not in unjudged,
                scores.ask(Question(RANKED_BY, of)),
                scores.ask(Question(RANKED_BY, of, model=BASELINE)),
            )
            for of in scores.slices()
            if of.silo and not of.column
        ]
    )


def _rank(line: SiloAuc) -> tuple[bool, float, str]:
    if line.auc is None or not line.auc.is_number:
        return (True, 0.0, line.silo)
    return (False, line.auc.number, line.silo)
