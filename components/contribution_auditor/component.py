"""The node ContributionAuditor."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import ClassVar

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components import artifacts, digests
from components.contribution_auditor import driver, executor
from components.contribution_auditor.settings import AuditSettings
from components.federation.plan import TrainingPlan

NODE = "contribution_auditor"


class ContributionAuditorSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters; see `ContributionAuditor`."""

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
        "appeals": ExecutionParameter(type=str),
        # Set by the driver.
        "earlier": ExecutionParameter(type=str, optional=True),
    }
    INPUTS: ClassVar[dict[str, ChannelParameter]] = {
        "examples": ChannelParameter(type=artifacts.SiloExamples),
        "cohort": ChannelParameter(type=artifacts.Cohort),
        "feature_spec": ChannelParameter(type=artifacts.FeatureSpec),
        "model": ChannelParameter(type=artifacts.Model),
        "model_run": ChannelParameter(type=artifacts.ModelRun),
        "benefit": ChannelParameter(type=artifacts.BenefitReport),
    }
    OUTPUTS: ClassVar[dict[str, ChannelParameter]] = {
        "contribution": ChannelParameter(type=artifacts.ContributionReport),
    }


class ContributionAuditor(base_component.BaseComponent):
    """Says who contributes, who rides free, and what can't be told.

    Args:
        examples: The silos' splits, `SiloExamples`.
        cohort: Who trains, `Cohort`.
        feature_spec: `FeatureSpec`.
        model: The federation's model, `Model`.
        model_run: How it was trained, with the audited rounds, `ModelRun`.
        benefit: What each silo gains, `BenefitReport`.
        settings: The section `audit`.
        training: The section `training`.
        label: The label's column.
        split_by: Columns of which rows with the same values are alike.
        min_rows: With fewer evaluation rows nothing leaves a silo.
        module_file: The use case's `model.py`.
        appeals: Who contests a sign or advice, and why, by silo, when the run began.

    Outputs:
        contribution: Channel of type `ContributionReport`.
    """

    SPEC_CLASS = ContributionAuditorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver

    def __init__(
        self,
        examples: channel.BaseChannel,
        cohort: channel.BaseChannel,
        feature_spec: channel.BaseChannel,
        model: channel.BaseChannel,
        model_run: channel.BaseChannel,
        benefit: channel.BaseChannel,
        settings: AuditSettings,
        training: TrainingPlan,
        label: str,
        split_by: Sequence[str],
        min_rows: int,
        module_file: str,
        appeals: Mapping[str, str],
    ) -> None:
        super().__init__(
            ContributionAuditorSpec(
                examples=examples,
                cohort=cohort,
                feature_spec=feature_spec,
                model=model,
                model_run=model_run,
                benefit=benefit,
                settings=settings.model_dump_json(),
                # Where the workers run decides nothing.
                training=training.model_dump_json(exclude={"silo_registry"}),
                code=digests.of_code(NODE),
                label=label,
                split_by=json.dumps(list(split_by), ensure_ascii=False),
                min_rows=min_rows,
                module_file=module_file,
                module_code=digests.of_python_below(pathlib.Path(module_file).parent),
                appeals=json.dumps(dict(appeals), sort_keys=True, ensure_ascii=False),
                contribution=channel.Channel(type=artifacts.ContributionReport),
            )
        )
