"""The component SiloExampleGen."""

from __future__ import annotations

from typing import Any, ClassVar

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec

from components import artifacts, digests
from components.silo_example_gen import discovery, driver, executor
from components.silo_example_gen.settings import SourceSettings


class SiloExampleGenSpec(component_spec.ComponentSpec):
    """Channels and parameters of SiloExampleGen."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "settings": component_spec.ExecutionParameter(type=str),
        "code": component_spec.ExecutionParameter(type=str),
        "use_case": component_spec.ExecutionParameter(type=str),
        "span": component_spec.ExecutionParameter(type=str),
        "homes": component_spec.ExecutionParameter(type=str),
        "purpose": component_spec.ExecutionParameter(type=str),
        # Set by the driver.
        "fingerprint": component_spec.ExecutionParameter(type=str, optional=True),
        "stale_manifest_ids": component_spec.ExecutionParameter(
            type=str, optional=True
        ),
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        "schema": component_spec.ChannelParameter(type=artifacts.Schema)
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "examples": component_spec.ChannelParameter(type=artifacts.SiloExamples)
    }


class SiloExampleGen(base_component.BaseComponent):
    """Ingests each silo's files, by reference.

    Args:
        schema: The columns to read, with their types.
        settings: Where the silos lie and what their rows mean.
        use_case: Its name.
        span: The run's span, or `latest`.
        homes: Folder of the silos' homes.
        purpose: `train`, `score` to ingest nothing but the span's own rows, or
            `name` to ingest none.

    Outputs:
        examples: Channel of type `SiloExamples`, the manifest of all silos.
    """

    SPEC_CLASS = SiloExampleGenSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver

    def __init__(
        self,
        *,
        schema: types.BaseChannel,
        settings: SourceSettings,
        use_case: str,
        span: str,
        homes: str,
        purpose: str = discovery.TRAIN,
    ) -> None:
        super().__init__(
            SiloExampleGenSpec(
                schema=schema,
                settings=settings.model_dump_json(),
                code=digests.of_code("silo_example_gen"),
                use_case=use_case,
                span=span,
                homes=homes,
                purpose=purpose,
                examples=types.Channel(type=artifacts.SiloExamples),
            )
        )
