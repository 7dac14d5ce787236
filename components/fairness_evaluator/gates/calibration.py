"""Gate `calibration`: how far scores may lie from what happens.

Protects those who act on the score itself: a model can rank well and yet score one
group twice too high and another too low, which AUC hides. Judged overall, in each
judged silo, and for each group over all silos, by the calibration error of the bins.
"""

from __future__ import annotations

from components.fairness_evaluator.gate_settings import Calibration
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
from components.payloads.table import Figure

PROTECTS = "Those who act on the score itself: that 0.3 means three in ten, for all."
METRIC = "calibration_error"
MEND = (
    "Look at the calibration curve of {who}: scores too high or too low throughout "
    "ask for a feature that tells its base rate, or for another loss or longer training"
)


def demand(settings: Calibration) -> str:
    """Return what is demanded, in a few words."""
    return (
        "calibration error overall, of each judged silo and of each group at most "
        f"{words.plain(settings.at_most)}"
    )


def judge(evidence: Evidence, settings: Calibration) -> Finding:
    """Judge the whole, each judged silo, and each group over all silos.

    Raises:
        CannotJudge: There is no figure over all silos, nobody is judged, or a judged
            silo has no such figure.
    """
    # A list, as two long names may be cut to the same.
    figures = [
        ("the federation", evidence.overall(METRIC)),
        *(
            (f"silo {words.name(silo)}", figure)
            for silo, figure in evidence.of_silos(METRIC).items()
        ),
        *(
            (f"{slice} {words.name(figure.group)}", figure)
            for (silo, slice), found in evidence.groups(METRIC).items()
            for figure in found
            if not silo
        ),
    ]
    bound = Bound(settings.at_most, False, settings.refuse_if)
    number = comparisons(len(figures), settings.refuse_if)
    return rule(
        [_case(who, figure, number, bound) for who, figure in figures],
        bound,
        evidence.counted,
        way_out("calibration", "at_most", MEND),
    )


def _case(who: str, figure: Figure, number: int, bound: Bound) -> Case:
    name = f"{words.metric(METRIC)} of {who}"
    found = interval_of(figure, name, bound.refuse_if)
    return measured(
        who,
        METRIC,
        None,
        widened(found, number, 0.0, 1.0),
        bound,
        held_by(number, "figure"),
    )
