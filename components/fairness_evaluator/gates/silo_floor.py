"""Gate `silo_floor`: what each judged silo must reach.

Protects every single company: a good average can hide one that the model fails.
"""

from __future__ import annotations

from components.fairness_evaluator.gate_settings import Floor
from components.fairness_evaluator.gates import words
from components.fairness_evaluator.gates.bounds import (
    Bound,
    comparisons,
    interval_of,
    widened,
)
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import Finding
from components.fairness_evaluator.gates.ruling import (
    Case,
    held_by,
    measured,
    rule,
    way_out,
)

PROTECTS = "Every single company: none is asked to use a model that fails it."
MEND = (
    "Look at the page of {who} and at the findings about its data; where its data is "
    "sound, the model lacks features or training that would serve it"
)


def demand(settings: Floor) -> str:
    """Return what is demanded, in a few words."""
    name = words.metric(settings.metric, settings.threshold)
    return f"{name} of each judged silo at least {words.plain(settings.at_least)}"


def judge(evidence: Evidence, settings: Floor) -> Finding:
    """Judge each silo by its figure.

    Raises:
        CannotJudge: Nobody is judged, or a judged silo has no such figure.
    """
    return rule(
        list(cases(evidence, settings).values()),
        Bound(settings.at_least, True, settings.refuse_if),
        evidence.counted,
        way_out("silo_floor", "at_least", MEND),
    )


def cases(evidence: Evidence, settings: Floor) -> dict[str, Case]:
    """Return the case of each judged silo, by silo.

    Raises:
        CannotJudge: Nobody is judged, or a judged silo has no such figure.
    """
    name = words.metric(settings.metric, settings.threshold)
    found = evidence.of_silos(settings.metric, settings.threshold)
    number = comparisons(len(found), settings.refuse_if)
    bound = Bound(settings.at_least, True, settings.refuse_if)
    return {
        silo: measured(
            f"silo {words.name(silo)}",
            settings.metric,
            settings.threshold,
            widened(interval_of(figure, name, settings.refuse_if), number, 0.0, 1.0),
            bound,
            held_by(number, "silo"),
        )
        for silo, figure in found.items()
    }
