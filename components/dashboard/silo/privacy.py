"""What the owner of a silo reads of its privacy: its own budget, claim and attack."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from components.dashboard.report import Report
from components.dashboard.section import Section, Text
from components.dashboard.sections import privacy
from components.payloads.privacy import PrivacyReport

OUT = (
    "You took no part in this training{}. It cost you nothing, and the federation's "
    "model still scores your rows."
)
IN = "This training cost you an epsilon of {:.3f}; {:.3f} of {:g} is left until {}."
MORE = (
    "You may ask for more protection than others have (`privacy.silos`), never for "
    "less. Keep the ledger's hash: a ledger from which your training was removed does "
    "not contain it."
)
NOTE = (
    "your noise is far larger than most silos', so the federation learns little from "
    "you; `personal.method: mr_mtl` serves you the silos' mean model, adapted inside"
)


def of_silo(found: PrivacyReport, silo: str, hide: Callable[..., Any]) -> PrivacyReport:
    """Return a report cut down to a silo; `hide` hides others' names in payloads."""
    one = found.get(silo)
    if one and one.note:  # it compares with the others' noise
        one = dataclasses.replace(one, note=NOTE)
    return dataclasses.replace(found, silos=(hide(one),) if one else ())


def section(report: Report, silo: str) -> Section:
    """Return a silo's part of the report, of one that holds its entry alone."""
    one = report.privacy.get(silo)
    said = OUT.format(f": {one.refusal.rstrip('.')}" if one and one.refusal else "")
    if one and one.epsilon is not None:
        held = one.balance
        said = IN.format(one.epsilon, held.left, held.budget, held.resets_on)
    parts = (Text(said), *privacy.parts(report), Text(MORE))
    return Section("privacy", "Your privacy", parts)
