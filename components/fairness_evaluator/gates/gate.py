"""Judges a model by one gate, and says why: the same code for every gate.

A gate is data: whom it protects, whose figure it judges, by which statistic and bound,
and the sentences around it. `registry.py` has the table of them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

from components.fairness_evaluator.gates import wording
from components.fairness_evaluator.gates.bounds import Bound
from components.fairness_evaluator.gates.populations import (
    CannotJudge,
    Evidence,
    Member,
    Population,
    Query,
)
from components.fairness_evaluator.gates.statistics import (
    Case,
    Comparison,
    farthest_pair,
    lowest_ratio,
)
from components.payloads.decision import GateResult
from components.settings import Section

REFUSED = "Not blessed: "
FIRST = "There is no earlier blessed model to compare with."
FLOORS = ("at_least", "above", "judged_silos")
PAIRWISE = (farthest_pair, lowest_ratio)


@dataclasses.dataclass(frozen=True)
class Gate:
    """One gate. In its sentences, words in braces stand for what is found.

    Attributes:
        protects: Whom or what it protects, a sentence.
        demands: What it demands, in a few words; may name `metric`, `bound`, `slices`
            and each setting of the gate.
        population: Whose figures it judges.
        statistic: Which cases these make.
        bound: The setting that holds its bound; says the direction too.
        finds: What was found; may name the fields of the statistic's cases.
        hint: What mends the cause of a refusal; may name `who` it is about and the
            silos `not_judged`.
        widened_for: Of what intervals hold many at once, such as `silo`.
        metric: The metric; empty where it is a setting.
        is_change: Whether the change against the earlier blessed model is judged.
    """

    protects: str
    demands: str
    population: Callable[[Evidence, Query], Population]
    statistic: Callable[[Sequence[Member], Comparison], list[Case]]
    bound: str
    finds: str
    hint: str
    widened_for: str = ""
    metric: str = ""
    is_change: bool = False

    def demand(self, section: Section) -> str:
        """Return what a section of the settings demands, in a few words."""
        query = self.query(section)
        return self.demands.format(
            **section.model_dump(exclude={"metric", "slices"}),
            metric=query.name,
            bound=f"{getattr(section, self.bound):g}",
            slices=" or ".join(query.slices) or "each slice",
        )

    def query(self, section: Section) -> Query:
        """Return the figure that a section of the settings asks for."""
        return Query(
            self.metric or getattr(section, "metric", ""),
            getattr(section, "threshold", None),
            self.is_change,
            getattr(section, "slices", ()),
        )


def judge(name: str, gate: Gate, evidence: Evidence, section: Section) -> GateResult:
    """Return what a gate finds about a model.

    Args:
        name: The gate's name, that of its section in the settings.
        gate: The gate.
        evidence: What all gates judge by.
        section: What is demanded.
    """
    if gate.is_change and not evidence.earlier:
        return GateResult(name, True, FIRST)
    waive = (
        "To let this one model pass all the same, and answer for it: `fairsilo gate "
        f"waive RUN --gate {name}`."
    )
    bound = Bound(
        getattr(section, gate.bound),
        gate.bound in FLOORS,
        getattr(section, "refuse_if", "surely"),
        is_strict=gate.bound == "above",
    )
    try:
        cases, note = _cases(gate, evidence, gate.query(section), bound)
    except CannotJudge as cannot:
        sentence = f"{REFUSED}gate {name} could not be computed: {cannot.reason}."
        hint = f"{wording.sentence(cannot.hint)}. {waive}"
        return GateResult(name, False, sentence, hint)
    who, passed, sentence = _rule(cases, bound, gate.finds)
    if passed:
        return GateResult(name, True, sentence + note)
    mend = gate.hint.format(
        who=who,
        not_judged=wording.names([item.silo for item in evidence.not_judged], "silo"),
    )
    hint = f"{mend}. {_other_bound(name, gate, section)} {waive}"
    return GateResult(name, False, REFUSED + sentence + note, hint)


def _cases(
    gate: Gate, evidence: Evidence, query: Query, bound: Bound
) -> tuple[list[Case], str]:
    if gate.is_change:
        evidence.check_earlier()
    places, note = gate.population(evidence, query)
    number = sum(
        math.comb(len(place), 2) if gate.statistic in PAIRWISE else len(place)
        for place in places
    )
    at_once = 1 if bound.refuse_if == "value" else max(1, number)
    compared = Comparison(query, bound, at_once, gate.widened_for)
    cases = [case for place in places for case in gate.statistic(place, compared)]
    return cases, note


def _rule(cases: Sequence[Case], bound: Bound, finds: str) -> tuple[str, bool, str]:
    """Return whom the worst case is about, whether all pass, and the sentence.

    The sentence names the case that misses the bound by most, or else the one that
    comes closest. Many intervals end at the same place, where the metric's range does;
    of these the figure itself decides.
    """
    ordered = sorted(
        cases,
        key=lambda case: (
            bound.margin(case.interval),
            bound.by_value.margin(case.interval),
            case.who,
        ),
    )
    first = ordered[0]
    facts = finds.format(**first.fields)
    missed = [case.who for case in ordered if bound.is_missed(case.interval)]
    if missed:
        also = f" Missed too by {wording.listed(missed[1:])}." if missed[1:] else ""
        return first.who, False, f"{facts}; {bound}.{also}"
    if len(cases) > 1:
        facts = f"Closest of {len(cases):,}: {facts}"
    chance = ""
    if bound.by_value.is_missed(first.interval):
        chance = ", which chance alone could explain"
    return first.who, True, f"{wording.sentence(facts)}; {bound}{chance}."


def _other_bound(name: str, gate: Gate, section: Section) -> str:
    if gate.bound not in type(section).model_fields:
        return f"`gates.{name}: null` removes the gate."
    return (
        f"Where the bound is wrong, change `gates.{name}.{gate.bound}`: `fairsilo gate "
        "preview` shows what another would have decided."
    )
