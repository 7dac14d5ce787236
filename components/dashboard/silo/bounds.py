"""What the gates demand of one silo, beside what it reaches.

The gates' own sentences name other silos, so none of them is shown to an owner. This
compares the silo's own figures with the bounds of the settings, gate by gate. It
decides nothing: a gate looks at all silos, and widens intervals where it looks at many.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pydantic

from components.dashboard.silo.words import LABELS
from components.payloads.minimum_data import MinimumData
from components.payloads.table import CHANGE, Figure, MetricKey, Slice, Table
from components.scoring.metrics import is_lower_better

GAPS = {
    "auc": "auc_gap",
    "tpr": "equal_opportunity_difference",
    "fpr": "fpr_difference",
    "positive_rate": "demographic_parity_difference",
    "precision": "predictive_parity_difference",
}


class _View(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True)


class Bound(_View):
    """A gate's section; which of the bounds it has depends on the gate."""

    metric: str = "auc"
    threshold: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    at_most_worse: float | None = None
    slices: tuple[str, ...] = ()
    refuse_if: str = "surely"


class Demands(_View):
    """The gates that look at single silos, as in the settings' section `gates`."""

    minimum_data: MinimumData = MinimumData()
    silo_floor: Bound | None = None
    calibration: Bound | None = None
    silo_change: Bound | None = None
    group_gap: Bound | None = None


def of_settings(settings: Mapping[str, Any]) -> Demands:
    """Return what a run's settings demand of a silo; nothing without `gates`."""
    return Demands.model_validate(settings.get("gates", {}))


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One bound and the silo's figure.

    Attributes:
        gate: The gate's name.
        what: What is compared, in words.
        demanded: The bound, such as `at least 0.650`.
        refuse_if: Which part of the interval must miss the bound for a refusal.
        found: The silo's figure; None where it has none.
        slack: How far value, lower and upper end are on the good side of the bound,
            unit: the metric's; negative is missed. Empty without a figure.
        signed: Whether the figure is a change.
    """

    gate: str
    what: str
    demanded: str
    refuse_if: str
    found: Figure | None
    slack: tuple[float, ...]
    signed: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the figure itself keeps the bound."""
        return bool(self.slack) and self.slack[0] >= 0

    @property
    def is_sure(self) -> bool:
        """Whether both ends of the interval say the same as the figure."""
        return len({each >= 0 for each in self.slack}) == 1


def comparisons(demands: Demands, own: Table, silo: str) -> list[Comparison]:
    """Return each bound that is set, beside the silo's figure.

    Args:
        demands: The bounds.
        own: The silo's own cells.
        silo: Its id.
    """
    return list(_comparisons(demands, own, Slice(silo)))


def _comparisons(demands: Demands, own: Table, of: Slice) -> Iterator[Comparison]:
    floor = demands.silo_floor
    if floor is not None:
        found = own.get(MetricKey(floor.metric, of, threshold=floor.threshold))
        yield _floor("silo_floor", floor, found)
    if demands.calibration is not None:
        found = own.get(MetricKey("calibration_error", of))
        what = LABELS["calibration_error"]
        yield _ceiling("calibration", what, demands.calibration, found)
    if demands.silo_change is not None:
        yield _change(demands.silo_change, own, of)
    if demands.group_gap is not None:
        yield from _gaps(demands.group_gap, own, of)


def _floor(gate: str, bound: Bound, found: Figure | None) -> Comparison:
    least = bound.at_least or 0.0
    return Comparison(
        gate=gate,
        what=_words(bound),
        demanded=f"at least {least:.3f}",
        refuse_if=bound.refuse_if,
        found=found,
        slack=tuple(value - least for value in _values(found)),
    )


def _ceiling(gate: str, what: str, bound: Bound, found: Figure | None) -> Comparison:
    most = bound.at_most or 0.0
    return Comparison(
        gate=gate,
        what=what,
        demanded=f"at most {most:.3f}",
        refuse_if=bound.refuse_if,
        found=found,
        slack=tuple(most - value for value in _values(found)),
    )


def _change(bound: Bound, own: Table, of: Slice) -> Comparison:
    worse = bound.at_most_worse or 0.0
    sign = -1 if is_lower_better(bound.metric) else 1
    question = MetricKey(bound.metric, of, model=CHANGE, threshold=bound.threshold)
    found = own.get(question)
    return Comparison(
        gate="silo_change",
        what=f"change in {_words(bound)} against the baseline",
        demanded=f"at most {worse:.3f} worse",
        refuse_if=bound.refuse_if,
        found=found,
        slack=tuple(worse + sign * value for value in _values(found)),
        signed=True,
    )


def _gaps(bound: Bound, own: Table, of: Slice) -> Iterator[Comparison]:
    metric = GAPS[bound.metric]
    known = {one.slice for one in own if one.metric == metric and not one.group}
    for column in sorted(set(bound.slices) or known):
        place = Slice(of.silo, column)
        found = own.get(MetricKey(metric, place, threshold=bound.threshold))
        what = f"difference in {_words(bound)} between groups of {column}"
        yield _ceiling("group_gap", what, bound, found)


def _words(bound: Bound) -> str:
    at = "" if bound.threshold is None else f" at {bound.threshold:g}"
    return LABELS[bound.metric] + at


def _values(found: Figure | None) -> list[float]:
    """Return the figure and the ends of its interval; none without a figure."""
    if found is None or not found.is_number:
        return []
    ends = [end for end in (found.low, found.high) if end is not None]
    return [found.number, *ends]
