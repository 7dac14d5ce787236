"""Gate `silo_change`: how much any judged silo may lose, against the earlier model.

Protects every company against a step back that is its own and that the whole hides.
"""

from __future__ import annotations

from components.fairness_evaluator.gate_settings import Change
from components.fairness_evaluator.gates import change, words
from components.fairness_evaluator.gates.bounds import Bound, comparisons
from components.fairness_evaluator.gates.earlier import NAME
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import Finding
from components.fairness_evaluator.gates.ruling import rule, way_out
from components.payloads.table import BASELINE, CHANGE

PROTECTS = "Every company, against a step back of its own that the whole hides."
MEND = (
    "Look at the page of {who}: whether its rows changed since "
    f"{NAME} was trained, and whether it took part in this training"
)


def demand(settings: Change) -> str:
    """Return what is demanded, in a few words."""
    name = words.metric(settings.metric, settings.threshold)
    return (
        f"{name} of each judged silo at most {words.plain(settings.at_most_worse)} "
        f"worse than {NAME}"
    )


def judge(evidence: Evidence, settings: Change) -> Finding:
    """Judge the change of each judged silo.

    Raises:
        CannotJudge: Nobody is judged, a judged silo lacks a figure of one model, or
            the earlier one is gone.
    """
    if not evidence.earlier:
        return change.FIRST
    evidence.earlier.check()
    metric, threshold = settings.metric, settings.threshold
    now = evidence.of_silos(metric, threshold)
    before = evidence.of_silos(metric, threshold, BASELINE)
    changes = evidence.of_silos(metric, threshold, CHANGE)
    number = comparisons(len(changes), settings.refuse_if)
    bound = Bound(settings.at_most_worse, False, settings.refuse_if)
    cases = [
        change.case(
            f"silo {words.name(silo)}",
            settings,
            bound,
            changes[silo],
            before[silo],
            now[silo],
            number,
        )
        for silo in changes
    ]
    return rule(
        cases,
        bound,
        evidence.counted,
        way_out("silo_change", "at_most_worse", MEND),
    )
