"""The driver of ContributionAuditor: what earlier audits found is part of the key."""

from __future__ import annotations

from ml_metadata import MetadataStore
from tfx.orchestration.portable import data_types
from tfx.types import artifact_utils

from components.contribution_auditor import earlier
from components.drivers import PropertyDriver
from components.payloads.manifest import Manifest
from components.scoring import model


class Driver(PropertyDriver):
    """Adds `earlier`."""

    def added(
        self, execution_info: data_types.ExecutionInfo, store: MetadataStore
    ) -> dict[str, str | int]:
        """Return the silos with hard signs in earlier audits."""
        inputs = execution_info.input_dict
        digest = model.read_card(artifact_utils.get_single_uri(inputs["model"])).digest
        manifest = Manifest.read(artifact_utils.get_single_uri(inputs["examples"]))
        found = earlier.find(store, manifest.use_case, digest, manifest.span)
        return {"earlier": earlier.to_json(found)}
