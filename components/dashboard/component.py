"""The Dashboard node in the pipeline: its channels and parameters."""

from __future__ import annotations

from typing import ClassVar

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components import artifacts, digests
from components.dashboard import executor
from components.dashboard.settings import DashboardSettings


class DashboardSpec(component_spec.ComponentSpec):
    """The contract of Dashboard."""

    PARAMETERS: ClassVar[dict[str, ExecutionParameter]] = {
        name: ExecutionParameter(type=str)
        for name in ("settings", "code", "use_case", "run_settings")
    }
    INPUTS: ClassVar[dict[str, ChannelParameter]] = {
        "examples": ChannelParameter(type=artifacts.SiloExamples),
        "statistics": ChannelParameter(type=artifacts.SiloStatistics),
        "cohort": ChannelParameter(type=artifacts.Cohort),
        "feature_spec": ChannelParameter(type=artifacts.FeatureSpec),
        "model": ChannelParameter(type=artifacts.Model),
        "model_run": ChannelParameter(type=artifacts.ModelRun),
        "benefit": ChannelParameter(type=artifacts.BenefitReport),
        "contribution": ChannelParameter(type=artifacts.ContributionReport),
        "evaluation": ChannelParameter(type=artifacts.ModelEvaluation),
        "blessing": ChannelParameter(type=artifacts.ModelBlessing),
        "inference_result": ChannelParameter(type=artifacts.InferenceResult),
    }
    OUTPUTS: ClassVar[dict[str, ChannelParameter]] = {
        "dashboard": ChannelParameter(type=artifacts.Dashboard),
    }


class Dashboard(base_component.BaseComponent):
    """Writes a self-contained page that tells what a run decided, and one a silo.

    Args:
        settings: What the page shows of a large run.
        use_case: Name of the use case, as the page shows it.
        run_settings: All settings of the run as JSON, shown on the page.
        channels: All of `DashboardSpec.INPUTS`.

    Outputs:
        dashboard: Channel of type `Dashboard`: `index.html`, and a page for each
            silo below `silos/`.
    """

    SPEC_CLASS = DashboardSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        settings: DashboardSettings,
        use_case: str,
        run_settings: str,
        **channels: BaseChannel,
    ) -> None:
        spec = DashboardSpec(
            **channels,
            settings=settings.model_dump_json(),
            code=digests.of_code("dashboard"),
            use_case=use_case,
            run_settings=run_settings,
            dashboard=Channel(type=artifacts.Dashboard),
        )
        super().__init__(spec=spec)
