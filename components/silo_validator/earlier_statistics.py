"""Finds each silo's statistics of its last admitted, earlier span in ML Metadata.

Only a span in which the silo was admitted counts, or a drifted silo would become
its own reference; only an earlier span, or a backfill would compare with the
future. Of several verdicts on a span the last one counts, which need not be the last
written: a run that finds an earlier one in the cache has come to it again.
"""

from __future__ import annotations

import json
import logging
from typing import Any, NamedTuple

from components import digests, mlmd
from components.errors import FairSiloError
from components.payloads import statistics
from components.payloads.cohort import Cohort
from components.silos.spans import span_order

logger = logging.getLogger(__name__)

STATISTICS = "statistics_uri"
SKIPPED = (
    "span=%s: %s; drift is measured against an earlier span where there is one, and "
    "else not at all"
)


class EarlierStatistics(NamedTuple):
    """A silo's statistics of its last admitted, earlier span."""

    span: str
    folder: str  # of the `SiloStatistics` artifact


def find(store: Any, use_case: str, span: str) -> dict[str, EarlierStatistics]:  # noqa: ANN401
    """Return the statistics of each silo that has some before the span.

    What was deleted, or written by a version with another form, is skipped with a
    warning.
    """
    before = []
    for artifact in mlmd.of_use_case(store, "Cohort", use_case):
        its_span, folder = mlmd.texts(artifact, "span", STATISTICS)
        if span_order(its_span) < span_order(span):
            before.append((artifact, its_span, folder))
    runs = mlmd.last_runs(store, [artifact for artifact, *_ in before])
    latest = sorted(
        (one for one in before if one[0].id in runs),
        key=lambda one: (span_order(one[1]), runs[one[0].id]),
        reverse=True,
    )
    found: dict[str, EarlierStatistics] = {}
    known: set[str] = set()
    for artifact, its_span, folder in latest:
        if its_span in known:
            continue
        try:
            admitted = Cohort.read(artifact.uri).admitted
        except FairSiloError as error:
            logger.warning(SKIPPED, its_span, error.message)
            continue
        known.add(its_span)
        for silo in admitted:
            if silo in found:
                continue
            path = statistics.path(folder, silo)
            if path.exists():
                found[silo] = EarlierStatistics(its_span, folder)
            else:
                logger.warning(SKIPPED, its_span, f"{path}: found no file")
    return found


def to_json(earlier: dict[str, EarlierStatistics]) -> str:
    """Return the statistics' places with the digest of each, for the cache key."""
    found = {
        silo: [*one, digests.of_file(statistics.path(one.folder, silo))]
        for silo, one in sorted(earlier.items())
    }
    return json.dumps(found, ensure_ascii=False)


def from_json(text: str) -> dict[str, EarlierStatistics]:
    """Return the places that `to_json` gave."""
    return {
        silo: EarlierStatistics(*item[:2]) for silo, item in json.loads(text).items()
    }
