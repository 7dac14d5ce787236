"""What the gates judge by: the figures, and whom they may be asked of."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping

from components.fairness_evaluator.gates import words
from components.fairness_evaluator.gates.earlier import NAME, Earlier
from components.fairness_evaluator.gates.finding import CannotJudge
from components.fairness_evaluator.gates.judged import not_judged, too_little
from components.payloads.decision import NotEvaluated
from components.payloads.manifest import EVAL
from components.payloads.minimum_data import MinimumData
from components.payloads.table import BASELINE, CANDIDATE, CHANGE, SILO, Figure, Table


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What the gates judge by.

    Attributes:
        figures: The tidy table.
        judged: Ids of the silos to judge, sorted.
        not_judged: The other silos, with reasons.
        minimum_data: From when on a silo or a group is judged.
        earlier: The model to compare with; None where there is none.
    """

    figures: Table
    judged: tuple[str, ...]
    not_judged: tuple[NotEvaluated, ...]
    minimum_data: MinimumData
    earlier: Earlier | None

    @classmethod
    def of(
        cls,
        figures: Table,
        silos: Iterable[str],
        left_out: Mapping[str, str],
        minimum_data: MinimumData,
        earlier: Earlier | None,
    ) -> Evidence:
        """Return the evidence of an evaluation.

        Args:
            figures: The table.
            silos: Ids of all silos.
            left_out: Reason by silo that is quarantined or could not be evaluated.
            minimum_data: From when on a silo or a group is judged.
            earlier: The model to compare with; None where there is none.
        """
        everyone = sorted(silos)
        unjudged = not_judged(figures, everyone, left_out, minimum_data)
        without = {item.silo for item in unjudged}
        judged = tuple(silo for silo in everyone if silo not in without)
        return cls(figures, judged, tuple(unjudged), minimum_data, earlier)

    def overall(
        self, metric: str, threshold: float | None = None, model: str = CANDIDATE
    ) -> Figure:
        """Return a figure over all silos.

        Raises:
            CannotJudge: There is none.
        """
        found = self.figures.metric(metric, threshold=threshold, model=model)
        if found is None or found.value is None:
            raise CannotJudge(
                f"{self._named(metric, threshold, model)} over all silos has no value"
                f"{_why(found)}",
                "see why under FairnessEvaluator on the run's page; add the rows or "
                "labels that are missing",
            )
        return found

    def of_silos(
        self, metric: str, threshold: float | None = None, model: str = CANDIDATE
    ) -> dict[str, Figure]:
        """Return a figure of each judged silo, by silo.

        Raises:
            CannotJudge: No silo is judged, or one of them has no such figure.
        """
        if not self.judged:
            raise CannotJudge(
                f"not one of {words.count(len(self.not_judged), 'silo')} could be "
                "judged",
                "see under the silos why; give them more labelled rows, or lower "
                "`gates.minimum_data`",
            )
        found = {
            figure.silo: figure
            for figure in self.figures.by_silo(metric, threshold=threshold, model=model)
            if figure.value is not None
        }
        missing = [silo for silo in self.judged if silo not in found]
        if missing:
            name = self._named(metric, threshold, model)
            raise CannotJudge(
                f"{name} has no value in {words.names(missing, 'silo')}",
                f"see why on the run's page; where {name} can't be had in such silos, "
                "choose another metric or threshold, or raise `gates.minimum_data`",
            )
        return {silo: found[silo] for silo in self.judged}

    def groups(
        self, metric: str, threshold: float | None = None
    ) -> dict[tuple[str, str], list[Figure]]:
        """Return the figures of groups that have enough rows.

        Returns:
            By silo (empty for all silos; else a judged one) and slice, sorted; lists
            are sorted by group, and may be of one group. A figure may lack its value.
        """
        found: dict[tuple[str, str], list[Figure]] = {}
        for figure in self._of_groups.get((metric, threshold), ()):
            if not too_little(figure, self.minimum_data):
                found.setdefault((figure.silo, figure.slice), []).append(figure)
        return dict(sorted(found.items()))

    def groups_with_too_few_rows(self) -> list[Figure]:
        """Return the row counts of the groups that can't be judged."""
        return [
            figure
            for figure in self._of_groups.get(("rows", None), ())
            if too_little(figure, self.minimum_data)
        ]

    @property
    def slices(self) -> list[str]:
        """The slices that were evaluated over all silos, sorted."""
        return sorted(
            {
                figure.slice
                for figure in self._of_groups.get(("rows", None), ())
                if not figure.silo
            }
        )

    def _named(self, metric: str, threshold: float | None, model: str) -> str:
        name = words.metric(metric, threshold)
        earlier = self.earlier.name if self.earlier else NAME
        return {
            CANDIDATE: name,
            BASELINE: f"{name} of {earlier}",
            CHANGE: f"the change of {name} against {earlier}",
        }[model]

    @functools.cached_property
    def _of_groups(self) -> dict[tuple[str, float | None], list[Figure]]:
        places = {"", *self.judged}
        found: dict[tuple[str, float | None], list[Figure]] = {}
        for figure in self.figures:
            if (
                (figure.model, figure.split) == (CANDIDATE, EVAL)
                and figure.group
                and figure.slice not in {"", SILO}
                and figure.silo in places
            ):
                key = (figure.metric, figure.threshold)
                found.setdefault(key, []).append(figure)
        return found

    @property
    def counted(self) -> str:
        """How many silos are not judged, as a sentence that may follow; or empty."""
        others = len(self.not_judged)
        if not others:
            return ""
        verbs = ("has", "is") if others == 1 else ("have", "are")
        return (
            f" Judged: {words.count(len(self.judged), 'silo')}; {others:,} {verbs[0]} "
            f"too few rows or {verbs[1]} left out."
        )


def _why(figure: Figure | None) -> str:
    return f" ({figure.note})" if figure and figure.note else ""
