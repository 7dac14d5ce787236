"""Reads the schema, writes the manifest."""

from __future__ import annotations

from typing import Any

from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from components import circumstances
from components.executors import TaskExecutor
from components.payloads import egress
from components.silo_example_gen import discovery, generation, node
from components.silo_example_gen.settings import SourceSettings
from components.silos import schema


class Executor(TaskExecutor):
    """Takes in the silos' files."""

    def run(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Write the splits of all silos and the manifest that lists them."""
        source = SourceSettings.model_validate_json(exec_properties["settings"])
        homes = exec_properties["homes"]
        found = discovery.discover(source, homes)
        chosen = discovery.window(
            found, source, exec_properties["span"], exec_properties["purpose"]
        )
        manifest = node.take_in(
            exec_properties["use_case"],
            found,
            chosen,
            source,
            schema.read(artifact_utils.get_single_uri(input_dict["schema"])),
            exec_properties["code"],
        )
        examples = artifact_utils.get_single_instance(output_dict["examples"])
        manifest.write(examples.uri)
        egress.write(examples.uri, node.departures(manifest, found))
        paths = [split.path for entry in manifest for split in entry.splits.values()]
        fingerprint = exec_properties["fingerprint"]
        if discovery.unchanged(source, homes, chosen, fingerprint):
            generation.record(homes, fingerprint, paths)
        else:
            circumstances.note("the silos' files changed while they were read")
