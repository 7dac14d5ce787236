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
SERVED_DIGEST = "served_digest"
BENEFIT_URI = "benefit_uri"

_USABLE = {0, 2}  # Artifact.State: UNKNOWN (never set), LIVE


@dataclasses.dataclass(frozen=True)
class BlessedModel:
    """A model that passed its gates."""

    uri: str  # folder of its `Model` artifact
    digest: str  # see `scoring/model.py`
    span: str  # the one that it was trained on
    blessing_id: int  # of the `ModelBlessing` artifact
    last_run: int = 0  # id of the last execution that produced it; 0 for none
    served_digest: str = ""  # see `BenefitReport`; that of the base before it was kept
    benefit_uri: str = ""  # folder of its `BenefitReport`: what serves each silo


def find(
    store: MetadataStore, use_case: str, is_candidate: Callable[[str], bool]
) -> BlessedModel | None:
    """Return the newest blessed model of a use case; None where there is none.

    Args:
        store: ML Metadata.
        use_case: Name of the use case.
        is_candidate: Whether a model of that span may be chosen.
    """
    return newest(model for model in read(store, use_case) if is_candidate(model.span))


def read(store: MetadataStore, use_case: str) -> list[BlessedModel]:
    """Return all blessed models of a use case, also those whose folders are gone."""
    artifacts = [
        artifact
        for artifact in store.get_artifacts_by_type(TYPE_NAME)
        if _is_blessed(artifact, use_case)
    ]
    runs = mlmd.last_runs(store, artifacts)
    return [
        BlessedModel(
            uri=artifact.custom_properties[MODEL_URI].string_value,
            digest=artifact.custom_properties[MODEL_DIGEST].string_value,
            span=artifact.custom_properties[SPAN].string_value,
            blessing_id=artifact.id,
            last_run=runs.get(artifact.id, 0),
            served_digest=artifact.custom_properties[SERVED_DIGEST].string_value
            or artifact.custom_properties[MODEL_DIGEST].string_value,
            benefit_uri=artifact.custom_properties[BENEFIT_URI].string_value,
        )
        for artifact in artifacts
    ]


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
