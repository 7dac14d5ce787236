"""The FederatedTrainer node."""

from __future__ import annotations

import pathlib
from typing import ClassVar

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components import artifacts, digests
from components.drivers import PropertyDriver
from components.federated_trainer import executor
from components.federated_trainer.settings import TrainingSettings

NODE = "federated_trainer"


class FederatedTrainerSpec(types.ComponentSpec):
    """Inputs, outputs and parameters of FederatedTrainer."""

    PARAMETERS: ClassVar[dict[str, ExecutionParameter]] = {
        "settings": ExecutionParameter(type=str),
        "code": ExecutionParameter(type=str),
        "label": ExecutionParameter(type=str),
        # TFX digests the content of the file that a parameter of this name gives.
        "module_file": ExecutionParameter(type=str),
        # Not of what that file imports; for the cache alone.
        "module_code": ExecutionParameter(type=str),
        "checkpoints": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar[dict[str, ChannelParameter]] = {
        "examples": ChannelParameter(type=artifacts.SiloExamples),
        "cohort": ChannelParameter(type=artifacts.Cohort),
        "feature_spec": ChannelParameter(type=artifacts.FeatureSpec),
    }
    OUTPUTS: ClassVar[dict[str, ChannelParameter]] = {
        "model": ChannelParameter(type=artifacts.Model),
        "model_run": ChannelParameter(type=artifacts.ModelRun),
    }


class FederatedTrainer(base_component.BaseComponent):
    """Trains one model over the workers of the cohort's silos.

    `module_file` is the use case's `model.py`; all Python files below its folder decide
    the cache key. `checkpoints` is a folder below the pipeline root, where each
    training keeps its checkpoints under the digest of its inputs.

    Outputs:
        model: Channel of type `Model`.
        model_run: Channel of type `ModelRun`.
    """

    SPEC_CLASS = FederatedTrainerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = PropertyDriver

    def __init__(
        self,
        examples: types.BaseChannel,
        cohort: types.BaseChannel,
        feature_spec: types.BaseChannel,
        settings: TrainingSettings,
        label: str,
        module_file: str,
        checkpoints: str,
    ) -> None:
        super().__init__(
            FederatedTrainerSpec(
                examples=examples,
                cohort=cohort,
                feature_spec=feature_spec,
                settings=settings.model_dump_json(),
                code=digests.of_code(NODE),
                label=label,
                module_file=module_file,
                module_code=digests.of_python_below(pathlib.Path(module_file).parent),
                checkpoints=checkpoints,
                model=types.Channel(type=artifacts.Model),
                model_run=types.Channel(type=artifacts.ModelRun),
            )
        )
