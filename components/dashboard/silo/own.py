"""The report of a run cut down to what one silo may read.

It holds the silo's own figures, records and findings, and what the run came to; of
the gates which refused, but not their sentences, which name silos. What was written
about the silo is without the other silos' names (`names.py`).
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from components.dashboard.report import Report
from components.dashboard.silo import contribution, privacy
from components.dashboard.silo.names import SiloNames
from components.payloads.benefit import BenefitReport, SiloBenefit
from components.payloads.cohort import Cohort
from components.payloads.decision import Decision, GateResult
from components.payloads.ledger import Ledger
from components.payloads.model_run import RoundRecord, RunRecord
from components.payloads.table import Table
from components.scoring.model import ModelCard

OPERATOR = "the operator"
# What each gate protects, by its name in the settings.
GATES = {
    "minimum_data": "Enough data to judge at all",
    "better_than_chance": "A model that ranks better than a coin",
    "silo_floor": "What each silo must reach",
    "worst_tenth": "What the worst served tenth must reach",
    "silo_gap": "How far silos may lie apart",
    "group_gap": "How far groups may lie apart",
    "four_fifths": "The 80 % rule for groups",
    "calibration": "How true scores must be",
    "change": "No step back over all silos",
    "silo_change": "No step back for any silo",
    "worse_than_alone": "No silo worse off than by itself, by what serves it",
    "base_worse_than_alone": "No silo worse off than by itself, by the base model",
}


def reports(report: Report) -> Iterator[Report]:
    """Yield the report of each silo, in the order of the run's; `silos` is that one."""
    names = SiloNames(line.member.silo for line in report.silos)
    figures = _by_silo(report.scores)
    out, rounds = _by_silo(report.run.left_out), _rounds(report.run, names)
    scored = _by_silo(report.ledger.silos)
    not_scored = _by_silo(report.ledger.silos_not_scored)
    benefits = _by_silo(report.benefit.silos)
    refusal = report.cohort.refusal or "No model was trained."
    decision = _decision(report.decision)
    for line in report.silos:
        silo = line.member.silo
        hidden = functools.partial(names.without_others, silo=silo)
        why = hidden(line.not_evaluated)
        if report.is_trained and not line.is_judged:
            why = why or "it has no AUC"
        left_out = {silo: why} if why else {}
        card = ModelCard(report.card.digest, "" if report.is_trained else refusal)
        run = RunRecord(
            report.run.algorithm, rounds=rounds[silo], left_out=hidden(out[silo])
        )
        yield Report(
            report.about,
            report.parts,
            Cohort((hidden(line.member),), quorum=0),
            dataclasses.replace(decision, left_out=left_out, silos=(silo,)),
            Table(figures[silo]),
            run,
            card,
            _benefit(report.benefit, benefits[silo], hidden),
            contribution.of_silo(report.contribution, silo, hidden),
            privacy.of_silo(report.privacy, silo, hidden),
            Ledger(
                report.ledger.status,
                rows=sum(one.rows for one in scored[silo]),
                dead_letters=sum(one.dead_letters for one in scored[silo]),
                unchanged=sum(one.unchanged for one in scored[silo]),
                silos=scored[silo],
                silos_not_scored=hidden(not_scored[silo]),
            ),
            {silo: line.left},
        )


def _by_silo(items: Iterable[Any]) -> Mapping[str, tuple[Any, ...]]:
    found: dict[str, list[Any]] = collections.defaultdict(list)
    for item in items:
        found[item.silo].append(item)
    made = {silo: tuple(own) for silo, own in found.items()}
    return collections.defaultdict(tuple, made)


def _benefit(
    found: BenefitReport, own: Iterable[SiloBenefit], hidden: Callable[[str], str]
) -> BenefitReport:
    """Return the report with a silo's own benefit alone."""
    told = (
        dataclasses.replace(it, reason=hidden(it.reason), failure=hidden(it.failure))
        for it in own
    )
    refusal = hidden(found.refusal)
    return BenefitReport(found.method, found.base, tuple(told), refusal=refusal)


def _decision(decision: Decision) -> Decision:
    """Return what the gates came to, without a sentence that may name a silo."""
    gates = tuple(
        GateResult(
            gate.gate,
            gate.passed,
            GATES.get(gate.gate, gate.gate),
            waiver=gate.waiver
            and dataclasses.replace(gate.waiver, by=OPERATOR, reason="", at=""),
        )
        for gate in decision.gates
    )
    known = decision.baseline, decision.baseline_gone
    return Decision(decision.blessed, (), gates, *known, settings=decision.settings)


def _rounds(run: RunRecord, names: SiloNames) -> Mapping[str, tuple[RoundRecord, ...]]:
    """Return the rounds as each silo took part in them; empty where it did not."""
    empty = [RoundRecord(it.round, math.nan, math.nan, ()) for it in run.rounds]
    own: dict[str, list[RoundRecord]] = collections.defaultdict(empty.copy)
    for place, it in enumerate(run.rounds):
        for one in it.silos:
            losses = (one.loss_before, one.loss_after)
            own[one.silo][place] = RoundRecord(it.round, *losses, (one,))
        for drop in it.dropped:
            dropped = (names.without_others(drop, drop.silo),)
            own[drop.silo][place] = dataclasses.replace(empty[place], dropped=dropped)
    made = {silo: tuple(rounds) for silo, rounds in own.items()}
    return collections.defaultdict(lambda: tuple(empty), made)
