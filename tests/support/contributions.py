"""Contribution reports made up in any size, and silos of each kind by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from components.payloads.contribution import (
    ECHO,
    HELP,
    MEANING,
    RIDES,
    SUBSTANCE,
    UNKNOWN,
    ContributionReport,
    Sign,
    SiloContribution,
)
from components.payloads.findings import Finding
from components.payloads.interval import Interval
from pipelines.benchmarks import synthetic_pages

ECHOES = Finding(
    "its updates repeat what was sent to it: cosine 0.89, of half the others below 0.3",
    "ask its owner which rows it trained on",
)
FEW = Finding("it has 12 distinct rows among 400", "ask its owner for more rows")
SHUFFLED = Finding("no model known ranks its labels: z 0.3 of 51 positives")
UNUSUAL = Finding("unusual: it hurts 3 others", "consider a personal model for it")
WHY = "updates of single silos are not kept"
REFUSAL = "`audit.every` is `never`"


def sign(kind: str, finding: Finding, signal: str = ECHO) -> Sign:
    return Sign(signal, kind, finding)


def riding(one: SiloContribution, **more: Any) -> SiloContribution:
    """Return a silo as one that rides: a sure gain, a sign in two audits."""
    fields: dict[str, Any] = {
        "verdict": RIDES,
        "reason": f"surely gains, and {ECHOES.sentence}; as in the audit of r0",
        "hint": "talk to its owner; `fairsilo audit appeal` contests it",
        "signs": (sign("echo", ECHOES),),
        "earlier": ("20131001-000000-2013-09",),
        "contribution": Interval(-0.009, -0.031, 0.012),
        "measures": {**one.measures, "echo": 0.89},
        "gain": Interval(0.041, 0.012, 0.069),
    }
    return dataclasses.replace(one, **(fields | more))


def suspect(one: SiloContribution) -> SiloContribution:
    """Return a silo with signs in this audit alone: it can't be told yet."""
    return dataclasses.replace(
        one,
        verdict=UNKNOWN,
        reason=f"{FEW.sentence}; {SHUFFLED.sentence}; in this audit alone",
        hint="the next audit would tell",
        signs=(
            sign("too_few", FEW, SUBSTANCE),
            sign("no_rank", SHUFFLED, MEANING),
        ),
        appeal="B. Owner (run r1): the sensor was replaced",
        measures={"distinct": 0.03, "positives": 51.0, "rank_z": 0.3},
        contribution=None,
        per_thousand=None,
        ranks=None,
        gain=None,
        shares={},
    )


def report(silos: Sequence[str], **fields: Any) -> ContributionReport:
    """Return a report in which the second rides and the third is suspect."""
    rows = {silo: 150 + 400 * ((n * 7) % 13) for n, silo in enumerate(silos)}
    made = [*synthetic_pages.contributions(rows).silos]
    if len(made) > 3:
        made[1], made[2] = riding(made[1]), suspect(made[2])
        made[3] = dataclasses.replace(made[3], notes=(UNUSUAL,))
    found = ContributionReport(tuple(made), (4, 9), "shapley")
    return dataclasses.replace(found, **fields)


def without_help(silos: Sequence[str]) -> ContributionReport:
    """Return a report that lacks a signal, and so all contributions."""
    made = (
        dataclasses.replace(
            one, contribution=None, per_thousand=None, ranks=None, helps={}, shares={}
        )
        for one in report(silos).silos
    )
    return ContributionReport(tuple(made), (4, 9), unavailable={HELP: WHY})


def refused() -> ContributionReport:
    """Return the report of a run that made no audit."""
    return ContributionReport(refusal=REFUSAL)
