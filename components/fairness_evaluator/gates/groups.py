"""Which groups are compared with each other, and which have too little data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from components.fairness_evaluator.gates import words
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import CannotJudge
from components.payloads.table import Figure


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
        too_few: Groups with too little data, in the places that are compared.
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
    evidence: Evidence,
    metric: str,
    threshold: float | None,
    slices: Sequence[str],
    *,
    inside: bool,
) -> Comparison:
    """Find the groups to compare.

    Args:
        evidence: What there is.
        metric: The metric.
        threshold: Its threshold, where it is a rate.
        slices: The slices asked for; all of them when empty.
        inside: Whether groups are compared inside each judged silo too.

    Raises:
        CannotJudge: A slice asked for, or else every slice, has no two groups with
            enough data over all silos; or one of several groups has no such figure.
    """
    wanted = list(slices) or evidence.slices
    found = [
        Compared(silo, slice, tuple(figures))
        for (silo, slice), figures in evidence.groups(metric, threshold).items()
        if slice in wanted and len(figures) > 1 and (inside or not silo)
    ]
    _check_values(found, words.metric(metric, threshold))
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
    too_few = sum(
        figure.slice in wanted and (inside or not figure.silo)
        for figure in evidence.groups_with_too_few_rows()
    )
    return Comparison(tuple(found), without, too_few)


def named(slices: Sequence[str]) -> str:
    """Return which slices a gate compares, for people."""
    return " or ".join(slices) or "each slice"


def _check_values(places: Iterable[Compared], name: str) -> None:
    missing = [
        f"{each.slice} {words.name(figure.group)} {each.where}"
        f"{figure.note and f' ({figure.note})'}"
        for each in places
        for figure in each.figures
        if figure.value is None
    ]
    if missing:
        raise CannotJudge(
            f"{name} has no value for {words.listed(missing)}",
            "see why on the run's page; choose another metric or a lower threshold, "
            "leave that slice out of the gate's `slices`, or raise "
            "`gates.minimum_data` until such groups have too few rows",
        )
