"""Finds each silo's statistics of its last admitted, earlier span in ML Metadata.

Only a span in which the silo was admitted counts, or a drifted silo would become
its own baseline; only an earlier span, or a backfill would compare with the
future.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

from components.silo_validator.node import Baseline
from components.silos import cohort, digests
from components.silos.spans import span_order

STATISTICS = "statistics_uri"


def find(store: Any, use_case: str, span: str) -> dict[str, Baseline]:  # noqa: ANN401
    """Return the baseline of each silo that has one.

    Args:
        store: An ml_metadata MetadataStore.
        use_case: Name of the use case.
        span: The span that is validated; baselines are of earlier ones.
    """
    earlier = sorted(
        (
            (span_order(properties["span"].string_value), artifact.id, artifact)
            for artifact in store.get_artifacts_by_type("Cohort")
            if (properties := artifact.custom_properties)
            and properties["use_case"].string_value == use_case
            and span_order(properties["span"].string_value) < span_order(span)
        ),
        key=lambda found: found[:2],
        reverse=True,
    )
    baselines: dict[str, Baseline] = {}
    judged: set[str] = set()
    for _, _, artifact in earlier:
        its_span = artifact.custom_properties["span"].string_value
        folder = artifact.custom_properties[STATISTICS].string_value
        if not pathlib.Path(artifact.uri, cohort.FILE_NAME).exists():
            continue
        if its_span in judged:
            continue  # the last verdict on a span counts
        judged.add(its_span)
        for silo in cohort.read(artifact.uri).admitted:
            if silo not in baselines and pathlib.Path(folder, silo).exists():
                baselines[silo] = Baseline(its_span, folder)
    return baselines


def to_json(baselines: dict[str, Baseline]) -> str:
    """Return baselines with the digest of their content, for the cache key."""
    return json.dumps(
        {
            silo: [found.span, found.folder, _digest(found, silo)]
            for silo, found in sorted(baselines.items())
        },
        ensure_ascii=False,
    )


def from_json(text: str) -> dict[str, Baseline]:
    """Return the baselines that `to_json` gave."""
    return {silo: Baseline(item[0], item[1]) for silo, item in json.loads(text).items()}


def _digest(found: Baseline, silo: str) -> str:
    return digests.of_file(next(pathlib.Path(found.folder, silo).iterdir()))
