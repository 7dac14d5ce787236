"""The Dashboard node in the pipeline: its channels and parameters."""

from __future__ import annotations

from typing import Any, ClassVar

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec

from components import artifacts, digests
from components.dashboard import executor
from components.dashboard.settings import DashboardSettings


class DashboardSpec(component_spec.ComponentSpec):
    """The contract of Dashboard."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "settings": component_spec.ExecutionParameter(type=str),
        "code": component_spec.ExecutionParameter(type=str),
        "use_case": component_spec.ExecutionParameter(type=str),
        "run_settings": component_spec.ExecutionParameter(type=str),
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": component_spec.ChannelParameter(type=artifacts.SiloExamples),
        "statistics": component_spec.ChannelParameter(type=artifacts.SiloStatistics),
        "cohort": component_spec.ChannelParameter(type=artifacts.Cohort),
        "feature_spec": component_spec.ChannelParameter(type=artifacts.FeatureSpec),
        "model": component_spec.ChannelParameter(type=artifacts.Model),
        "model_run": component_spec.ChannelParameter(type=artifacts.ModelRun),
        "evaluation": component_spec.ChannelParameter(type=artifacts.ModelEvaluation),
        "blessing": component_spec.ChannelParameter(type=artifacts.ModelBlessing),
        "inference_result": component_spec.ChannelParameter(
            type=artifacts.InferenceResult
        ),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "dashboard": component_spec.ChannelParameter(type=artifacts.Dashboard),
    }


class Dashboard(base_component.BaseComponent):
    """Writes a self-contained page that tells what a run decided, and one a silo.

    Args:
        examples: Channel of type `SiloExamples`.
        statistics: Channel of type `SiloStatistics`; what left the silos for it.
        cohort: Channel of type `Cohort`.
        feature_spec: Channel of type `FeatureSpec`; the columns that are not in it.
        model: Channel of type `Model`.
        model_run: Channel of type `ModelRun`.
        evaluation: Channel of type `ModelEvaluation`.
        blessing: Channel of type `ModelBlessing`.
        inference_result: Channel of type `InferenceResult`.
        settings: What the page shows of a large run.
        use_case: Name of the use case, as the page shows it.
        run_settings: All settings of the run as JSON, shown on the page.

    Outputs:
        dashboard: Channel of type `Dashboard`: `index.html`, and a page for each
            silo below `silos/`.
    """

    SPEC_CLASS = DashboardSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        examples: BaseChannel,
        statistics: BaseChannel,
        cohort: BaseChannel,
        feature_spec: BaseChannel,
        model: BaseChannel,
        model_run: BaseChannel,
        evaluation: BaseChannel,
        blessing: BaseChannel,
        inference_result: BaseChannel,
        settings: DashboardSettings,
        use_case: str,
        run_settings: str,
    ) -> None:
        spec = DashboardSpec(
            examples=examples,
            statistics=statistics,
            cohort=cohort,
            feature_spec=feature_spec,
            model=model,
            model_run=model_run,
            evaluation=evaluation,
            blessing=blessing,
            inference_result=inference_result,
            settings=settings.model_dump_json(),
            code=digests.of_code("dashboard"),
            use_case=use_case,
            run_settings=run_settings,
            dashboard=Channel(type=artifacts.Dashboard),
        )
        super().__init__(spec=spec)
