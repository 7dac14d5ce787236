"""Reads the schema, writes the manifest."""

from __future__ import annotations

from typing import Any

from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from components import temporary_faults
from components.executors import TaskExecutor
from components.payloads import egress
from components.silo_example_gen import discovery, node
from components.silos import schema


class Executor(TaskExecutor):
    """Ingests the silos' files."""

    def run(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Write the splits of all silos and the manifest that lists them."""
        source, found, chosen = discovery.of_properties(exec_properties)
        fingerprint = exec_properties["fingerprint"]
        if discovery.fingerprint(found, chosen) != fingerprint:
            temporary_faults.note("the silos' files changed since the run began")
        ingested = node.ingest_all(
            exec_properties["use_case"],
            found,
            chosen,
            source,
            schema.read(artifact_utils.get_single_uri(input_dict["schema"])),
            exec_properties["code"],
        )
        examples = artifact_utils.get_single_instance(output_dict["examples"])
        ingested.manifest.write(examples.uri)
        egress.write(examples.uri, ingested.egress)
        examples.set_string_custom_property("fingerprint", fingerprint)
