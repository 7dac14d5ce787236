"""The FederatedTrainer node."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import ClassVar

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components import artifacts, digests
from components.drivers import PropertyDriver
from components.federated_trainer import executor
from components.federated_trainer.settings import TrainingSettings
from components.privacy.settings import PrivacySettings

NODE = "federated_trainer"


class FederatedTrainerSpec(types.ComponentSpec):
    """Inputs, outputs and parameters of FederatedTrainer."""

    PARAMETERS: ClassVar[dict[str, ExecutionParameter]] = {
        "settings": ExecutionParameter(type=str),
        "code": ExecutionParameter(type=str),
        "label": ExecutionParameter(type=str),
        "split_by": ExecutionParameter(type=str),
        # TFX digests the content of the file that a parameter of this name gives.
        "module_file": ExecutionParameter(type=str),
        # Not of what that file imports; for the cache alone.
        "module_code": ExecutionParameter(type=str),
        "checkpoints": ExecutionParameter(type=str),
        "audited_rounds": ExecutionParameter(type=int),
        "weight_factors": ExecutionParameter(type=str),
        "privacy": ExecutionParameter(type=str),
        "ledger": ExecutionParameter(type=str),
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
    training keeps its checkpoints under the digest of its inputs. `audited_rounds` is
    how many rounds are kept for the audit of contributions, and `weight_factors` by
    what the operator multiplies the weights of silos, by id.

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
        split_by: Sequence[str],
        module_file: str,
        checkpoints: str,
        audited_rounds: int = 0,
        weight_factors: Mapping[str, float] | None = None,
        privacy: PrivacySettings | None = None,
        ledger: str = "",
    ) -> None:
        super().__init__(
            FederatedTrainerSpec(
                examples=examples,
                cohort=cohort,
                feature_spec=feature_spec,
                settings=settings.model_dump_json(),
                code=digests.of_code(NODE),
                label=label,
                split_by=json.dumps(list(split_by), ensure_ascii=False),
                module_file=module_file,
                module_code=digests.of_python_below(pathlib.Path(module_file).parent),
                checkpoints=checkpoints,
                audited_rounds=audited_rounds,
                weight_factors=json.dumps(
                    dict(weight_factors or {}), ensure_ascii=False, sort_keys=True
                ),
                privacy=(privacy or PrivacySettings()).model_dump_json(),
                ledger=ledger,
                model=types.Channel(type=artifacts.Model),
                model_run=types.Channel(type=artifacts.ModelRun),
            )
        )
