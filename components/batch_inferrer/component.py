"""The TFX component of BatchInferrer."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import ClassVar

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components import artifacts, digests
from components.batch_inferrer import driver, executor
from components.batch_inferrer.pods import NO_PODS, PodTemplate
from components.batch_inferrer.settings import InferenceSettings

NODE = "batch_inferrer"


class BatchInferrerSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of BatchInferrer."""

    PARAMETERS: ClassVar[dict[str, ExecutionParameter]] = {
        "settings": ExecutionParameter(type=str),
        "code": ExecutionParameter(type=str),
        "use_case": ExecutionParameter(type=str),
        "key": ExecutionParameter(type=str),
        "force": ExecutionParameter(type=str),
        "again": ExecutionParameter(type=str),
        "pods": ExecutionParameter(type=str),
        "work": ExecutionParameter(type=str),
        # Set by the driver.
        "span": ExecutionParameter(type=str, optional=True),
        "model_uri": ExecutionParameter(type=str, optional=True),
        "model_digest": ExecutionParameter(type=str, optional=True),
        "benefit_uri": ExecutionParameter(type=str, optional=True),
        "stale_ledger_ids": ExecutionParameter(type=str, optional=True),
        "input": ExecutionParameter(type=str, optional=True),
    }
    INPUTS: ClassVar[dict[str, ChannelParameter]] = {
        "examples": ChannelParameter(type=artifacts.SiloExamples),
        "model": ChannelParameter(type=artifacts.Model, optional=True),
        "blessing": ChannelParameter(type=artifacts.ModelBlessing, optional=True),
        "benefit": ChannelParameter(type=artifacts.BenefitReport, optional=True),
    }
    OUTPUTS: ClassVar[dict[str, ChannelParameter]] = {
        "inference_result": ChannelParameter(type=artifacts.InferenceResult),
    }


class BatchInferrer(base_component.BaseComponent):
    """Scores every silo's rows where they lie.

    Without `model`, its `blessing` and the report of its `benefit`, which says what
    serves each silo, the driver looks for them. `key` are the columns
    that name a row, copied beside its score. `force` is `true` to score with a model
    that was not blessed; a string, or a runtime parameter of that type. `again` tells
    a run apart that scores anew what earlier ones did; `pods` says what a pod of the
    engine `pods` is like, `work` where records of a run are kept until it is done.

    Outputs:
        inference_result: Channel of type `InferenceResult`: a ledger of what was
            done. The predictions lie in each silo's own home.
    """

    SPEC_CLASS = BatchInferrerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver

    def __init__(
        self,
        examples: channel.BaseChannel,
        settings: InferenceSettings,
        use_case: str,
        key: Sequence[str],
        work: str,
        model: channel.BaseChannel | None = None,
        blessing: channel.BaseChannel | None = None,
        benefit: channel.BaseChannel | None = None,
        force: str = "false",
        again: str = "",
        pods: PodTemplate = NO_PODS,
    ) -> None:
        super().__init__(
            BatchInferrerSpec(
                examples=examples,
                model=model,
                blessing=blessing,
                benefit=benefit,
                inference_result=channel.Channel(type=artifacts.InferenceResult),
                settings=settings.model_dump_json(),
                code=digests.of_code(NODE),
                use_case=use_case,
                key=json.dumps(list(key), ensure_ascii=False),
                force=force,
                again=again,
                pods=json.dumps(dataclasses.asdict(pods)),
                work=work,
            )
        )
