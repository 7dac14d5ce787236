"""Reads the trainer's artifacts, trains, and writes its artifacts."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tfx import types
from tfx.types import artifact_utils

from components.executors import TaskExecutor
from components.features import spec as feature_spec
from components.federated_trainer.settings import TrainingSettings
from components.payloads.cohort import Cohort
from components.payloads.manifest import Manifest
from components.privacy.settings import PrivacySettings

if TYPE_CHECKING:
    from components.federated_trainer.trainer import Request


def request_of(
    folders: Mapping[str, str | pathlib.Path], properties: Mapping[str, Any]
) -> Request:
    """Return the request of the node's inputs, by key, and its parameters, by name."""
    from components.federated_trainer import trainer

    return trainer.Request(
        settings=TrainingSettings.model_validate_json(properties["settings"]),
        label=properties["label"],
        split_by=tuple(json.loads(properties["split_by"])),
        module_file=properties["module_file"],
        checkpoints=properties["checkpoints"],
        code=properties["code"],
        manifest=Manifest.read(folders["examples"]),
        cohort=Cohort.read(folders["cohort"]),
        spec=feature_spec.read(folders["feature_spec"]),
        audited_rounds=properties["audited_rounds"],
        weight_factors=json.loads(properties["weight_factors"]),
        privacy=PrivacySettings.model_validate_json(properties["privacy"]),
        ledger=properties["ledger"],
    )


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
        folders = {name: uri(found) for name, found in input_dict.items()}
        request = request_of(folders, exec_properties)
        model_folder = pathlib.Path(uri(output_dict["model"]))
        folder = pathlib.Path(uri(output_dict["model_run"]))
        run_id = self._context.pipeline_run_id if self._context else None
        request = dataclasses.replace(request, run_id=run_id or str(folder))
        trainer.run(request, model_folder, folder)
