"""What the gates demand of one silo, beside what it reaches.

The gates' own sentences name other silos, so none of them is shown to an owner. This
compares the silo's own figures with the bounds of the decision's settings. It decides
nothing: a gate looks at all silos, and widens intervals where it looks at many.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pydantic

from components.dashboard.silo.figures import OwnFigures
from components.dashboard.silo.others import number
from components.dashboard.silo.words import LABELS
from components.payloads.table import CHANGE, Figure
from components.scoring.metrics import is_lower_better

GAPS = {
    "auc": "auc_gap",
    "tpr": "equal_opportunity_difference",
    "fpr": "fpr_difference",
    "positive_rate": "demographic_parity_difference",
    "precision": "predictive_parity_difference",
}


class _Section(pydantic.BaseModel):
    """A gate's section of the settings; its bound is one of the three."""

    metric: str = "auc"
    threshold: float | None = None
    at_least: float = 0.0
    at_most: float = 0.0
    at_most_worse: float = 0.0
    slices: tuple[str, ...] = ()
    refuse_if: str = "surely"

    @property
    def name(self) -> str:
        at = "" if self.threshold is None else f" at {self.threshold:g}"
        return LABELS[self.metric] + at


@dataclasses.dataclass(frozen=True)
class Bound:
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


def of_silo(gates: Mapping[str, Any], own: OwnFigures) -> tuple[Bound, ...]:
    """Return each bound on single silos that is set, beside the silo's figure.

    Args:
        gates: The section `gates` of the run's settings.
        own: The silo's own figures; without any there is nothing to compare.
    """
    if not len(own.table):
        return ()
    return tuple(
        bound
        for gate, find in _GATES.items()
        if gates.get(gate) is not None
        for bound in find(gate, _Section.model_validate(gates[gate]), own)
    )


def _floor(gate: str, section: _Section, own: OwnFigures) -> Iterator[Bound]:
    found = own.get(section.metric, threshold=section.threshold)
    slack = [value - section.at_least for value in _values(found)]
    demanded = f"at least {section.at_least:.3f}"
    yield _bound(gate, section, section.name, demanded, found, slack)


def _calibration(gate: str, section: _Section, own: OwnFigures) -> Iterator[Bound]:
    found = own.get("calibration_error")
    yield _ceiling(gate, section, LABELS["calibration_error"], found)


def _change(gate: str, section: _Section, own: OwnFigures) -> Iterator[Bound]:
    found = own.get(section.metric, threshold=section.threshold, model=CHANGE)
    sign = -1 if is_lower_better(section.metric) else 1
    slack = [section.at_most_worse + sign * value for value in _values(found)]
    what = f"change in {section.name} against the baseline"
    demanded = f"at most {section.at_most_worse:.3f} worse"
    bound = _bound(gate, section, what, demanded, found, slack)
    yield dataclasses.replace(bound, signed=True)


def _gaps(gate: str, section: _Section, own: OwnFigures) -> Iterator[Bound]:
    metric = GAPS[section.metric]
    known = {f.slice for f in own.table if f.metric == metric and not f.group}
    for column in sorted(set(section.slices) or known):
        found = own.get(metric, slice=column, threshold=section.threshold)
        what = f"difference in {section.name} between groups of {column}"
        yield _ceiling(gate, section, what, found)


def _ceiling(gate: str, section: _Section, what: str, found: Figure | None) -> Bound:
    slack = [section.at_most - value for value in _values(found)]
    demanded = f"at most {section.at_most:.3f}"
    return _bound(gate, section, what, demanded, found, slack)


def _bound(
    gate: str,
    section: _Section,
    what: str,
    demanded: str,
    found: Figure | None,
    slack: list[float],
) -> Bound:
    return Bound(gate, what, demanded, section.refuse_if, found, tuple(slack))


def _values(found: Figure | None) -> list[float]:
    """Return the figure and the ends of its interval; none without a figure."""
    value = number(found)
    if found is None or value is None:
        return []
    return [value, *(end for end in (found.low, found.high) if end is not None)]


_GATES: Mapping[str, Callable[[str, _Section, OwnFigures], Iterator[Bound]]] = {
    "silo_floor": _floor,
    "worst_silo": _floor,
    "calibration": _calibration,
    "silo_change": _change,
    "group_gap": _gaps,
}
