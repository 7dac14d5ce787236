"""The settings of evaluation and of the gates.

Two sections, since they change for different reasons: `evaluation` says what is
measured, `gates` what is demanded.
"""

from __future__ import annotations

from typing import Annotated

import pydantic

from components.errors import SettingsError
from components.settings import Section

SILO = "silo_id"  # the slice column that TFMA's views show for the silo
Probability = Annotated[float, pydantic.Field(gt=0.0, lt=1.0)]
# TFMA's names of rates carry the threshold in decimals, so none may be tiny.
Threshold = Annotated[float, pydantic.Field(ge=0.0001, le=0.9999)]


class EvaluationSettings(Section):
    """What is measured."""

    slices: tuple[str, ...] = ()
    """Columns whose values are groups; each is shown over all silos and in each."""

    thresholds: Annotated[tuple[Threshold, ...], pydantic.Field(min_length=1)] = (0.5,)
    """Scores above a threshold count as positive; unit: 1, 0.0001 to 0.9999."""

    min_slice_rows: Annotated[int, pydantic.Field(ge=1)] = 30
    """Slices with fewer rows are shown as too few, without figures; unit: rows."""

    bins: Annotated[int, pydantic.Field(ge=10, le=20_000)] = 4_000
    """Score bins, evenly in the score and again evenly in its logit; unit: bins."""

    @pydantic.field_validator("slices", "thresholds")
    @classmethod
    def _no_duplicates(cls, values: tuple[object, ...]) -> tuple[object, ...]:
        doubles = sorted({str(value) for value in values if values.count(value) > 1})
        if doubles:
            raise ValueError(f"named twice: {', '.join(doubles)}")
        return values

    @pydantic.field_validator("slices")
    @classmethod
    def _no_silo(cls, slices: tuple[str, ...]) -> tuple[str, ...]:
        if SILO in slices or "" in slices:
            raise ValueError(
                f"`{SILO}` and the empty name can't be slice columns: every silo is "
                "a slice already"
            )
        return slices

    @pydantic.field_validator("thresholds")
    @classmethod
    def _sorted(cls, thresholds: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(sorted(thresholds))


class GateSettings(Section):
    """What is demanded of a model before it is blessed."""

    silo_floor_auc: Probability | None = None
    """AUC that every judged silo must be able to reach, within its interval."""

    worst_silo_auc: Probability | None = None
    """AUC that the worst judged silo must be able to reach, within its interval."""

    gap_auc: Probability | None = None
    """Largest AUC difference between the best and the worst judged silo."""

    max_auc_drop: Annotated[float, pydantic.Field(ge=0.0, lt=1.0)] | None = None
    """Largest fall of the overall AUC against the latest blessed model."""

    min_rows: Annotated[int, pydantic.Field(ge=2)] = 100
    """Labelled evaluation rows that a silo needs to be judged; unit: rows."""

    min_positives: Annotated[int, pydantic.Field(ge=1)] = 10
    """Rows of each label that a silo needs to be judged; unit: rows."""

    @pydantic.model_validator(mode="after")
    def _some_gate(self) -> GateSettings:
        if all(
            gate is None
            for gate in (
                self.silo_floor_auc,
                self.worst_silo_auc,
                self.gap_auc,
                self.max_auc_drop,
            )
        ):
            raise ValueError(
                "no gate is configured, so nothing would decide whether a model is "
                "blessed; set at least one of `silo_floor_auc`, `worst_silo_auc`, "
                "`gap_auc` and `max_auc_drop`"
            )
        return self


def parse(evaluation: str, gates: str) -> tuple[EvaluationSettings, GateSettings]:
    """Read both sections from the JSON that a node receives.

    Raises:
        SettingsError: A section can't be used.
    """
    try:
        measured = EvaluationSettings.model_validate_json(evaluation)
        demanded = GateSettings.model_validate_json(gates)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"{error.title}{f' `{place}`' if place else ''}: {first['msg']}",
            "change the sections `evaluation` and `gates` of the settings",
        ) from error
    check(measured, demanded)
    return measured, demanded


def check(measured: EvaluationSettings, demanded: GateSettings) -> None:
    """Check that what gates judge is measured at all.

    Raises:
        SettingsError: Gates would judge silos that have no figures.
    """
    if demanded.min_rows < measured.min_slice_rows:
        raise SettingsError(
            f"`gates.min_rows` is {demanded.min_rows}, but silos with fewer than "
            f"`evaluation.min_slice_rows` = {measured.min_slice_rows} rows have no "
            "figures to judge",
            "raise the one or lower the other",
        )
