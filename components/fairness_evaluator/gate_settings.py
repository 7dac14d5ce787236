"""The settings of the gates: what is demanded of a model before it is blessed.

A gate compares figures of the tidy table with one bound. Figures of few rows are
uncertain, so each gate says when it refuses (`refuse_if`): `surely`, when even the
better end of the 95 % interval misses the bound, so that chance alone refuses few;
`value`, when the figure misses it; `possibly`, when the worse end does: a floor is
then met only when the lower end is above it.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import pydantic

from components.payloads.minimum_data import MinimumData
from components.settings import Section

Share = Annotated[float, pydantic.Field(ge=0.0, le=1.0)]
RefuseIf = Literal["surely", "value", "possibly"]
RATES = ("tpr", "fpr", "fnr", "positive_rate", "precision")


class _Bound(Section):
    refuse_if: RefuseIf = "surely"
    """Which part of the 95 % interval must miss the bound."""


class _OfMetric(_Bound):
    threshold: float | None = None
    """Which of `evaluation.thresholds`, where the metric is a rate."""

    @pydantic.model_validator(mode="after")
    def _threshold_of_rates(self) -> _OfMetric:
        metric = getattr(self, "metric", "")
        if (metric in RATES) != (self.threshold is not None):
            needed = "needs" if metric in RATES else "has no"
            raise ValueError(f"`{metric}` {needed} `threshold`")
        return self


class Floor(_OfMetric):
    """A metric that must not be lower."""

    at_least: Share
    """The floor; unit: the metric's."""

    metric: Literal["auc", "pr_auc", "tpr", "precision"] = "auc"
    """Which metric; higher is better for each."""


class BetterThanChance(Section):
    """That the AUC over all silos is surely above 0.5; it has nothing to set."""

    above: ClassVar[float] = 0.5
    refuse_if: ClassVar[RefuseIf] = "possibly"


class SiloGap(_OfMetric):
    """How far silos may lie apart."""

    at_most: Share
    """The largest difference between two judged silos."""

    metric: Literal["auc", "pr_auc", "tpr", "fpr", "positive_rate", "precision"] = "auc"
    """Which metric."""


class GroupGap(_OfMetric):
    """How far groups may lie apart, over all silos and inside each judged silo."""

    at_most: Share
    """The largest difference between two groups of a slice."""

    metric: Literal["auc", "tpr", "fpr", "positive_rate", "precision"] = "auc"
    """Which metric."""

    slices: tuple[str, ...] = ()
    """The slices whose groups are compared, such as `sex` or `sex x race`; all of
    them when empty."""


class FourFifths(_Bound):
    """The 80 % rule: how alike the groups' positive rates are, over all silos."""

    at_least: Share = 0.8
    """The smallest ratio of two groups' positive rates."""

    threshold: float
    """Which of `evaluation.thresholds` decides who is positive."""

    slices: tuple[str, ...] = ()
    """The slices whose groups are compared; all of them when empty."""


class Calibration(_Bound):
    """How far scores may lie from what happens, overall and in judged silos."""

    at_most: Share
    """The largest calibration error: mean distance between score and rate."""


class Change(_OfMetric):
    """How much worse than the baseline it may be, on the same rows."""

    at_most_worse: Annotated[float, pydantic.Field(ge=0.0)]
    """The largest loss; unit: the metric's."""

    metric: Literal["auc", "log_loss", "brier", "tpr", "fpr"] = "auc"
    """Which metric."""


class Alone(_Bound):
    """How much worse than with a model of its own rows alone a silo may fare."""

    at_most_worse: Annotated[float, pydantic.Field(ge=0.0)]
    """The largest loss of AUC."""


class GateSettings(Section):
    """What is demanded of a model before it is blessed."""

    minimum_data: MinimumData = MinimumData()
    """Data a silo needs to be judged; the others are shown and counted."""

    better_than_chance: BetterThanChance | None = BetterThanChance()
    """That the model ranks rows surely better than chance, over all silos; there
    unless it is null or false."""

    silo_floor: Floor | None = None
    """What each judged silo must reach."""

    worst_tenth: Floor | None = None
    """What the worst tenth of the judged silos must reach on average."""

    silo_gap: SiloGap | None = None
    """How far two judged silos may lie apart."""

    group_gap: GroupGap | None = None
    """How far groups may lie apart, over all silos and inside each judged silo."""

    four_fifths: FourFifths | None = None
    """The 80 % rule for the groups' positive rates."""

    calibration: Calibration | None = None
    """How far scores may lie from what happens."""

    change: Change | None = None
    """How much worse than the baseline it may be over all silos."""

    silo_change: Change | None = None
    """How much any judged silo may lose against the baseline."""

    worse_than_alone: Alone | None = None
    """How much worse any judged silo may fare with the model that serves it than with
    one of its own rows alone; needs `rows.choose_share`."""

    base_worse_than_alone: Alone | None = None
    """The same with the base model, whatever serves the silo."""

    @property
    def configured(self) -> dict[str, Section]:
        """The gates that decide, by name, in their order."""
        return {name: gate for name, gate in self if gate and name != "minimum_data"}

    @pydantic.model_validator(mode="before")
    @classmethod
    def _no_worst_silo(cls, data: Any) -> Any:  # noqa: ANN401  as the file has it
        if isinstance(data, dict) and "worst_silo" in data:
            raise ValueError(
                "`worst_silo` is gone, since `silo_floor` asks the same of every silo; "
                "rename it to `silo_floor`; where both are set, keep the higher bound"
            )
        return data

    @pydantic.field_validator("better_than_chance", mode="before")
    @classmethod
    def _switch(cls, value: object) -> object:
        if isinstance(value, bool):
            return BetterThanChance() if value else None
        return value

    @pydantic.model_validator(mode="after")
    def _some_gate(self) -> GateSettings:
        if not self.configured:
            names = [name for name in type(self).model_fields if name != "minimum_data"]
            raise ValueError(
                "no gate is configured, so nothing would decide whether a model is "
                f"blessed; set at least one of {', '.join(names)}"
            )
        return self
