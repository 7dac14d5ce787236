r"""Gate `worst_tenth`: what the worst tenth of the judged silos must reach on average.

Protects many small companies, where the single worst is mostly chance. The mean over
the worst tenth of devices is how Li et al. (2020), "Fair resource allocation in
federated learning" (q-FFL), <https://arxiv.org/abs/1905.10497>, report fairness.

The interval holds whichever silos are truly the worst: with intervals $(l_i, u_i)$
that hold for all silos at once, the mean of the $k$ lowest true figures lies between
the mean of the $k$ lowest $l_i$ and that of the $k$ lowest $u_i$.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence

from components.fairness_evaluator.gate_settings import Floor
from components.fairness_evaluator.gates import silo_floor, words
from components.fairness_evaluator.gates.bounds import Bound, comparisons
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import Finding
from components.fairness_evaluator.gates.ruling import (
    Case,
    held_by,
    interval_words,
    rule,
    way_out,
)
from components.scoring.intervals import Interval

PROTECTS = "The worst-served tenth of the companies, where one alone is mostly chance."
MEND = (
    "Look at what {who} have in common: size, groups, columns that drift; the page "
    "shows the metric against the silo's size"
)


def demand(settings: Floor) -> str:
    """Return what is demanded, in a few words."""
    name = words.metric(settings.metric, settings.threshold)
    return (
        f"mean {name} of the worst tenth of the judged silos at least "
        f"{words.plain(settings.at_least)}"
    )


def judge(evidence: Evidence, settings: Floor) -> Finding:
    """Judge the mean of the lowest tenth, rounded up to whole silos.

    Raises:
        CannotJudge: Nobody is judged, or a judged silo has no such figure.
    """
    bound = Bound(settings.at_least, True, settings.refuse_if)
    return rule(
        [_case(evidence, settings, bound)],
        bound,
        evidence.counted,
        way_out("worst_tenth", "at_least", MEND),
    )


def _case(evidence: Evidence, settings: Floor, bound: Bound) -> Case:
    cases = silo_floor.cases(evidence, settings)
    tenth = math.ceil(len(cases) / 10)
    intervals = [case.interval for case in cases.values()]
    interval = Interval(
        _mean_of_lowest(tenth, (each.value for each in intervals)),
        _mean_of_lowest(tenth, (each.low for each in intervals)),
        _mean_of_lowest(tenth, (each.high for each in intervals)),
    )
    lowest = sorted(cases, key=lambda silo: (cases[silo].interval.value, silo))[:tenth]
    who = words.names(lowest, "silo")
    name = words.metric(settings.metric, settings.threshold)
    number = comparisons(len(cases), settings.refuse_if)
    spread = interval_words(interval, bound.value, held_by=held_by(number, "silo"))
    facts = (
        f"the worst tenth of {words.count(len(cases), 'judged silo')} ({who}) has a "
        f"mean {name} of {words.number(interval.value, bound.value)}"
        f"{spread and f' ({spread})'}"
    )
    return Case(who, facts, interval)


def _mean_of_lowest(number: int, values: Iterable[float]) -> float:
    lowest: Sequence[float] = heapq.nsmallest(number, values)
    return math.fsum(lowest) / number
