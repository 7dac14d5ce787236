"""What the gates demand of one silo, beside what it reaches.

The gates' own sentences name other silos, so none of them is shown to an owner. This
compares the silo's own figures with the bounds of the decision's settings. It decides
nothing: a gate looks at all silos, and widens intervals where it looks at many.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from components.dashboard import gains
from components.dashboard.report import Report
from components.dashboard.sections.silos import METRICS
from components.payloads.benefit import BASE, SERVED, SiloBenefit
from components.payloads.table import CANDIDATE, CHANGE, Figure, MetricKey, Slice
from components.scoring.metrics import is_lower_better

GAPS = {
    "auc": "auc_gap",
    "tpr": "equal_opportunity_difference",
    "fpr": "fpr_difference",
    "positive_rate": "demographic_parity_difference",
    "precision": "predictive_parity_difference",
}
# The gates that look at single silos.
ALONE = {
    "worse_than_alone": ("what serves you", SERVED),
    "base_worse_than_alone": ("the base model", BASE),
}
CHANGES = ("silo_change", *ALONE)  # they look at a difference
ON_SILOS = ("silo_floor", "calibration", *CHANGES, "group_gap")
DEMANDS = {
    "at_least": "at least {:.3f}",
    "at_most": "at most {:.3f}",
    "at_most_worse": "at most {:.3f} worse",
}


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
    """

    gate: str
    what: str
    demanded: str
    refuse_if: str
    found: Figure | None
    slack: tuple[float, ...]

    @property
    def is_met(self) -> bool:
        """Whether the figure itself keeps the bound."""
        return bool(self.slack) and self.slack[0] >= 0

    @property
    def is_sure(self) -> bool:
        """Whether both ends of the interval say the same as the figure."""
        return len({each >= 0 for each in self.slack}) == 1


def of_silo(report: Report, silo: str) -> list[Bound]:
    """Return each bound on single silos that is set, beside a silo's figure.

    Args:
        report: The run; its figures are the silo's own.
        silo: Its id.
    """
    gates = report.decision.settings
    known = [gate for gate in ON_SILOS if gates.get(gate) and report.scores.silos]
    return [it for gate in known for it in _bounds(gate, gates[gate], report, silo)]


def _bounds(
    gate: str, section: dict[str, Any], report: Report, silo: str
) -> Iterator[Bound]:
    """Yield a gate's bound; of groups one for each slice."""
    default = "calibration_error" if gate == "calibration" else "auc"
    metric, threshold = section.get("metric", default), section.get("threshold")
    what, columns, model = METRICS[metric], [""], CANDIDATE
    if threshold is not None:
        what += f" at {threshold:g}"
    if gate == "silo_change":
        what, model = f"Change against the baseline: {what}", CHANGE
    if gate in ALONE:
        what = f"{what} of {ALONE[gate][0]} against that of `alone`"
    if gate == "group_gap":
        what, metric = f"Difference between groups: {what}, ", GAPS[metric]
        known = {it.slice for it in report.scores if it.metric == metric}
        columns = sorted(set(section.get("slices") or known))
    kind = next(each for each in DEMANDS if section.get(each) is not None)
    higher, limit = (1 if kind == "at_least" else -1), section[kind]
    if kind == "at_most_worse":
        higher = -1 if is_lower_better(metric) else 1
    # A change may be `limit` worse; other figures are held against it itself.
    start = limit if gate in CHANGES else -higher * limit
    own = report.benefit.get(silo) or SiloBenefit(silo)
    for column in columns:
        key = MetricKey(metric, Slice(silo, column), model, threshold=threshold)
        found = report.scores.get(key)
        if gate in ALONE:
            found = gains.figure(own, ALONE[gate][1], gains.GAIN)
        values = []
        if found is not None and found.is_number:
            ends = (end for end in (found.low, found.high) if end is not None)
            values = [found.number, *ends]
        yield Bound(
            gate,
            what + column,
            DEMANDS[kind].format(limit),
            section.get("refuse_if", "surely"),
            found,
            tuple(start + higher * value for value in values),
        )
