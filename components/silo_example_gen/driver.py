"""Fingerprints the silos' files when the node runs, for TFX's cache key.

Not when the pipeline is built: a compiled, recurring pipeline would then never see
new data. TFX checks that a cached manifest is there, not the splits that it lists:
manifests whose splits are lost are part of the key, see `stale_manifest_ids`.
"""

from __future__ import annotations

import pathlib

from ml_metadata import ListOptions, MetadataStore
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration.portable import data_types

from components.artifacts import SiloExamples
from components.drivers import PropertyDriver
from components.errors import FairSiloError
from components.payloads.manifest import Manifest
from components.silo_example_gen import discovery, ingest
from components.silos import stale_files


class Driver(PropertyDriver):
    """Resolves the span and fingerprints what it reads."""

    def added(
        self, execution_info: data_types.ExecutionInfo, store: MetadataStore
    ) -> dict[str, str | int]:
        """Return `span`, `fingerprint` and `stale_manifest_ids`."""
        _, found, chosen = discovery.of_properties(execution_info.exec_properties)
        fingerprint = discovery.fingerprint(found, chosen)
        return {
            "span": chosen.span,
            "fingerprint": fingerprint,
            "stale_manifest_ids": stale_manifest_ids(store, fingerprint),
        }


def stale_manifest_ids(store: MetadataStore, fingerprint: str) -> str:
    """Return the ids of a fingerprint's manifests whose splits are not all there.

    In the cache key they make the node run again, and it can't hit one of them: a
    manifest's id is not in the key that it was written under. Splits that are there
    are marked as in use.
    """
    query = f'custom_properties.fingerprint.string_value = "{fingerprint}"'
    ids = [
        artifact.id
        for artifact in store.get_artifacts(ListOptions(filter_query=query))
        if artifact.type == SiloExamples.TYPE_NAME
        and artifact.state == metadata_store_pb2.Artifact.State.LIVE
        and not _is_there(artifact.uri)
    ]
    return ",".join(map(str, sorted(ids)))


def _is_there(uri: str) -> bool:
    try:
        manifest = Manifest.read(uri)
    except FairSiloError:
        return False
    folders = {
        pathlib.Path(file.path).parent for entry in manifest for file in entry.files()
    }
    for folder in folders:
        stale_files.touch(folder)
    return all(map(ingest.is_there, folders))
