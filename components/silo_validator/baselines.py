"""Finds each silo's statistics of its last admitted, earlier span in ML Metadata.

Only a span in which the silo was admitted counts, or a drifted silo would become
its own baseline; only an earlier span, or a backfill would compare with the
future. Of several verdicts on a span the last one counts, which need not be the last
written: a run that finds an earlier one in the cache has come to it again.
"""

from __future__ import annotations

import json
import logging
import pathlib
from typing import Any

from components import digests, mlmd
from components.payloads import statistics
from components.payloads.cohort import Cohort
from components.silo_validator.node import Baseline
from components.silos.spans import span_order

logger = logging.getLogger(__name__)

GONE = (
    "span=%s: found no file at %s, so drift is measured against an earlier span where "
    "there is one, and else not at all; expected what SiloValidator wrote there"
)
STATISTICS = "statistics_uri"


def find(store: Any, use_case: str, span: str) -> dict[str, Baseline]:  # noqa: ANN401
    """Return the baseline of each silo that has one.

    Args:
        store: An ml_metadata MetadataStore.
        use_case: Name of the use case.
        span: The span that is validated; baselines are of earlier ones.
    """
    artifacts, gone = [], {}
    for artifact in store.get_artifacts_by_type("Cohort"):
        properties = artifact.custom_properties
        its_span = properties["span"].string_value
        if properties["use_case"].string_value != use_case or not (
            span_order(its_span) < span_order(span)
        ):
            continue
        if pathlib.Path(artifact.uri, Cohort.FILE_NAME).exists():
            artifacts.append(artifact)
        else:
            gone[its_span] = artifact.uri
    runs = mlmd.last_runs(store, artifacts)
    by_span = {
        artifact.custom_properties["span"].string_value: artifact
        for artifact in sorted(artifacts, key=lambda found: runs.get(found.id, 0))
        if artifact.id in runs
    }
    for its_span in sorted(gone.keys() - by_span.keys()):
        logger.warning(GONE, its_span, gone[its_span])
    baselines: dict[str, Baseline] = {}
    for its_span in sorted(by_span, key=span_order, reverse=True):
        folder = by_span[its_span].custom_properties[STATISTICS].string_value
        for silo in Cohort.read(by_span[its_span].uri).admitted:
            if silo in baselines:
                continue
            if statistics.path(folder, silo).exists():
                baselines[silo] = Baseline(its_span, folder)
            else:
                logger.warning(GONE, its_span, statistics.path(folder, silo))
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
    return digests.of_file(statistics.path(found.folder, silo))
