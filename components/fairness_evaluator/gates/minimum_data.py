"""Gate `minimum_data`: how many silos must be judged for a decision at all.

Protects against deciding on hardly any silo. It is there even where no setting asks
for it: at least one silo must be judged.
"""

from __future__ import annotations

from components.fairness_evaluator.gates import words
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import REFUSED, Finding
from components.fairness_evaluator.gates.ruling import way_out
from components.payloads.minimum_data import MinimumData

PROTECTS = "Against a decision on a handful of rows, or on hardly any silo."


def demand(settings: MinimumData) -> str:
    """Return what is demanded, in a few words."""
    return (
        f"at least {words.count(settings.judged_silos, 'silo')} judged, each with "
        f"{settings.rows:,} labelled rows and {settings.rows_of_each_label:,} of each "
        "label"
    )


def judge(evidence: Evidence, settings: MinimumData) -> Finding:
    """Judge the number of judged silos."""
    judged, others = len(evidence.judged), len(evidence.not_judged)
    found = (
        f"{judged:,} of {words.count(judged + others, 'silo')} can be judged; needed "
        f"at least {settings.judged_silos:,}."
    )
    if judged >= settings.judged_silos:
        return Finding(True, found)
    missing = words.names([item.silo for item in evidence.not_judged], "silo")
    return Finding(
        False,
        REFUSED + found,
        way_out(
            "minimum_data",
            "judged_silos",
            f"See under the silos that no gate judged why that is so, and ask for more "
            f"labelled rows: {missing}",
        ),
    )
