"""Gate `better_than_chance`: whether the model ranks rows better than a coin.

Protects everybody against a model that learned nothing, such as one whose columns
never reached it. It holds for every use case unless it is switched off. The lower end
of the AUC's 95 % interval must be above 0.5, so a model that nobody can tell from
chance, as its rows are few, is refused too.
"""

from __future__ import annotations

from components.fairness_evaluator.gate_settings import BetterThanChance
from components.fairness_evaluator.gates import words
from components.fairness_evaluator.gates.bounds import ROUNDING, interval_of
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import REFUSED, Finding
from components.fairness_evaluator.gates.ruling import interval_words

PROTECTS = "Everybody, against a model that learned nothing."
CHANCE = 0.5
WAY_OUT = (
    "See which columns the model gets and what was found in the data, and whether the "
    "training's loss falls; where rows are few, add labelled ones. To let this one "
    "model pass all the same, and answer for it: `fairsilo gate waive RUN --gate "
    "better_than_chance`; `gates.better_than_chance: null` removes the gate."
)


def demand(_: BetterThanChance) -> str:
    """Return what is demanded, in a few words."""
    return "AUC over all silos above 0.5, also at the lower end of its 95 % interval"


def judge(evidence: Evidence, _: BetterThanChance) -> Finding:
    """Judge the AUC over all silos.

    Raises:
        CannotJudge: There is no such figure, or it has no interval.
    """
    figure = evidence.overall("auc")
    found = interval_of(figure, "AUC over all silos", "possibly")
    spread = interval_words(found, CHANCE)
    facts = (
        f"AUC over all silos is {words.number(found.value, CHANCE)}"
        f"{spread and f' ({spread})'}"
    )
    note = f" Mind: {figure.about}." if figure.about else ""
    if found.low > CHANCE + ROUNDING:
        said = f"{facts}, surely better than chance, which is 0.500.{note}"
        return Finding(True, said)
    return Finding(
        False,
        f"{REFUSED}{facts}, not surely better than chance: the lower end must be above "
        f"0.500.{note}",
        WAY_OUT,
    )
