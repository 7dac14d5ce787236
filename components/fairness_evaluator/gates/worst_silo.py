"""Gate `worst_silo`: what the silo with the lowest figure must reach.

Protects the company that is served worst, with a bound of its own. `silo_floor`
asks every silo; where the worst has few rows, that gate may refuse another one.
"""

from __future__ import annotations

import dataclasses

from components.fairness_evaluator.gate_settings import Floor
from components.fairness_evaluator.gates import silo_floor, words
from components.fairness_evaluator.gates.bounds import Bound
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import Finding
from components.fairness_evaluator.gates.ruling import rule, way_out

PROTECTS = "The company that the model serves worst, with a bound of its own."


def demand(settings: Floor) -> str:
    """Return what is demanded, in a few words."""
    name = words.metric(settings.metric, settings.threshold)
    return f"{name} of the worst judged silo at least {words.plain(settings.at_least)}"


def judge(evidence: Evidence, settings: Floor) -> Finding:
    """Judge the silo whose figure is lowest.

    Raises:
        CannotJudge: Nobody is judged, or a judged silo has no such figure.
    """
    cases = silo_floor.cases(evidence, settings)
    worst = min(cases.values(), key=lambda case: (case.interval.value, case.who))
    if len(cases) > 1:
        facts = f"the worst of {len(cases):,} judged silos, {worst.facts}"
        worst = dataclasses.replace(worst, facts=facts)
    return rule(
        [worst],
        Bound(settings.at_least, True, settings.refuse_if),
        evidence.counted,
        way_out("worst_silo", "at_least", silo_floor.MEND),
    )
