"""The driver of BatchInferrer: finds a model if none is given, keeps the cache true.

Three things that TFX can't see: which model is blessed by now, whether the predictions
that a cached ledger speaks of still lie in the silos' places, and what files lie where
rows are scored in place.
"""

from __future__ import annotations

import pathlib

from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration.portable import data_types
from tfx.types import artifact_utils, standard_artifacts

from components import blessed_models, digests, mlmd
from components.batch_inferrer import inputs
from components.batch_inferrer.settings import InferenceSettings
from components.drivers import PropertyDriver
from components.errors import FairSiloError
from components.payloads.ledger import Ledger
from components.payloads.manifest import Manifest
from components.scoring.model import CARD
from components.silos.spans import span_order

LIVE = metadata_store_pb2.Artifact.State.LIVE


class Driver(PropertyDriver):
    """Adds what the cache's key lacks, and the newest model where none is given."""

    def added(
        self, execution_info: data_types.ExecutionInfo, store: MetadataStore
    ) -> dict[str, str | int]:
        """Return `span`, `stale_ledger_ids` and `input`.

        And the newest model if none is given: `model_uri`, `model_digest` and
        `benefit_uri`, empty if there is none.
        """
        examples = artifact_utils.get_single_uri(execution_info.input_dict["examples"])
        use_case = execution_info.exec_properties["use_case"]
        manifest = Manifest.read(examples)
        span = manifest.span
        added: dict[str, str | int] = {
            "span": span,
            "stale_ledger_ids": _stale_ledger_ids(store, use_case, span),
            "input": _input(manifest, execution_info.exec_properties["settings"]),
        }
        if not execution_info.input_dict.get("model"):
            latest = span_order(span)
            model = blessed_models.find(
                store, use_case, lambda other: span_order(other) <= latest
            )
            added["model_uri"] = model.uri if model else ""
            # Of a folder that is gone and may be back nothing must be cached.
            is_there = model and pathlib.Path(model.uri, CARD).exists()
            added["model_digest"] = model.digest if model and is_there else ""
            added["benefit_uri"] = model.benefit_uri if model else ""
        return added


def _input(manifest: Manifest, settings: str) -> str:
    """Return the digest of the files that are scored in place; empty: none are."""
    pattern = InferenceSettings.model_validate_json(settings).input
    listed: list[object] = []
    for entry in manifest if pattern else ():
        try:
            files = inputs.in_place(entry.silo, pattern, manifest.span)
            listed.append([entry.silo.id, [[file.path, file.tag] for file in files]])
        except FairSiloError as error:  # the node says it, too
            listed.append([entry.silo.id, str(error)])
    return digests.of_json(listed) if pattern else ""


def _stale_ledger_ids(store: MetadataStore, use_case: str, span: str) -> str:
    """Return the ids of the span's ledgers that no longer tell the truth.

    A ledger is stale where an item of it has failed, a silo's own model was lost (it
    may be back), or predictions are gone. As part of the cache's key the ids let a node
    hit the cache while its outputs are there, and make it run again when they are not.
    It can't hit a stale ledger: the id of a ledger is never in the key that it was
    written under, since it did not exist when that key was taken, but the id of every
    stale one is in the key now.
    """
    ids = [
        artifact.id
        for artifact in mlmd.of_use_case(
            store, standard_artifacts.InferenceResult.TYPE_NAME, use_case
        )
        if artifact.state == LIVE
        and mlmd.texts(artifact, "span") == [span]
        # TFX itself checks that an artifact it would reuse is there.
        and pathlib.Path(artifact.uri, Ledger.FILE_NAME).exists()
        and not Ledger.read(artifact.uri).is_settled
    ]
    return ",".join(map(str, sorted(ids)))
