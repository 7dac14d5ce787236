"""Substance: whether a silo brings rows of its own, from what validation measured.

Rows that another silo holds too are a measure and no sign: a large silo that copies a
small one's rows holds all of them, so who copied can't be told from shares.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from components.contribution_auditor import thresholds
from components.contribution_auditor.signals.found import Found
from components.payloads.cohort import Cohort, Member
from components.payloads.contribution import SUBSTANCE, Sign
from components.payloads.findings import Finding
from components.payloads.manifest import TRAIN

REPEATED_ROWS = "repeated_rows"


def find(cohort: Cohort) -> dict[str, Found]:
    """Return what is found of each admitted silo."""
    distinct = {
        one.silo: one.distinct
        for one in cohort.members
        if one.admitted and one.distinct is not None
    }
    found = {}
    for member in cohort.members:
        others = [share for silo, share in distinct.items() if silo != member.silo]
        is_coarse = (
            len(others) < thresholds.SILOS
            or statistics.median(others) < thresholds.USUALLY_DISTINCT
        )
        signs = () if is_coarse else tuple(_repeated(member))
        if member.admitted:
            found[member.silo] = Found(_measures(member), signs)
    return found


def _measures(member: Member) -> dict[str, float]:
    measures = {}
    if member.distinct is not None:
        measures["distinct"] = member.distinct
    if member.shared_rows:
        measures["shared"] = max(member.shared_rows.values())
    return measures


def _repeated(member: Member) -> Iterator[Sign]:
    rows = member.rows.get(TRAIN, 0)
    distinct = rows if member.distinct is None else round(member.distinct * rows)
    if distinct < thresholds.DISTINCT_ROWS <= rows:
        found = Finding(
            f"about {distinct:,} of its {rows:,} training rows differ from one "
            f"another, expected at least {thresholds.DISTINCT_ROWS}",
            "let its owner export each row once, and more history",
        )
        yield Sign(SUBSTANCE, REPEATED_ROWS, found)
