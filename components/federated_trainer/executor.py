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
        model = artifact_utils.get_single_instance(output_dict["model"])
        examples = Manifest.read(uri(input_dict["examples"]))
        settings = TrainingSettings.model_validate_json(exec_properties["settings"])
        request = trainer.Request(
            settings=settings,
            label=exec_properties["label"],
            module_file=exec_properties["module_file"],
            checkpoints=exec_properties["checkpoints"],
            code=exec_properties["code"],
            manifest=examples,
            cohort=Cohort.read(uri(input_dict["cohort"])),
            spec=feature_spec.read(uri(input_dict["feature_spec"])),
        )
        run_folder = pathlib.Path(uri(output_dict["model_run"]))
        card = trainer.run(request, pathlib.Path(model.uri), run_folder)
        model.set_string_custom_property("use_case", exec_properties["use_case"])
        model.set_string_custom_property("span", examples.span)
        model.set_string_custom_property("digest", card.digest)
