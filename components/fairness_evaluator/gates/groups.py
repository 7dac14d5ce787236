"""Which groups are compared with each other, and which have too little data."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from components.fairness_evaluator.gates import words
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import CannotJudge
from components.scoring.table import Figure


@dataclasses.dataclass(frozen=True)
class Compared:
    """The groups of one slice, over all silos or in one, that have enough data.

    Attributes:
        silo: The silo; empty for all silos.
        slice: The slice.
        figures: A figure of each group, at least two.
    """

    silo: str
    slice: str
    figures: tuple[Figure, ...]

    @property
    def where(self) -> str:
        """Where, for people."""
        return f"in silo {words.name(self.silo)}" if self.silo else "over all silos"


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What can be compared, and what can't.

    Attributes:
        places: The slices and silos with two groups or more to compare.
        without: Slices that have no two such groups over all silos.
        too_few: Groups, over all silos and in judged ones, with too little data.
    """

    places: tuple[Compared, ...]
    without: tuple[str, ...]
    too_few: int

    @property
    def counted(self) -> str:
        """Whom the comparison leaves out, as sentences that may follow; or empty."""
        said = ""
        if self.too_few:
            verb = "has" if self.too_few == 1 else "have"
            said += f" {words.count(self.too_few, 'group')} {verb} too few rows."
        if self.without:
            said += f" Fewer than two groups to compare: {', '.join(self.without)}."
        return said


def compare(
    evidence: Evidence, metric: str, threshold: float | None, slices: Sequence[str]
) -> Comparison:
    """Find the groups to compare.

    Args:
        evidence: What there is.
        metric: The metric.
        threshold: Its threshold, where it is a rate.
        slices: The slices asked for; all of them when empty.

    Raises:
        CannotJudge: A slice asked for, or else every slice, has no two groups with
            enough data over all silos.
    """
    wanted = list(slices) or evidence.slices
    found = [
        Compared(silo, slice, tuple(figures))
        for (silo, slice), figures in evidence.groups(metric, threshold).items()
        if slice in wanted and len(figures) > 1
    ]
    overall = {each.slice for each in found if not each.silo}
    without = tuple(slice for slice in wanted if slice not in overall)
    if without and (slices or not overall):
        raise CannotJudge(
            f"no two groups of {', '.join(without)} have "
            f"{words.metric(metric, threshold)} and enough rows over all silos",
            "leave that slice out of the gate's `slices`, or lower "
            "`gates.minimum_data`",
        )
    if not wanted:
        raise CannotJudge(
            "no groups were evaluated",
            "name the sensitive columns in `evaluation.slices`",
        )
    return Comparison(tuple(found), without, _too_few(evidence, wanted))


def named(slices: Sequence[str]) -> str:
    """Return which slices a gate compares, for people."""
    return " or ".join(slices) or "each slice"


def _too_few(evidence: Evidence, slices: Sequence[str]) -> int:
    return sum(figure.slice in slices for figure in evidence.groups_with_too_few_rows())
