"""What the gates demand of one silo, beside what it reaches.

The gates' own sentences name other silos, so none of them is shown to an owner. This
compares the silo's own figures with the bounds of the decision's settings. It decides
nothing: a gate looks at all silos, and widens intervals where it looks at many.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pydantic

from components.dashboard.silo.figures import OwnFigures
from components.dashboard.silo.words import LABELS
from components.payloads.table import CANDIDATE, CHANGE, Figure
from components.scoring.metrics import is_lower_better

GAPS = {
    "auc": "auc_gap",
    "tpr": "equal_opportunity_difference",
    "fpr": "fpr_difference",
    "positive_rate": "demographic_parity_difference",
    "precision": "predictive_parity_difference",
}
# The gates that look at single silos.
ON_SILOS = ("silo_floor", "calibration", "silo_change", "group_gap")


class _Section(pydantic.BaseModel):
    """A gate's section of the settings; it has one of the three bounds."""

    metric: str = "auc"
    threshold: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    at_most_worse: float | None = None
    slices: tuple[str, ...] = ()
    refuse_if: str = "surely"


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
        for gate in ON_SILOS
        if gates.get(gate) is not None
        for bound in _bounds(gate, _Section.model_validate(gates[gate]), own)
    )


def _bounds(gate: str, section: _Section, own: OwnFigures) -> Iterator[Bound]:
    """Yield a gate's bound; of groups one for each slice."""
    metric = "calibration_error" if gate == "calibration" else section.metric
    at = "" if section.threshold is None else f" at {section.threshold:g}"
    what, columns, model = LABELS[metric] + at, [""], CANDIDATE
    if gate == "silo_change":
        what, model = f"change in {what} against the baseline", CHANGE
    if gate == "group_gap":
        metric = GAPS[metric]
        known = {f.slice for f in own.table if f.metric == metric and not f.group}
        columns = sorted(set(section.slices) or known)
        what = f"difference in {what} between groups of "
    higher = 1 if section.at_least is not None else -1
    limit, demanded = section.at_most or 0.0, "at most {:.3f}"
    if section.at_least is not None:
        limit, demanded = section.at_least, "at least {:.3f}"
    if section.at_most_worse is not None:
        higher = -1 if is_lower_better(metric) else 1
        limit, demanded = section.at_most_worse, "at most {:.3f} worse"
    for column in columns:
        found = own.get(metric, column, threshold=section.threshold, model=model)
        # A change may be `limit` worse; other figures are held against it itself.
        start = limit if model == CHANGE else -higher * limit
        yield Bound(
            gate,
            what + column,
            demanded.format(limit),
            section.refuse_if,
            found,
            tuple(start + higher * value for value in _values(found)),
            model == CHANGE,
        )


def _values(found: Figure | None) -> list[float]:
    """Return the figure and the ends of its interval; none without a figure."""
    if found is None or not found.is_number:
        return []
    return [found.number, *(end for end in (found.low, found.high) if end is not None)]
