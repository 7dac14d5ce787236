"""Reads the artifacts, compares silo by silo, and writes the report."""

from __future__ import annotations

import json
import pathlib
from typing import Any

from tfx import types
from tfx.types import artifact_utils

from components.executors import TaskExecutor
from components.features import spec as feature_spec
from components.federation.plan import TrainingPlan
from components.payloads import egress
from components.payloads.cohort import Cohort
from components.payloads.manifest import Manifest
from components.payloads.model_run import RunRecord
from components.silo_benchmark.settings import PersonalSettings


class Executor(TaskExecutor):
    """Runs `benchmark.run`; see there."""

    def run(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Compare over the cohort; see `component.SiloBenchmarkSpec`."""
        from components.silo_benchmark import benchmark  # loads engines

        uri = artifact_utils.get_single_uri
        folder = pathlib.Path(uri(output_dict["benefit"]))
        folder.mkdir(parents=True, exist_ok=True)
        report, left = benchmark.run(
            benchmark.Request(
                settings=PersonalSettings.model_validate_json(
                    exec_properties["settings"]
                ),
                plan=TrainingPlan.model_validate_json(exec_properties["training"]),
                label=exec_properties["label"],
                split_by=tuple(json.loads(exec_properties["split_by"])),
                min_rows=exec_properties["min_rows"],
                module_file=exec_properties["module_file"],
                manifest=Manifest.read(uri(input_dict["examples"])),
                cohort=Cohort.read(uri(input_dict["cohort"])),
                spec=feature_spec.read(uri(input_dict["feature_spec"])),
                model=uri(input_dict["model"]),
                model_run=uri(input_dict["model_run"]),
                run=RunRecord.read(uri(input_dict["model_run"])),
            ),
        )
        report.write(folder)
        egress.write(folder, left)
