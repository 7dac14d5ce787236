"""Reads the artifacts, audits the training, and writes the report."""

from __future__ import annotations

import json
import pathlib
from typing import Any

from tfx import types
from tfx.types import artifact_utils

from components import temporary_faults
from components.contribution_auditor import earlier
from components.contribution_auditor.settings import AuditSettings
from components.executors import TaskExecutor
from components.features import spec as feature_spec
from components.federation.plan import TrainingPlan
from components.payloads import egress
from components.payloads.benefit import BenefitReport
from components.payloads.cohort import Cohort
from components.payloads.manifest import Manifest


class Executor(TaskExecutor):
    """Runs `auditor.run`; see there."""

    def run(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Audit a training; see `component.ContributionAuditorSpec`."""
        from components.contribution_auditor import auditor  # loads engines
        from components.federation import audited_rounds

        uri = artifact_utils.get_single_uri
        artifact = artifact_utils.get_single_instance(output_dict["contribution"])
        folder = pathlib.Path(artifact.uri)
        folder.mkdir(parents=True, exist_ok=True)
        manifest = Manifest.read(uri(input_dict["examples"]))
        benefit = BenefitReport.read(uri(input_dict["benefit"]))
        report, left = auditor.run(
            auditor.Request(
                settings=AuditSettings.model_validate_json(exec_properties["settings"]),
                plan=TrainingPlan.model_validate_json(exec_properties["training"]),
                label=exec_properties["label"],
                split_by=tuple(json.loads(exec_properties["split_by"])),
                min_rows=exec_properties["min_rows"],
                module_file=exec_properties["module_file"],
                appeals=json.loads(exec_properties["appeals"]),
                earlier=earlier.of_json(exec_properties["earlier"]),
                manifest=manifest,
                cohort=Cohort.read(uri(input_dict["cohort"])),
                spec=feature_spec.read(uri(input_dict["feature_spec"])),
                model_run=pathlib.Path(uri(input_dict["model_run"])),
                benefit=benefit,
            )
        )
        report.write(folder)
        egress.write(folder, left)
        if not temporary_faults.noted():  # else the next run needs them
            audited_rounds.forget_updates(pathlib.Path(uri(input_dict["model_run"])))
        artifact.set_string_custom_property("use_case", manifest.use_case)
        artifact.set_string_custom_property("span", manifest.span)
        artifact.set_string_custom_property(earlier.MODEL, benefit.base)
