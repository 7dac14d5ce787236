"""The component SiloValidator."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, ClassVar

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec

from components import artifacts, digests
from components.silo_validator import driver, executor
from components.silo_validator.settings import Columns, ValidationSettings


class SiloValidatorSpec(component_spec.ComponentSpec):
    """Channels and parameters of SiloValidator."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "settings": component_spec.ExecutionParameter(type=str),
        "columns": component_spec.ExecutionParameter(type=str),
        "code": component_spec.ExecutionParameter(type=str),
        "use_case": component_spec.ExecutionParameter(type=str),
        "quarantined": component_spec.ExecutionParameter(type=str),
        # Set by the driver.
        "earlier_statistics": component_spec.ExecutionParameter(
            type=str, optional=True
        ),
        "reminders": component_spec.ExecutionParameter(type=str, optional=True),
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": component_spec.ChannelParameter(type=artifacts.SiloExamples),
        "schema": component_spec.ChannelParameter(type=artifacts.Schema),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "statistics": component_spec.ChannelParameter(type=artifacts.SiloStatistics),
        "cohort": component_spec.ChannelParameter(type=artifacts.Cohort),
    }


class SiloValidator(base_component.BaseComponent):
    """Checks each silo against the shared schema, and decides who trains.

    Args:
        examples: The manifest of all silos.
        schema: The shared schema.
        settings: What a silo must hold to train.
        columns: Which columns are not features.
        use_case: Name of the use case.
        quarantined: Reasons of the silos that were quarantined manually when the run
            began.

    Outputs:
        statistics: Channel of type `SiloStatistics`, what each silo disclosed.
        cohort: Channel of type `Cohort`, who trains, and why the others don't.
    """

    SPEC_CLASS = SiloValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver

    def __init__(
        self,
        *,
        examples: types.BaseChannel,
        schema: types.BaseChannel,
        settings: ValidationSettings,
        columns: Columns,
        use_case: str,
        quarantined: Mapping[str, str],
    ) -> None:
        super().__init__(
            SiloValidatorSpec(
                examples=examples,
                schema=schema,
                settings=settings.model_dump_json(),
                columns=json.dumps(dataclasses.asdict(columns)),
                code=digests.of_code("silo_validator"),
                use_case=use_case,
                quarantined=json.dumps(
                    dict(quarantined), sort_keys=True, ensure_ascii=False
                ),
                statistics=types.Channel(type=artifacts.SiloStatistics),
                cohort=types.Channel(type=artifacts.Cohort),
            )
        )
