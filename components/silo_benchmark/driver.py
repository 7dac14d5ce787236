"""The driver of SiloBenchmark: a cached report is only reused while its weights lie.

The weights of silos' own models are in their homes, where TFX does not look.
"""

from __future__ import annotations

from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration.portable import data_types
from tfx.types import artifact_utils

from components import artifacts
from components.drivers import PropertyDriver
from components.errors import FairSiloError
from components.payloads.benefit import BenefitReport
from components.payloads.manifest import Manifest
from components.scoring import model, served

LIVE = metadata_store_pb2.Artifact.State.LIVE


class Driver(PropertyDriver):
    """Adds `lost_report_ids`."""

    def added(
        self, execution_info: data_types.ExecutionInfo, store: MetadataStore
    ) -> dict[str, str | int]:
        """Return the ids of reports of this model whose weights are lost.

        As part of the cache's key they let the node train again what is lost; where
        nothing is, the key is as it was.
        """
        inputs = execution_info.input_dict
        folder = artifact_utils.get_single_uri(inputs["model"])
        digest = model.read_card(folder).digest
        if not digest:
            return {"lost_report_ids": ""}
        spec = model.read_spec(folder)
        examples = Manifest.read(artifact_utils.get_single_uri(inputs["examples"]))

        def is_lost(report: BenefitReport) -> bool:
            return report.base == digest and any(
                served.of_silo(entry.silo, digest, spec, report).lost
                for entry in examples
            )

        ids = [
            artifact.id
            for artifact in store.get_artifacts_by_type(
                artifacts.BenefitReport.TYPE_NAME
            )
            if artifact.state == LIVE
            and (report := _read(artifact.uri))
            and is_lost(report)
        ]
        return {"lost_report_ids": ",".join(map(str, sorted(ids)))}


def _read(folder: str) -> BenefitReport | None:
    """Return a report; None where it is gone or damaged: TFX does not reuse it."""
    try:
        return BenefitReport.read(folder)
    except FairSiloError:
        return None
