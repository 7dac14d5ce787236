"""The blessed models that ML Metadata knows of.

The newest is that of the highest span, and of two of one span that of the later run:
the last run alone would let a backfill of an old span win. A run whose blessing
comes from the cache counts like any other. The evaluator leaves what is read here on
its `ModelBlessing` artifacts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from components import mlmd
from components.silos.spans import span_order

if TYPE_CHECKING:
    from ml_metadata import MetadataStore
    from ml_metadata.proto.metadata_store_pb2 import Artifact

TYPE_NAME = "ModelBlessing"

# The artifact's custom properties; `blessed` is an int, the others are strings.
BLESSED = "blessed"
USE_CASE = "use_case"
SPAN = "span"
MODEL_URI = "model_uri"
MODEL_DIGEST = "model_digest"

_USABLE = {0, 2}  # Artifact.State: UNKNOWN (never set), LIVE


@dataclasses.dataclass(frozen=True)
class BlessedModel:
    """A model that passed its gates.

    Attributes:
        uri: Folder of its `Model` artifact.
        digest: Its digest, see `scoring/model.py`.
        span: The span that it was trained on.
        blessing_id: Id of the `ModelBlessing` artifact.
        last_run: The last execution that gave it out, by its id; 0 for none.
    """

    uri: str
    digest: str
    span: str
    blessing_id: int
    last_run: int = 0


def find(
    store: MetadataStore, use_case: str, is_candidate: Callable[[str], bool]
) -> BlessedModel | None:
    """Return the newest blessed model of a use case.

    Args:
        store: ML Metadata.
        use_case: Name of the use case.
        is_candidate: Whether a model of that span may be chosen.

    Returns:
        The model, or None when no blessed model is a candidate.
    """
    return newest(model for model in read(store, use_case) if is_candidate(model.span))


def read(store: MetadataStore, use_case: str) -> list[BlessedModel]:
    """Return all blessed models of a use case, whether their folders are there or not.

    Args:
        store: ML Metadata.
        use_case: Name of the use case.
    """
    artifacts = [
        artifact
        for artifact in store.get_artifacts_by_type(TYPE_NAME)
        if _is_blessed(artifact, use_case)
    ]
    runs = mlmd.last_runs(store, artifacts)
    return [_model(artifact, runs.get(artifact.id, 0)) for artifact in artifacts]


def newest(models: Iterable[BlessedModel]) -> BlessedModel | None:
    """Return the newest of some models; None where there is none."""
    return max(
        models,
        key=lambda one: (span_order(one.span), one.last_run, one.blessing_id),
        default=None,
    )


def _is_blessed(artifact: Artifact, use_case: str) -> bool:
    properties = artifact.custom_properties
    return (
        artifact.state in _USABLE
        and properties[BLESSED].int_value == 1
        and properties[USE_CASE].string_value == use_case
        and bool(properties[MODEL_URI].string_value)
    )


def _model(artifact: Artifact, last_run: int) -> BlessedModel:
    properties = artifact.custom_properties
    return BlessedModel(
        uri=properties[MODEL_URI].string_value,
        digest=properties[MODEL_DIGEST].string_value,
        span=properties[SPAN].string_value,
        blessing_id=artifact.id,
        last_run=last_run,
    )
