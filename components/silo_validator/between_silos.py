"""Findings about a silo that follow from what other silos' profiles say."""

from __future__ import annotations

import dataclasses
import statistics
from collections import Counter
from collections.abc import Mapping
from typing import Any

from components.payloads.findings import Finding
from components.silo_validator import row_sketches, shared_rows
from components.silo_validator.settings import ValidationSettings
from components.silo_validator.verdict import Profile

QUARANTINED_FROM = 0.1  # share of rows that another silo holds too
FEW_DISTINCT, USUALLY_DISTINCT = 0.5, 0.9  # share of rows: here, in half of the others
SHARED = (
    "find out whose rows they are: a file may lie in the folders of two silos, or one "
    "organisation may hold records of another; one silo alone should export each row"
)
REPEATED = "look for rows that were exported many times, such as by a join"
LEAKING = (
    "ask whether the column is known at the time of prediction; if it is only written "
    "once the outcome is known, the operator lists it in `features.ignore`"
)


def compare(
    profiles: Mapping[str, Profile],
    values: Mapping[str, Mapping[str, Any]],
    rows: Mapping[str, int],
    settings: ValidationSettings,
) -> dict[str, Profile]:
    """Return all profiles with what was found between silos.

    Args:
        profiles: By silo.
        values: What the task `profile` gave, where it did.
        rows: Training rows by silo.
        settings: What shared rows lead to.
    """
    sketches = {
        silo: row_sketches.of_json(own["sketches"])
        for silo, own in values.items()
        if own["sketches"]
    }
    shared = shared_rows.shares(sketches)
    distinct = {silo: round(own[0].distinct, 6) for silo, own in sketches.items()}
    told = [own["leaking"] for own in values.values() if own["leaking"] is not None]
    leaking = Counter(name for columns in told for name in columns)
    compared = dict(profiles)
    for silo, own in values.items():
        others = shared.get(silo, {})
        share = max(others.values(), default=0.0)
        usual = [its for other, its in distinct.items() if other != silo]
        noted = dataclasses.replace(
            profiles[silo],
            distinct=distinct.get(silo),
            shared_rows={one: round(its, 2) for one, its in sorted(others.items())},
        )
        for name in own["leaking"] or []:
            if 2 * leaking[name] >= len(told):
                found = (
                    f"column `{name}`: found that it predicts the label nearly without "
                    f"fault by itself, in most silos ({leaking[name]:,} of "
                    f"{len(told):,} with enough rows to tell)"
                )
                noted = noted.adding("note", [Finding(found, LEAKING)])
        expected = statistics.median(usual or [0.0])
        if expected >= USUALLY_DISTINCT and distinct.get(silo, 1.0) < FEW_DISTINCT:
            found = (
                f"repeated rows: found {distinct[silo]:.0%} of the training rows to "
                f"differ from one another, expected {expected:.0%} as in other silos"
            )
            noted = noted.adding("note", [Finding(found, REPEATED)])
        if share:
            found = (
                f"rows of another silo: found about {share:.0%} of the {rows[silo]:,} "
                "training rows in another silo too, expected less than "
                f"{shared_rows.LEAST_SHARE:.0%}"
            )
            is_much = share >= QUARANTINED_FROM
            consequence = settings.shared_rows if is_much else "note"
            noted = noted.adding(consequence, [Finding(found, SHARED)])
        compared[silo] = noted
    return compared
