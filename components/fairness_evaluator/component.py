"""The node FairnessEvaluator."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pydantic_core
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec

from components import artifacts, digests
from components.beam import BeamSettings
from components.fairness_evaluator import driver, executor
from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.settings import EvaluationSettings
from components.payloads.decision import Waiver


class FairnessEvaluatorSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters; see `FairnessEvaluator`."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        **dict.fromkeys(
            ("settings", "gates", "label", "code", "use_case", "waivers", "beam"),
            component_spec.ExecutionParameter(type=str),
        ),
        **dict.fromkeys(
            driver.BASELINE, component_spec.ExecutionParameter(type=str, optional=True)
        ),
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": component_spec.ChannelParameter(type=artifacts.SiloExamples),
        "cohort": component_spec.ChannelParameter(type=artifacts.Cohort),
        "model": component_spec.ChannelParameter(type=artifacts.Model),
        "benefit": component_spec.ChannelParameter(type=artifacts.BenefitReport),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "evaluation": component_spec.ChannelParameter(type=artifacts.ModelEvaluation),
        "blessing": component_spec.ChannelParameter(type=artifacts.ModelBlessing),
    }


class FairnessEvaluator(base_component.BaseComponent):
    """Evaluates a model by silo and by group, and blesses it or says why not.

    The driver adds the baseline, the newest blessed model of an earlier span, and
    leaves of the waivers those for the model.

    Args:
        examples: The silos' splits, `SiloExamples`.
        cohort: Who trains, `Cohort`.
        model: The model, `Model`.
        benefit: What serves each silo, and what it gains, `BenefitReport`.
        settings: The section `evaluation`.
        gates: The section `gates`.
        label: The label's column.
        use_case: Its name.
        waivers: The waivers that held when the run began, by model digest.
        beam: Where TFMA runs.

    Outputs:
        evaluation: Channel of type `ModelEvaluation`: TFMA's own result, those of
            other models in `baseline/` and `base/`, `table.parquet` and `table.csv`.
        blessing: Channel of type `ModelBlessing`, TFX's own, with the reasons in
            `decision.json`.
    """

    SPEC_CLASS = FairnessEvaluatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver

    def __init__(
        self,
        examples: channel.BaseChannel,
        cohort: channel.BaseChannel,
        model: channel.BaseChannel,
        benefit: channel.BaseChannel,
        settings: EvaluationSettings,
        gates: GateSettings,
        label: str,
        use_case: str,
        waivers: Mapping[str, Sequence[Waiver]],
        beam: BeamSettings = BeamSettings(),  # noqa: B008  immutable
    ) -> None:
        super().__init__(
            FairnessEvaluatorSpec(
                examples=examples,
                cohort=cohort,
                model=model,
                benefit=benefit,
                settings=settings.model_dump_json(),
                gates=gates.model_dump_json(),
                label=label,
                code=digests.of_code("fairness_evaluator"),
                use_case=use_case,
                waivers=pydantic_core.to_json(waivers).decode(),
                beam=json.dumps(beam.flags()),
                evaluation=channel.Channel(type=artifacts.ModelEvaluation),
                blessing=channel.Channel(type=artifacts.ModelBlessing),
            )
        )
