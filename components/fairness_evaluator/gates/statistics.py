r"""Turns the members of one place into cases: what is held against a gate's bound.

`each` judges every member by itself, `each_change` by how much worse it is than under
the baseline, or by a model of its own rows alone. `worst_tenth` is the mean of the
lowest tenth, as Li et al. (2020), "Fair resource allocation in federated learning"
(q-FFL), <https://arxiv.org/abs/1905.10497>, report fairness; its interval holds
whichever silos are truly the worst, since with intervals $(l_i, u_i)$ that hold at once
the mean of the $k$ lowest true figures lies between those of the $k$ lowest $l_i$ and
$u_i$. `farthest_pair` and `lowest_ratio` pick two out of all pairs, so their intervals
are widened for all pairs.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import math
from collections.abc import Mapping, Sequence

from components.fairness_evaluator.gates import bounds, wording
from components.fairness_evaluator.gates.bounds import Bound, widened
from components.fairness_evaluator.gates.populations import (
    CannotJudge,
    Member,
    Query,
)
from components.payloads.interval import Interval
from components.payloads.table import GAIN, RANKED_BY, Figure
from components.scoring import intervals, roc
from components.scoring.metrics import is_lower_better


@dataclasses.dataclass(frozen=True)
class Case:
    """One thing that a gate holds against its bound.

    `fields` is what the gate's sentence may name besides `Comparison.fields`.
    """

    who: str  # such as `silo F9`
    interval: Interval
    fields: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How the members of a population are compared with a bound."""

    query: Query
    bound: Bound
    number: int  # of intervals that are to hold at once; 1 where none is judged
    noun: str  # of what, such as `pairs of silos`

    def widened(self, member: Member) -> Interval:
        """Return a member's figure with the interval that is judged."""
        return widened(member.interval, self.number, 0.0, 1.0)

    def text(self, interval: Interval, of: str = "", sign: int = 1) -> str:
        """Return an interval as text, such as `95 % CI for 51 silos 0.480 to 0.544`.

        Args:
            interval: The interval; one without width gives an empty text.
            of: Of what, where that is not the figure before it.
            sign: -1 where the bound is one of its negative.
        """
        if interval.low == interval.high:
            return ""
        many = f" for {self.number:,} {self.noun}" if self.number > 1 else ""
        low, high = (
            wording.number(end, sign * self.bound.value) for end in interval[1:]
        )
        return f"95 % CI{of}{many} {low} to {high}"

    def valued(self, value: float, *beside: float) -> str:
        """Return the metric with a value: `precision 0.612 at threshold 0.25`."""
        threshold = self.query.threshold
        at = "" if threshold is None else f" at threshold {threshold:g}"
        name = wording.metric(self.query.metric)
        return f"{name} {wording.number(value, *beside)}{at}"

    def fields(self, case: Case) -> dict[str, str]:
        """Return what a gate's sentence may name of a case."""
        text = self.text(case.interval)
        return {
            "who": case.who,
            "metric": self.query.name,
            "value": wording.number(case.interval.value, self.bound.value),
            "figure": self.valued(case.interval.value, self.bound.value),
            "interval": text and f" ({text})",
            **case.fields,
        }


def each(place: Sequence[Member], compared: Comparison) -> list[Case]:
    """Return a case of each member."""
    return [Case(member.name, compared.widened(member)) for member in place]


def each_change(place: Sequence[Member], compared: Comparison) -> list[Case]:
    """Return a case of each member's loss, above 0 where the candidate is worse.

    Both models scored the same rows, so the interval is that of the change itself.
    Fields: `changed`, and the change's `interval`; where the members have the figures
    of both models, not a gain alone, `before` and `now` too.
    """
    metric, bound = compared.query.metric, compared.bound.value
    name = compared.query.name
    if metric == GAIN:
        metric, name = RANKED_BY, wording.metric(RANKED_BY)
    sign = 1 if is_lower_better(metric) else -1
    cases = []
    for member in place:
        *both, change = member.figures
        freedom = change.freedom
        if freedom is None and metric == "auc" and change.positives is not None:
            freedom = roc.freedom(change.positives, change.rows - change.positives)
        found = widened(member.interval, compared.number, freedom=freedom)
        size = wording.number(abs(found.value), 0.0, bound)
        if both and not found.value:
            changed = f"the {name} of {member.name} does not change"
        elif sign > 0:
            verb = "rises" if found.value > 0 else "falls"
            changed = f"the {name} of {member.name} {verb} by {size}"
        else:
            verb = "loses" if found.value < 0 else "gains"
            changed = f"{member.name} {verb} {size} {name}"
        text = compared.text(found, " of the change" if both else "", sign)
        fields = {"changed": changed, "interval": text and f", {text}"}
        if both:
            now, before = (figure.number for figure in both)
            fields |= {
                "before": wording.number(before, now),
                "now": wording.number(now, before),
            }
        loss = Interval(-found.value, -found.high, -found.low) if sign < 0 else found
        cases.append(Case(member.name, loss, fields))
    return cases


def worst_tenth(place: Sequence[Member], compared: Comparison) -> list[Case]:
    """Return one case: the mean of the lowest tenth, rounded up to whole members.

    Fields: `number`, of all members.
    """
    found = [compared.widened(member) for member in place]
    tenth = math.ceil(len(found) / 10)
    mean = Interval(
        *(
            math.fsum(heapq.nsmallest(tenth, ends)) / tenth
            for ends in zip(*found, strict=True)
        )
    )
    lowest = heapq.nsmallest(
        tenth, place, key=lambda one: (one.figure.number, one.figure.silo)
    )
    who = wording.listed([member.name for member in lowest])
    return [Case(who, mean, {"number": f"{len(found):,}"})]


def farthest_pair(place: Sequence[Member], compared: Comparison) -> list[Case]:
    """Return one case: the two members that lie farthest apart. Fields: see `_pair`."""
    found = [member.interval for member in place]
    one, other, gap = bounds.farthest(found, compared.number, compared.bound.refuse_if)
    return [_pair(place[one], place[other], gap, compared)]


def lowest_ratio(place: Sequence[Member], compared: Comparison) -> list[Case]:
    """Return one case: the two rates whose ratio, the lower over the higher, is worst.

    Raises:
        CannotJudge: No row of any member is a hit.
    """
    ranked = sorted(place, key=lambda each: (each.figure.number, each.figure.group))
    cases = []
    for low, high in itertools.combinations(ranked, 2):
        ratio = intervals.ratio(
            *(_hits(low.figure), low.figure.rows),
            *(_hits(high.figure), high.figure.rows),
        )
        if ratio:  # None where the higher one has no hit
            wide = widened(ratio, compared.number, 0.0)
            cases.append(_pair(high, low, wide, compared))
    if not cases:
        raise CannotJudge(
            f"no row of any group of {place[0].figure.slice} scores above "
            f"{compared.query.threshold:g}, so there is no ratio",
            "choose a lower one of `evaluation.thresholds`",
        )
    bound = compared.bound
    return [min(cases, key=lambda case: (bound.margin(case.interval), case.who))]


def _pair(high: Member, low: Member, found: Interval, compared: Comparison) -> Case:
    """Return the case of two members. Fields: `where`, and of each `high` and `low`."""
    fields = {
        "where": high.where and f"{high.where}, ",
        "high": high.name,
        "low": low.name,
        "high_figure": compared.valued(high.figure.number),
        "low_value": wording.number(low.figure.number),
    }
    return Case(f"{low.name} and {high}", found, fields)


def _hits(figure: Figure) -> int:
    return round(figure.number * figure.rows)
