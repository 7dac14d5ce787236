"""What the owner of each silo reads, apart from how it looks.

Each page is made from the silo's own figures, records and findings, and from
histograms of the others (`others.py`); the whole table never reaches the template.
What was written about the silo is shown without the other silos' names (`names.py`).
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from components.dashboard.report import Report
from components.dashboard.silo import bounds, training
from components.dashboard.silo.bounds import Bound
from components.dashboard.silo.figures import OwnFigures
from components.dashboard.silo.names import SiloNames
from components.dashboard.silo.others import MIN_OTHERS, Others
from components.dashboard.silo.training import Part
from components.payloads.cohort import Member
from components.payloads.egress import EgressItem
from components.payloads.findings import Finding, Group, grouped
from components.payloads.manifest import TRAIN
from components.payloads.minimum_data import MinimumData
from components.payloads.table import Figure, Table


class Judgement(NamedTuple):
    """Whether the gates judged a silo; if not, why, and what would change that."""

    is_judged: bool
    reason: str = ""
    change: str = ""


@dataclasses.dataclass(frozen=True)
class SiloPage:
    """What the owner of a silo reads.

    Attributes:
        member: The verdict on the silo, without other silos' names.
        left: What left it.
        judgement: Whether the gates judged it.
        bounds: Their bounds beside its figures.
        figures: What the model does for it; None where it was not evaluated.
        part: What it put into the training.
        unscored: Why rows of it were not scored; empty if all were.
        findings: What was found in its data, and whether that kept it out.
        share: Its share of the training rows; None where that would reveal the rows
            of few others.
    """

    member: Member
    left: tuple[EgressItem, ...]
    judgement: Judgement
    bounds: tuple[Bound, ...]
    figures: OwnFigures | None
    part: Part
    unscored: str
    findings: tuple[tuple[bool, Group], ...]
    share: float | None

    @property
    def silo(self) -> str:
        """The silo's id."""
        return self.member.silo


def pages(report: Report) -> Iterator[SiloPage]:
    """Yield what each silo's owner reads, in the report's order.

    Args:
        report: The run.
    """
    silos = [line.member.silo for line in report.silos]
    names, parts = SiloNames(silos), training.parts(report.run, silos)
    unscored = {one.silo: one.reason for one in report.ledger.unscored}
    others = Others(report.scores, {line.member.silo for line in report.judged})
    by_silo: dict[str, list[Figure]] = collections.defaultdict(list)
    for figure in report.scores:
        by_silo[figure.silo].append(figure)
    num_with_rows = sum(bool(line.member.rows.get(TRAIN)) for line in report.silos)
    for line in report.silos:
        silo = line.member.silo
        member = _without_names(line.member, names)
        own = OwnFigures(Table(tuple(by_silo[silo])), others, silo)
        has_rows = bool(member.rows.get(TRAIN))
        why = names.hide_others(line.not_evaluated, silo)
        why = why if line.is_judged else why or "It has no AUC"
        yield SiloPage(
            member=member,
            left=line.left,
            judgement=judge(report, member, own.get("rows"), why),
            bounds=bounds.of_silo(report.decision.settings, own),
            figures=own if by_silo[silo] else None,
            part=_part_without_names(parts[silo], names, silo),
            unscored=names.hide_others(unscored.get(silo, ""), silo),
            findings=(
                *((True, group) for group in grouped(member.reasons)),
                *((False, group) for group in grouped(member.notes)),
            ),
            share=member.share
            if has_rows and num_with_rows - has_rows >= MIN_OTHERS
            else None,
        )


def judge(report: Report, member: Member, rows: Figure | None, why: str) -> Judgement:
    """Return whether the gates judged a silo; if not, why.

    Args:
        report: The run.
        member: The verdict on the silo.
        rows: Its own figure `rows`, for its counts; None without evaluation rows.
        why: Why the gates left it out; empty if they did not.
    """
    if not report.is_trained:
        return Judgement(False, "Nothing was trained, so there was nothing to judge.")
    if not report.decision.gates:
        return Judgement(False, "The model was measured, and no gate was asked.")
    if not why:
        return Judgement(True)
    if not member.admitted:
        return Judgement(
            False,
            "It was not admitted, and the gates judge admitted silos only.",
            "Mend what is named under the findings; it is judged again from the next "
            "run that admits it.",
        )
    minimum = report.decision.settings.get("minimum_data") or {}
    needed = MinimumData.model_validate(minimum)
    return _too_little(rows, needed) or Judgement(False, f"{why}.")


def _too_little(rows: Figure | None, needed: MinimumData) -> Judgement | None:
    held_out = "They are held out of the labelled rows that you export"
    if rows is None or not rows.rows:
        return Judgement(
            False,
            "It has no labelled evaluation rows.",
            f"At least {max(needed.rows, 1):,} are needed. {held_out}, so export more "
            "of them.",
        )
    if rows.rows < needed.rows:
        return Judgement(
            False,
            f"It has {rows.rows:,} labelled evaluation rows, and {needed.rows:,} are "
            "needed: fewer say too little about how the model serves it.",
            f"{needed.rows - rows.rows:,} more would do. {held_out}, so export more of "
            "them.",
        )
    if needed.has_enough(rows.rows, rows.positives) or rows.positives is None:
        return None
    each = {"with": rows.positives, "without": rows.rows - rows.positives}
    which, fewest = min(each.items(), key=lambda item: item[1])
    return Judgement(
        False,
        f"Of its {rows.rows:,} labelled evaluation rows, {fewest:,} are {which} the "
        f"outcome, and {needed.rows_of_each_label:,} of each kind are needed.",
        f"{needed.rows_of_each_label - fewest:,} more rows {which} the outcome would "
        f"do. {held_out}.",
    )


def _without_names(member: Member, names: SiloNames) -> Member:
    def hide(found: Iterable[Finding]) -> tuple[Finding, ...]:
        hidden = (
            [names.hide_others(text, member.silo) for text in (one.sentence, one.hint)]
            for one in found
        )
        return tuple(Finding(*texts) for texts in hidden)

    return dataclasses.replace(
        member, reasons=hide(member.reasons), notes=hide(member.notes)
    )


def _part_without_names(part: Part, names: SiloNames, silo: str) -> Part:
    missed = tuple(
        (names.hide_others(why, silo), rounds) for why, rounds in part.missed
    )
    left_out = names.hide_others(part.left_out, silo)
    return dataclasses.replace(part, missed=missed, left_out=left_out)
