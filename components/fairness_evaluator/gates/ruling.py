"""From many cases and one bound to one finding.

A case is what a gate judges: a silo, two groups of a slice, the whole. The sentence
names the one that misses the bound by most, or else the one that comes closest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from components.fairness_evaluator.gates import words
from components.fairness_evaluator.gates.bounds import Bound
from components.fairness_evaluator.gates.finding import REFUSED, Finding
from components.scoring.intervals import Interval


@dataclasses.dataclass(frozen=True)
class Case:
    """One thing that a gate judges.

    Attributes:
        who: Whom it is about, such as `silo F9`.
        facts: What was found, as the beginning of a sentence.
        interval: The figure with the interval that is judged.
    """

    who: str
    facts: str
    interval: Interval


def rule(
    cases: Sequence[Case], bound: Bound, counted: str = "", way_out: str = ""
) -> Finding:
    """Return what a gate finds.

    Args:
        cases: What is judged, at least one.
        bound: The bound.
        counted: Further sentences, after a space: who was not judged.
        way_out: What a person can do; `{who}` stands for whom the sentence is about.
    """
    ordered = sorted(cases, key=lambda case: _rank(case, bound))
    first = ordered[0]
    missed = [case for case in ordered if bound.is_missed(case.interval)]
    if missed:
        others = [case.who for case in missed[1:]]
        return Finding(
            False,
            f"{REFUSED}{first.facts}; {bound}.{_also(others)}{counted}",
            way_out.format(who=first.who),
        )
    leading = f"Closest of {len(cases):,}: " if len(cases) > 1 else ""
    facts = first.facts if leading else words.sentence(first.facts)
    chance = (
        ", which chance alone could explain"
        if bound.is_missed_by_chance(first.interval)
        else ""
    )
    return Finding(True, f"{leading}{facts}; {bound}{chance}.{counted}")


def measured(
    who: str,
    metric: str,
    threshold: float | None,
    interval: Interval,
    bound: Bound,
    held_by: str = "",
) -> Case:
    """Return the case of one figure.

    Args:
        who: Whom it is about.
        metric: The metric.
        threshold: Its threshold, where it is a rate.
        interval: The figure with the interval that is judged.
        bound: The bound that it is told beside.
        held_by: For how many it was widened, such as `51 silos`; empty for one.
    """
    value = words.valued(metric, threshold, interval.value, bound.value)
    spread = interval_words(interval, bound.value, held_by=held_by)
    return Case(who, f"{who} has {value}{spread and f' ({spread})'}", interval)


def interval_words(
    interval: Interval, beside: float, of: str = "", held_by: str = ""
) -> str:
    """Return an interval as text, such as `95 % CI for 51 silos 0.480 to 0.544`.

    Args:
        interval: The interval; one without width gives an empty text.
        beside: The bound in the same sentence; see `words.number`.
        of: Of what, where that is not the figure before it, such as `the change`.
        held_by: For how many it was widened, such as `51 silos`; empty for one.
    """
    if interval.low == interval.high:
        return ""
    of_what = f" of {of}" if of else ""
    many = f" for {held_by}" if held_by else ""
    low, high = (words.number(end, beside) for end in (interval.low, interval.high))
    return f"95 % CI{of_what}{many} {low} to {high}"


def held_by(number: int, noun: str) -> str:
    """Return for how many an interval was widened; empty where it was not."""
    return words.count(number, noun) if number > 1 else ""


def way_out(gate: str, setting: str, first: str) -> str:
    """Return what a person can do about a refusal.

    Args:
        gate: The gate.
        setting: Its bound's key.
        first: What mends the cause, a sentence without its full stop.
    """
    return (
        f"{first}. Where the bound is wrong, change `gates.{gate}.{setting}`: "
        f"`fairsilo gate preview` tells what another would have decided. To let this "
        f"one model pass all the same, and answer for it: `fairsilo gate waive RUN "
        f"--gate {gate}`."
    )


def _rank(case: Case, bound: Bound) -> tuple[float, float, str]:
    """Return what cases are ordered by: those that miss the bound by most come first.

    Many intervals end at the same place, where the metric's range does; of these the
    figure itself decides.
    """
    by_value = dataclasses.replace(bound, refuse_if="value")
    return bound.margin(case.interval), by_value.margin(case.interval), case.who


def _also(others: Sequence[str]) -> str:
    if not others:
        return ""
    return f" Missed too by {words.listed(others)}."
