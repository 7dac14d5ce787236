"""The node SiloBenchmark."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Sequence
from typing import ClassVar

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components import artifacts, digests
from components.federation.plan import TrainingPlan
from components.silo_benchmark import driver, executor
from components.silo_benchmark.settings import PersonalSettings

NODE = "silo_benchmark"


class SiloBenchmarkSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters; see `SiloBenchmark`."""

    PARAMETERS: ClassVar[dict[str, ExecutionParameter]] = {
        "settings": ExecutionParameter(type=str),
        "training": ExecutionParameter(type=str),
        "code": ExecutionParameter(type=str),
        "label": ExecutionParameter(type=str),
        "split_by": ExecutionParameter(type=str),
        "min_rows": ExecutionParameter(type=int),
        # TFX digests the content of the file that a parameter of this name gives.
        "module_file": ExecutionParameter(type=str),
        # Not of what that file imports; for the cache alone.
        "module_code": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar[dict[str, ChannelParameter]] = {
        "examples": ChannelParameter(type=artifacts.SiloExamples),
        "cohort": ChannelParameter(type=artifacts.Cohort),
        "feature_spec": ChannelParameter(type=artifacts.FeatureSpec),
        "model": ChannelParameter(type=artifacts.Model),
        "model_run": ChannelParameter(type=artifacts.ModelRun),
    }
    OUTPUTS: ClassVar[dict[str, ChannelParameter]] = {
        "benefit": ChannelParameter(type=artifacts.BenefitReport),
    }


class SiloBenchmark(base_component.BaseComponent):
    """Trains models of each silo's own, and says what serves it and what it gains.

    Args:
        examples: The silos' splits, `SiloExamples`.
        cohort: Who trains, `Cohort`.
        feature_spec: `FeatureSpec`.
        model: The federation's model, `Model`.
        model_run: How it was trained, `ModelRun`.
        settings: The section `personal`.
        training: The section `training`: a silo alone trains alike.
        label: The label's column.
        split_by: Columns of which rows with the same values are alike.
        min_rows: With fewer rows of a split only their number leaves a silo.
        module_file: The use case's `model.py`.

    Outputs:
        benefit: Channel of type `BenefitReport`.
    """

    SPEC_CLASS = SiloBenchmarkSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver

    def __init__(
        self,
        examples: channel.BaseChannel,
        cohort: channel.BaseChannel,
        feature_spec: channel.BaseChannel,
        model: channel.BaseChannel,
        model_run: channel.BaseChannel,
        settings: PersonalSettings,
        training: TrainingPlan,
        label: str,
        split_by: Sequence[str],
        min_rows: int,
        module_file: str,
    ) -> None:
        super().__init__(
            SiloBenchmarkSpec(
                examples=examples,
                cohort=cohort,
                feature_spec=feature_spec,
                model=model,
                model_run=model_run,
                settings=settings.model_dump_json(),
                training=training.model_dump_json(exclude={"silo_registry"}),
                code=digests.of_code(NODE),
                label=label,
                split_by=json.dumps(list(split_by), ensure_ascii=False),
                min_rows=min_rows,
                module_file=module_file,
                module_code=digests.of_python_below(pathlib.Path(module_file).parent),
                benefit=channel.Channel(type=artifacts.BenefitReport),
            )
        )
