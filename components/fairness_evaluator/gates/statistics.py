r"""Turns the members of one place into cases: what is held against a gate's bound.

`each` judges every member by itself, `each_change` by how much worse it is than under
the earlier model. `worst_tenth` is the mean of the lowest tenth, as Li et al. (2020),
"Fair resource allocation in federated learning" (q-FFL),
<https://arxiv.org/abs/1905.10497>, report fairness; its interval holds whichever silos
are truly the worst, since with intervals $(l_i, u_i)$ that hold at once the mean of the
$k$ lowest true figures lies between those of the $k$ lowest $l_i$ and $u_i$.
`farthest_pair` and `lowest_ratio` pick two out of all pairs, so their intervals are
widened for all pairs.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

from components.fairness_evaluator.figures import roc
from components.fairness_evaluator.gates import bounds, wording
from components.fairness_evaluator.gates.bounds import Bound, widened
from components.fairness_evaluator.gates.populations import (
    MORE_ROWS,
    CannotJudge,
    Member,
    Query,
)
from components.payloads.table import Figure
from components.scoring import intervals
from components.scoring.intervals import Interval
from components.scoring.metrics import is_lower_better


@dataclasses.dataclass(frozen=True)
class Case:
    """One thing that a gate holds against its bound.

    Attributes:
        who: Whom it is about, such as `silo F9`.
        interval: The figure with the interval that is judged.
        fields: What the gate's sentence may name, as text.
    """

    who: str
    interval: Interval
    fields: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How the members of a population are compared with a bound.

    Attributes:
        query: The figure.
        bound: The bound.
        number: For how many intervals are to hold at once; 1 where none is judged.
        noun: Of what, such as `pair of silos`.
    """

    query: Query
    bound: Bound
    number: int
    noun: str

    def interval(self, member: Member) -> Interval:
        """Return a member's figure with its own 95 % interval.

        Raises:
            CannotJudge: It has no value, or no interval though that is to be judged.
        """
        figure, name = member.figure, f"{self.query.name} of {member.name}"
        if self.query.is_change:
            name = f"the change of {name}"
        if member.where:
            name = f"{name} {member.where}"
        if figure.value is None or math.isnan(figure.value):
            raise CannotJudge(
                f"{name} has no value{figure.note and f' ({figure.note})'}",
                "see why on the run's page; choose another metric or threshold, or "
                "raise `gates.minimum_data`",
            )
        if figure.low is not None and figure.high is not None:
            return Interval(figure.value, figure.low, figure.high)
        if self.bound.refuse_if != "value":
            raise CannotJudge(
                f"{name} has no interval to judge by",
                "set `refuse_if: value` for this gate: it then judges the figure alone",
            )
        return Interval(figure.value, figure.value, figure.value)

    def text(
        self, interval: Interval, of: str = "", beside: float | None = None
    ) -> str:
        """Return an interval as text, such as `95 % CI for 51 silos 0.480 to 0.544`.

        Args:
            interval: The interval; one without width gives an empty text.
            of: Of what, where that is not the figure before it.
            beside: A number that its ends must not read like; the bound by default.
        """
        if interval.low == interval.high:
            return ""
        near = self.bound.value if beside is None else beside
        many = (
            f" for {wording.count(self.number, self.noun)}" if self.number > 1 else ""
        )
        low, high = (wording.number(end, near) for end in interval[1:])
        return f"95 % CI{of}{many} {low} to {high}"

    def fields(self, interval: Interval) -> dict[str, str]:
        """Return what a sentence may say of a judged figure."""
        text = self.text(interval)
        return {
            "metric": self.query.name,
            "value": wording.number(interval.value, self.bound.value),
            "interval": text and f" ({text})",
        }

    def valued(self, value: float, *beside: float) -> str:
        """Return the metric with a value, such as `AUC 0.612`."""
        return wording.valued(self.query.metric, self.query.threshold, value, *beside)


def each(place: Sequence[Member], compared: Comparison) -> list[Case]:
    """Return a case of each member. Fields: `who`, `figure`."""
    cases = []
    for member in place:
        found = widened(compared.interval(member), compared.number, 0.0, 1.0)
        fields = {
            **compared.fields(found),
            "who": member.name,
            "figure": compared.valued(found.value, compared.bound.value),
        }
        cases.append(Case(member.name, found, fields))
    return cases


