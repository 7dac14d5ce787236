"""The settings of evaluation: what is measured.

What is demanded stands in `gate_settings.py`: the two change for different reasons.
"""

from __future__ import annotations

from typing import Annotated

import pydantic

from components.errors import SettingsError
from components.fairness_evaluator.gate_settings import GateSettings
from components.payloads.table import CROSS, SILO
from components.settings import Section

# TFMA's slice key of rows other than the evaluation split's.
ROWS_KEY = "evaluated_rows"

# TFMA's names of rates carry the threshold in decimals, so none may be tiny.
Threshold = Annotated[float, pydantic.Field(ge=0.0001, le=0.9999)]


class EvaluationSettings(Section):
    """What is measured."""

    slices: tuple[str, ...] = ()
    """Columns whose values are groups; each is shown over all silos and in each."""

    intersections: tuple[tuple[str, ...], ...] = ()
    """Columns of `slices` to cross, such as [sex, race]; shown as the slices are."""

    thresholds: Annotated[tuple[Threshold, ...], pydantic.Field(min_length=1)] = (0.5,)
    """Scores above a threshold count as positive; unit: 1, 0.0001 to 0.9999."""

    silo_thresholds: bool = False
    """Whether a threshold is sought for each silo with which it reaches the overall
    true positive rate (equal opportunity); it is evaluated, never imposed."""

    min_slice_rows: Annotated[int, pydantic.Field(ge=1)] = 30
    """Slices with fewer rows are shown as too few, without figures; unit: rows."""

    rows_per_bin: Annotated[int, pydantic.Field(ge=1)] = 5
    """Fewest rows in a score bin; AUC over all silos is computed from bins. Larger:
    more private, less exact. Unit: rows."""

    bins: Annotated[int, pydantic.Field(ge=10, le=20_000)] = 1_000
    """Most score bins that a silo discloses of a slice; unit: bins."""

    @property
    def families(self) -> tuple[tuple[str, ...], ...]:
        """The columns of each family of slices, single ones first."""
        return (*((column,) for column in self.slices), *self.intersections)

    @pydantic.field_validator("slices", "thresholds", "intersections")
    @classmethod
    def _no_duplicates(cls, values: tuple[object, ...]) -> tuple[object, ...]:
        doubles = sorted({str(value) for value in values if values.count(value) > 1})
        if doubles:
            raise ValueError(f"named twice: {', '.join(doubles)}")
        return values

    @pydantic.field_validator("slices")
    @classmethod
    def _names(cls, slices: tuple[str, ...]) -> tuple[str, ...]:
        if {SILO, ROWS_KEY, ""} & {*slices}:
            raise ValueError(
                f"`{SILO}`, `{ROWS_KEY}` and the empty name can't be slice columns: "
                "every silo is a slice already"
            )
        if any(CROSS in column for column in slices):
            raise ValueError(f"`{CROSS}` can't be part of a slice column's name")
        return slices

    @pydantic.field_validator("thresholds")
    @classmethod
    def _sorted(cls, thresholds: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(sorted(thresholds))

    @pydantic.model_validator(mode="after")
    def _crossed(self) -> EvaluationSettings:
        for columns in self.intersections:
            unknown = sorted(set(columns) - set(self.slices))
            if unknown or len(columns) < 2 or len(set(columns)) < len(columns):
                raise ValueError(
                    f"the intersection {list(columns)} must name two or more different "
                    f"columns of `slices`, which are {', '.join(self.slices) or 'none'}"
                )
        # Two orders of the same columns would each hide cells that the other shows.
        sets = [frozenset(columns) for columns in self.intersections]
        for columns, crossed in zip(self.intersections, sets, strict=True):
            if sets.count(crossed) > 1:
                raise ValueError(
                    f"the intersection {list(columns)} is there in another order, too"
                )
        return self


def check(measured: EvaluationSettings, demanded: GateSettings) -> None:
    """Check that what gates judge is measured at all.

    Raises:
        SettingsError: A gate would judge what has no figures.
    """
    least = demanded.minimum_data.rows
    if least < measured.min_slice_rows:
        raise SettingsError(
            f"`gates.minimum_data.rows` is {least}, but silos with fewer than "
            f"`evaluation.min_slice_rows` = {measured.min_slice_rows} rows have no "
            "figures to judge",
            "raise the one or lower the other",
        )
    families = {CROSS.join(columns) for columns in measured.families}
    for name, gate in demanded.configured.items():
        threshold = getattr(gate, "threshold", None)
        if threshold is not None and threshold not in measured.thresholds:
            known = ", ".join(f"{each:g}" for each in measured.thresholds)
            raise SettingsError(
                f"`gates.{name}.threshold` is {threshold:g}, expected one of "
                f"`evaluation.thresholds`: {known}",
                "rates are exact at these thresholds only; add it there",
            )
        unknown = sorted(set(getattr(gate, "slices", ())) - families)
        if unknown:
            raise SettingsError(
                f"`gates.{name}.slices` names {', '.join(unknown)}, expected some of "
                f"{', '.join(sorted(families)) or 'none: there are no slices'}",
                "add the column to `evaluation.slices`, or the crossed columns to "
                "`evaluation.intersections`",
            )
