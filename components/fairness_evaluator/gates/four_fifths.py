"""Gate `four_fifths`: the 80 % rule for the groups' positive rates.

Protects people by the rule of thumb of US employment law: a group is adversely
affected when it gets the good outcome less than four fifths as often as the group
that gets it most, 29 CFR § 1607.4 D. Judged over all silos: inside one, few rows
would decide. It is the table's `demographic_parity_ratio` over the groups with
enough data; where few rows make that ratio unsure, another pair may be surer. The
two groups are picked out of all pairs, so the interval is widened for all pairs.
"""

from __future__ import annotations

import itertools

from components.fairness_evaluator.gate_settings import FourFifths
from components.fairness_evaluator.gates import groups, words
from components.fairness_evaluator.gates.apart import num_pairs
from components.fairness_evaluator.gates.bounds import Bound, comparisons, widened
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import CannotJudge, Finding
from components.fairness_evaluator.gates.groups import Compared
from components.fairness_evaluator.gates.ruling import (
    Case,
    held_by,
    interval_words,
    rule,
    way_out,
)
from components.payloads.table import Figure
from components.scoring import intervals

PROTECTS = "People: that each group gets the good outcome at least 80 % as often."
METRIC = "positive_rate"
MEND = (
    "Compare the base rates of {who}: where they differ, ask first whether the labels "
    "are fair; another threshold changes the ratio too"
)


def demand(settings: FourFifths) -> str:
    """Return what is demanded, in a few words."""
    return (
        f"{words.metric(METRIC, settings.threshold)} of a group of "
        f"{groups.named(settings.slices)} at least {words.plain(settings.at_least)} "
        "times that of another, over all silos"
    )


def judge(evidence: Evidence, settings: FourFifths) -> Finding:
    """Judge the ratio of two positive rates, the lower one to the higher, per slice.

    Raises:
        CannotJudge: A slice that is asked for has no two groups with enough data, or
            no row at all counts as positive.
    """
    compared = groups.compare(
        evidence, METRIC, settings.threshold, settings.slices, inside=False
    )
    pairs = sum(num_pairs(len(each.figures)) for each in compared.places)
    number = comparisons(pairs, settings.refuse_if)
    bound = Bound(settings.at_least, True, settings.refuse_if)
    return rule(
        [_lowest(each, number, bound, settings.threshold) for each in compared.places],
        bound,
        compared.counted,
        way_out("four_fifths", "at_least", MEND),
    )


def _lowest(place: Compared, number: int, bound: Bound, threshold: float) -> Case:
    """Return the pair of groups that comes closest to the bound, or misses it most."""
    ranked = sorted(place.figures, key=lambda figure: (figure.value, figure.group))
    cases = [
        _case(place.slice, low, high, number, bound)
        for low, high in itertools.combinations(ranked, 2)
        if _hits(high)
    ]
    if not cases:
        raise CannotJudge(
            f"no row of any group of {place.slice} scores above {threshold:g}, so "
            "there is no ratio",
            "choose a lower one of `evaluation.thresholds`",
        )
    return min(cases, key=lambda case: (bound.margin(case.interval), case.who))


def _case(slice: str, low: Figure, high: Figure, number: int, bound: Bound) -> Case:
    found = intervals.ratio(_hits(low), low.rows, _hits(high), high.rows)
    if found is None:
        raise ValueError(f"group {high.group!r} has no hits, so there is no ratio")
    ratio = widened(found, number, 0.0)
    spread = interval_words(
        ratio, bound.value, held_by=held_by(number, "pair of groups")
    )
    facts = (
        f"{slice} {words.name(low.group)} has "
        f"{words.valued(METRIC, low.threshold, low.value)} and "
        f"{words.name(high.group)} {words.figure(high.value)}, a ratio of "
        f"{words.number(ratio.value, bound.value)}{spread and f' ({spread})'}"
    )
    who = f"{slice} {words.name(low.group)} and {words.name(high.group)}"
    return Case(who, facts, ratio)


def _hits(figure: Figure) -> int:
    return round((figure.value or 0.0) * figure.rows)
