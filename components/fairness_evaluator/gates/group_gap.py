"""Gate `group_gap`: how far groups may lie apart, over all silos and inside each.

Protects people: a model can serve all companies alike, and one sex or race in each
of them worse. Groups with too little data are counted, not judged. In each slice and
silo two groups are picked out of all pairs, so intervals are widened for all pairs.
"""

from __future__ import annotations

from components.fairness_evaluator.gate_settings import GroupGap
from components.fairness_evaluator.gates import groups, words
from components.fairness_evaluator.gates.apart import farthest, num_pairs
from components.fairness_evaluator.gates.bounds import Bound, comparisons, interval_of
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import Finding
from components.fairness_evaluator.gates.groups import Compared
from components.fairness_evaluator.gates.ruling import (
    Case,
    held_by,
    interval_words,
    rule,
    way_out,
)

PROTECTS = "People: that no group is served worse, over all companies and inside each."
MEND = (
    "Look at {who} in the heat map: few rows, other base rates, or a feature that "
    "means something else for one group"
)


def demand(settings: GroupGap) -> str:
    """Return what is demanded, in a few words."""
    name = words.metric(settings.metric, settings.threshold)
    return (
        f"{name} of any two groups of {groups.named(settings.slices)} at most "
        f"{words.plain(settings.at_most)} apart, over all silos and in each judged silo"
    )


def judge(evidence: Evidence, settings: GroupGap) -> Finding:
    """Judge the two groups that lie farthest apart, for each slice and silo.

    Raises:
        CannotJudge: A slice that is asked for has no two groups with enough data, or
            one of the groups to compare has no such figure.
    """
    name = words.metric(settings.metric, settings.threshold)
    compared = groups.compare(
        evidence, settings.metric, settings.threshold, settings.slices, inside=True
    )
    pairs = sum(num_pairs(len(each.figures)) for each in compared.places)
    number = comparisons(pairs, settings.refuse_if)
    bound = Bound(settings.at_most, False, settings.refuse_if)
    cases = [_case(each, name, number, settings, bound) for each in compared.places]
    inside = len({each.silo for each in compared.places if each.silo})
    judged = words.count(len(evidence.judged), "judged silo")
    return rule(
        cases,
        bound,
        f" Compared over all silos and inside {inside:,} of {judged}."
        f"{compared.counted}{evidence.counted}",
        way_out("group_gap", "at_most", MEND),
    )


def _case(
    place: Compared, name: str, number: int, settings: GroupGap, bound: Bound
) -> Case:
    values = {
        figure.group: interval_of(
            figure,
            f"{name} of {place.slice} {words.name(figure.group)} {place.where}",
            settings.refuse_if,
        )
        for figure in place.figures
    }
    high, low, gap = farthest(values, number, settings.refuse_if)
    spread = interval_words(gap, bound.value, held_by=held_by(number, "pair of groups"))
    facts = (
        f"{place.where}, {place.slice} {words.name(high)} has "
        f"{words.valued(settings.metric, settings.threshold, values[high].value)} and "
        f"{words.name(low)} {words.number(values[low].value)}, a gap of "
        f"{words.number(gap.value, bound.value)}{spread and f' ({spread})'}"
    )
    return Case(f"{place.slice} {place.where}", facts, gap)
