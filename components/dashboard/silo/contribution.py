"""What the owner of a silo reads of the audit: its own row, and how to appeal."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable
from typing import Any

from components.dashboard.report import Report
from components.dashboard.section import Part, Section, Text
from components.dashboard.sections import contribution
from components.payloads.contribution import ContributionReport, SiloContribution

TOLD = ("reason", "hint", "signs", "notes", "appeal")  # texts that may name others
APPEAL = (
    "If this is wrong, say so: the operator records your appeal with `fairsilo audit "
    'appeal RUN {} --use-case {} --reason "..." --by "..."`. It stands beside the '
    "verdict from then on, and suspends any change of your weight until the operator "
    "has decided on it."
)


def of_silo(
    found: ContributionReport, silo: str, hidden: Callable[..., Any]
) -> ContributionReport:
    """Return a report cut down to a silo; `hidden` hides others' names in payloads."""
    own: tuple[SiloContribution, ...] = ()
    if one := found.get(silo):
        told: dict[str, Any] = {name: hidden(getattr(one, name)) for name in TOLD}
        own = (dataclasses.replace(one, helps={}, **told),)
    lacks = {signal: hidden(why) for signal, why in found.unavailable.items()}
    refusal = hidden(found.refusal) or ("" if own else "you did not train in this run")
    return ContributionReport(own, found.rounds, found.method, lacks, refusal)


def section(report: Report, silo: str) -> Section:
    """Return a silo's part of the audit, of a report that holds its entry alone."""
    found = report.contribution
    parts: tuple[Part, ...] = (Text(f"You were not audited: {found.refusal}."),)
    if found.silos:
        appeal = APPEAL.format(shlex.quote(silo), report.about.use_case)
        told = Text(contribution.VERDICTS)
        parts = (told, *contribution.tables(found), Text(appeal))
    return Section("contribution", "What you contribute", parts)
