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
    Kind,
    Member,
    Query,
)
from components.fairness_evaluator.gates.statistics import (
    Case,
    Comparison,
    farthest_pair,
    lowest_ratio,
)
from components.payloads.decision import GateResult
from components.payloads.table import BASELINE, CANDIDATE
from components.settings import Section

REFUSED = "Not blessed: "
FIRST = "There is no baseline to compare with."
CEILINGS = ("at_most", "at_most_worse")
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
        metric: The metric; empty where it is a setting.
        models: The models whose figures are needed; the last one's is judged.
    """

    protects: str
    demands: str
    population: tuple[Kind, ...]
    statistic: Callable[[Sequence[Member], Comparison], list[Case]]
    bound: str
    finds: str
    hint: str
    metric: str = ""
    models: tuple[str, ...] = (CANDIDATE,)

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
            self.population,
            self.metric or getattr(section, "metric", ""),
            getattr(section, "threshold", None),
            self.models,
            getattr(section, "slices", ()),
            by_interval=self.limit(section).refuse_if != "value",
            in_pairs=self.statistic in PAIRWISE,
        )

    def limit(self, section: Section) -> Bound:
        """Return the bound that a section of the settings sets."""
        return Bound(
            getattr(section, self.bound),
            is_floor=self.bound not in CEILINGS,
            refuse_if=getattr(section, "refuse_if", "surely"),
            is_strict=self.bound == "above",
        )


def judge(name: str, gate: Gate, evidence: Evidence, section: Section) -> GateResult:
    """Return what a gate, named as its section of the settings, finds about a model."""
    if BASELINE in gate.models and not evidence.baseline:
        return GateResult(name, True, FIRST)
    waive = (
        "To let this one model pass all the same, and answer for it: `fairsilo gate "
        f"waive RUN --gate {name}`."
    )
    try:
        who, passed, sentence = _rule(gate, evidence, section)
    except CannotJudge as cannot:
        sentence = f"{REFUSED}gate {name} could not be computed: {cannot.reason}."
        hint = f"{wording.sentence(cannot.hint)}. {waive}"
        return GateResult(name, False, sentence, hint)
    if passed:
        return GateResult(name, True, sentence)
    silos = wording.listed([wording.name(one.silo) for one in evidence.not_judged])
    mend = gate.hint.format(who=who, not_judged=silos)
    other = f"`gates.{name}: null` removes the gate."
    if gate.bound in type(section).model_fields:
        other = (
            f"Where the bound is wrong, change `gates.{name}.{gate.bound}`: `fairsilo "
            "gate preview` shows what another would have decided."
        )
    return GateResult(name, False, REFUSED + sentence, f"{mend}. {other} {waive}")


def _rule(gate: Gate, evidence: Evidence, section: Section) -> tuple[str, bool, str]:
    """Return whom the worst case is about, whether all pass, and the sentence.

    The sentence names the case that misses the bound by most, or else the one that
    comes closest. Many intervals end at the same place, where the metric's range does;
    of these the figure itself decides.
    """
    query, bound = gate.query(section), gate.limit(section)
    places, noun, note = evidence.population(query)
    number = sum(map(len, places))
    if query.in_pairs:
        number = sum(math.comb(len(place), 2) for place in places)
        noun = f"pairs of {noun}"
    at_once = max(1, number) if query.by_interval else 1
    compared = Comparison(query, bound, at_once, noun)
    cases = [case for place in places for case in gate.statistic(place, compared)]
    cases.sort(
        key=lambda case: (
            bound.margin(case.interval),
            bound.by_value.margin(case.interval),
            case.who,
        ),
    )
    first = cases[0]
    facts = gate.finds.format(**compared.fields(first))
    missed = [case.who for case in cases if bound.is_missed(case.interval)]
    if missed:
        also = f" Missed too by {wording.listed(missed[1:])}." if missed[1:] else ""
        return first.who, False, f"{facts}; {bound}.{also}{note}"
    if len(cases) > 1:
        facts = f"Closest of {len(cases):,}: {facts}"
    chance = ""
    if bound.by_value.is_missed(first.interval):
        chance = ", which chance alone could explain"
    return first.who, True, f"{wording.sentence(facts)}; {bound}{chance}.{note}"