def each_change(place: Sequence[Member], compared: Comparison) -> list[Case]:
    """Return a case of each member's loss, above 0 where the candidate is worse.

    Both models scored the same rows, so the interval is that of the change itself.
    Fields: `changed`, `before`, `now`, `change_interval`.
    """
    metric, bound = compared.query.metric, compared.bound.value
    lower_is_better = is_lower_better(metric)
    cases = []
    for member in place:
        now, before, change = member.figures
        freedom = None
        if metric == "auc" and change.positives is not None:
            freedom = roc.freedom(change.positives, change.rows - change.positives)
        found = widened(compared.interval(member), compared.number, freedom=freedom)
        beside = bound if lower_is_better else -bound
        text = compared.text(found, " of the change", beside)
        fields = {
            "changed": _changed(member.name, compared, found.value, lower_is_better),
            "before": wording.figure(before.value, now.value),
            "now": wording.figure(now.value, before.value),
            "change_interval": text and f", {text}",
        }
        gain = Interval(-found.value, -found.high, -found.low)
        cases.append(Case(member.name, found if lower_is_better else gain, fields))
    return cases


def worst_tenth(place: Sequence[Member], compared: Comparison) -> list[Case]:
    """Return one case: the mean of the lowest tenth, rounded up to whole members.

    Fields: `who`, `all`.
    """
    found = [
        widened(compared.interval(member), compared.number, 0.0, 1.0)
        for member in place
    ]
    tenth = math.ceil(len(found) / 10)
    mean = Interval(
        *(_mean_of_lowest(tenth, ends) for ends in zip(*found, strict=True))
    )
    pairs = zip(found, place, strict=True)
    lowest = heapq.nsmallest(
        tenth, pairs, key=lambda pair: (pair[0].value, pair[1].figure.silo)
    )
    who = wording.names([member.figure.silo for _, member in lowest], "silo")
    of_all = wording.count(len(found), f"judged {compared.noun}")
    return [Case(who, mean, {**compared.fields(mean), "who": who, "all": of_all})]


def farthest_pair(place: Sequence[Member], compared: Comparison) -> list[Case]:
    """Return one case: the two members that lie farthest apart. Fields: see `_pair`.

    Raises:
        CannotJudge: There is only one member.
    """
    if len(place) < 2:
        raise CannotJudge(
            "only one silo could be judged, so there are no two to compare", MORE_ROWS
        )
    found = [compared.interval(member) for member in place]
    one, other, gap = bounds.farthest(found, compared.number, compared.bound.refuse_if)
    return [_pair(place[one], place[other], gap, compared)]


def lowest_ratio(place: Sequence[Member], compared: Comparison) -> list[Case]:
    """Return one case: the two rates whose ratio, the lower over the higher, is worst.

    Raises:
        CannotJudge: No row of any member is a hit.
    """
    ranked = sorted(place, key=lambda each: (each.figure.value, each.figure.group))
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
    """Return the case of two members. Fields: `pair`, and of each `high` and `low`."""
    fields = {
        **compared.fields(found),
        "where": high.where and f"{high.where}, ",
        "high": high.name,
        "low": low.name,
        "high_figure": compared.valued(high.figure.value or 0.0),
        "low_value": wording.figure(low.figure.value),
    }
    who = f"{low.name} and {high.name}"
    return Case(f"{who} {high.where}" if high.where else who, found, fields)


def _changed(
    who: str, compared: Comparison, change: float, lower_is_better: bool
) -> str:
    name, bound = compared.query.name, compared.bound.value
    size = wording.number(abs(change), 0.0, bound)
    if abs(change) <= bounds.ROUNDING:
        same = f"the {name} of {who} is unchanged"
        return same if lower_is_better else f"{who} neither loses nor gains {name}"
    if lower_is_better:
        return f"the {name} of {who} {'rises' if change > 0 else 'falls'} by {size}"
    return f"{who} {'loses' if change < 0 else 'gains'} {size} {name}"


def _mean_of_lowest(number: int, values: Iterable[float]) -> float:
    return math.fsum(heapq.nsmallest(number, values)) / number


def _hits(figure: Figure) -> int:
    return round((figure.value or 0.0) * figure.rows)
