"""Reads the trainer's artifacts, trains, and writes its artifacts."""

from __future__ import annotations

import pathlib
from typing import Any

from tfx import types
from tfx.types import artifact_utils

from components.executors import TaskExecutor
from components.features import spec as feature_spec
from components.federated_trainer.settings import TrainingSettings
from components.payloads.cohort import Cohort
from components.payloads.manifest import Manifest


class Executor(TaskExecutor):
    """Runs `trainer.run`; see there."""

    def run(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Train over the cohort; see `component.FederatedTrainerSpec`."""
        from components.federated_trainer import trainer

        uri = artifact_utils.get_single_uri
        settings = TrainingSettings.model_validate_json(exec_properties["settings"])
        request = trainer.Request(
            settings=settings,
            label=exec_properties["label"],
            module_file=exec_properties["module_file"],
            checkpoints=exec_properties["checkpoints"],
            code=exec_properties["code"],
            manifest=Manifest.read(uri(input_dict["examples"])),
            cohort=Cohort.read(uri(input_dict["cohort"])),
            spec=feature_spec.read(uri(input_dict["feature_spec"])),
        )
        model_folder = pathlib.Path(uri(output_dict["model"]))
        trainer.run(request, model_folder, pathlib.Path(uri(output_dict["model_run"])))
