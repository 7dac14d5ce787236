"""Gate `silo_gap`: how far two judged silos may lie apart.

Protects against a model for some companies at the cost of others. The two are picked
out of all pairs, so the interval of their difference is widened for all pairs.
"""

from __future__ import annotations

from components.fairness_evaluator.gate_settings import SiloGap
from components.fairness_evaluator.gates import words
from components.fairness_evaluator.gates.apart import farthest, num_pairs
from components.fairness_evaluator.gates.bounds import Bound, comparisons, interval_of
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import CannotJudge, Finding
from components.fairness_evaluator.gates.ruling import (
    Case,
    held_by,
    interval_words,
    rule,
    way_out,
)

PROTECTS = "Against a model for some companies at the cost of others."
MEND = "See what sets {who} apart: size, columns, base rates; the page ranks all silos"


def demand(settings: SiloGap) -> str:
    """Return what is demanded, in a few words."""
    name = words.metric(settings.metric, settings.threshold)
    return (
        f"{name} of any two judged silos at most {words.plain(settings.at_most)} apart"
    )


def judge(evidence: Evidence, settings: SiloGap) -> Finding:
    """Judge the difference of the two silos that lie farthest apart.

    Raises:
        CannotJudge: Fewer than two silos are judged, or one has no such figure.
    """
    name = words.metric(settings.metric, settings.threshold)
    found = evidence.of_silos(settings.metric, settings.threshold)
    if len(found) < 2:
        raise CannotJudge(
            "only one silo could be judged, so there are no two to compare",
            "see under the silos why; give them more labelled rows, or lower "
            "`gates.minimum_data`",
        )
    intervals = {
        silo: interval_of(figure, name, settings.refuse_if)
        for silo, figure in found.items()
    }
    number = comparisons(num_pairs(len(found)), settings.refuse_if)
    bound = Bound(settings.at_most, False, settings.refuse_if)
    high, low, gap = farthest(intervals, number, settings.refuse_if)
    spread = interval_words(gap, bound.value, held_by=held_by(number, "pair of silos"))
    facts = (
        f"silo {words.name(high)} has "
        f"{words.valued(settings.metric, settings.threshold, intervals[high].value)} "
        f"and silo {words.name(low)} {words.number(intervals[low].value)}, a gap of "
        f"{words.number(gap.value, bound.value)}{spread and f' ({spread})'}"
    )
    return rule(
        [Case(words.names([low, high], "silo"), facts, gap)],
        bound,
        evidence.counted,
        way_out("silo_gap", "at_most", MEND),
    )
