"""Gate `silo_change`: how much any judged silo may lose against the model in service.

Protects every company against a step back that is its own and that the whole hides.
"""

from __future__ import annotations

from components.fairness_evaluator.gate_settings import Change
from components.fairness_evaluator.gates import change, words
from components.fairness_evaluator.gates.bounds import Bound, comparisons
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import Finding
from components.fairness_evaluator.gates.ruling import rule, way_out
from components.scoring.table import BASELINE, CHANGE

PROTECTS = "Every company, against a step back of its own that the whole hides."
MEND = (
    "Look at the page of {who}: whether its rows changed since the model in service "
    "was trained, and whether it took part in this training"
)


def demand(settings: Change) -> str:
    """Return what is demanded, in a few words."""
    name = words.metric(settings.metric, settings.threshold)
    return (
        f"{name} of each judged silo at most {words.plain(settings.at_most_worse)} "
        "worse than the model in service"
    )


def judge(evidence: Evidence, settings: Change) -> Finding:
    """Judge the change of each judged silo.

    Raises:
        CannotJudge: Nobody is judged, or a judged silo lacks a figure of one model.
    """
    if not evidence.has_baseline:
        return change.FIRST
    metric, threshold = settings.metric, settings.threshold
    now = evidence.of_silos(metric, threshold)
    before = evidence.of_silos(metric, threshold, BASELINE)
    changes = evidence.of_silos(metric, threshold, CHANGE)
    number = comparisons(len(changes), settings.refuse_if)
    cases = [
        change.case(
            f"silo {words.name(silo)}",
            settings,
            changes[silo],
            before[silo],
            now[silo],
            number,
        )
        for silo in changes
    ]
    return rule(
        cases,
        Bound(settings.at_most_worse, False, settings.refuse_if),
        evidence.counted,
        way_out("silo_change", "at_most_worse", MEND),
    )
