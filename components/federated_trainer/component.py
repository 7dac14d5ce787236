"""The FederatedTrainer node."""

from __future__ import annotations

import pathlib
from typing import Any, ClassVar

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec

from components import artifacts, digests
from components.drivers import PropertyDriver
from components.federated_trainer import executor
from components.federated_trainer.settings import TrainingSettings

NODE = "federated_trainer"


class FederatedTrainerSpec(types.ComponentSpec):
    """What the node reads, writes and is told."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "settings": component_spec.ExecutionParameter(type=str),
        "code": component_spec.ExecutionParameter(type=str),
        "use_case": component_spec.ExecutionParameter(type=str),
        "label": component_spec.ExecutionParameter(type=str),
        # TFX digests the content of the file that a parameter of this name gives.
        "module_file": component_spec.ExecutionParameter(type=str),
        # Not of what that file imports; for the cache alone.
        "module_code": component_spec.ExecutionParameter(type=str),
        "checkpoints": component_spec.ExecutionParameter(type=str),
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": component_spec.ChannelParameter(type=artifacts.SiloExamples),
        "cohort": component_spec.ChannelParameter(type=artifacts.Cohort),
        "feature_spec": component_spec.ChannelParameter(type=artifacts.FeatureSpec),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "model": component_spec.ChannelParameter(type=artifacts.Model),
        "model_run": component_spec.ChannelParameter(type=artifacts.ModelRun),
    }


class FederatedTrainer(base_component.BaseComponent):
    """Trains one model over the workers of the cohort's silos.

    Args:
        examples: Channel of type `SiloExamples`.
        cohort: Channel of type `Cohort`.
        feature_spec: Channel of type `FeatureSpec`.
        settings: The node's section of the settings.
        use_case: Name of the use case.
        label: Column of the label, 0 or 1.
        module_file: Path of the use case's `model.py`; all Python files below its
            folder decide the cache key.
        checkpoints: Folder below the pipeline root, where each training keeps
            its checkpoints under the digest of its inputs.

    Outputs:
        model: Channel of type `Model`, with the custom properties `use_case`,
            `span` and `digest` (empty if nothing was trained).
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
        use_case: str,
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
                use_case=use_case,
                label=label,
                module_file=module_file,
                module_code=digests.of_python_below(pathlib.Path(module_file).parent),
                checkpoints=checkpoints,
                model=types.Channel(type=artifacts.Model),
                model_run=types.Channel(type=artifacts.ModelRun),
            )
        )
