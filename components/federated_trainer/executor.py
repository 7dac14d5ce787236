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
        """Train over the cohort.

        Args:
            input_dict: `examples`, `cohort` and `feature_spec`, one artifact each.
            output_dict: `model` and `model_run`, one artifact each.
            exec_properties: As `component.FederatedTrainerSpec` declares.
        """
        from components.federated_trainer import trainer

        def uri(artifacts: dict[str, list[types.Artifact]], name: str) -> str:
            found: str = artifact_utils.get_single_uri(artifacts[name])
            return found

        examples = Manifest.read(uri(input_dict, "examples"))
        settings = TrainingSettings.model_validate_json(exec_properties["settings"])
        card = trainer.run(
            trainer.Request(
                settings=settings,
                label=exec_properties["label"],
                module_file=exec_properties["module_file"],
                checkpoints=exec_properties["checkpoints"],
                code=exec_properties["code"],
            ),
            examples,
            Cohort.read(uri(input_dict, "cohort")),
            feature_spec.read(uri(input_dict, "feature_spec")),
            trainer.Outputs(
                pathlib.Path(uri(output_dict, "model")),
                pathlib.Path(uri(output_dict, "model_run")),
            ),
        )
        model = artifact_utils.get_single_instance(output_dict["model"])
        model.set_string_custom_property("use_case", exec_properties["use_case"])
        model.set_string_custom_property("span", examples.span)
        model.set_string_custom_property("digest", card.digest)
