"""Reads manifest and schema, writes statistics and cohort."""

from __future__ import annotations

import json
from typing import Any

from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from components.executors import TaskExecutor
from components.payloads import egress
from components.payloads import statistics as disclosed
from components.payloads.manifest import Manifest
from components.silo_validator import earlier_statistics, node, reminders
from components.silo_validator.settings import Columns, ValidationSettings
from components.silos import schema


class Executor(TaskExecutor):
    """Checks the silos."""

    def run(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Write each silo's disclosed statistics and the cohort."""
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        statistics = artifact_utils.get_single_instance(output_dict["statistics"])
        cohort = artifact_utils.get_single_instance(output_dict["cohort"])
        listed = Manifest.read(examples.uri)
        result = node.validate(
            listed,
            schema.read(artifact_utils.get_single_uri(input_dict["schema"])),
            Columns(**json.loads(exec_properties["columns"])),
            ValidationSettings.model_validate_json(exec_properties["settings"]),
            json.loads(exec_properties["quarantined"]),
            earlier_statistics.from_json(exec_properties["earlier_statistics"]),
            reminders.of_json(exec_properties["reminders"]),
        )
        for silo, found in result.statistics.items():
            disclosed.write(statistics.uri, silo, found)
        egress.write(statistics.uri, result.egress)
        result.cohort.write(cohort.uri)
        cohort.set_string_custom_property("use_case", listed.use_case)
        cohort.set_string_custom_property("span", listed.span)
        cohort.set_string_custom_property(earlier_statistics.STATISTICS, statistics.uri)
