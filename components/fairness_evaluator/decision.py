"""Decides about a model from its figures: pure over the tidy table.

An evaluation calls it once, and `gate preview` calls it again on a stored table.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.gates import populations
from components.fairness_evaluator.gates.gate import REFUSED, judge
from components.fairness_evaluator.gates.registry import GATES
from components.payloads.decision import Baseline, Decision, Waiver
from components.payloads.table import Table


def decide(
    figures: Table,
    silos: Iterable[str],
    left_out: Mapping[str, str],
    settings: GateSettings,
    baseline: Baseline | None,
    waivers: Iterable[Waiver] = (),
    baseline_gone: Baseline | None = None,
) -> Decision:
    """Decide about a model from its figures: one result for each configured gate.

    Args:
        figures: The tidy table.
        silos: Ids of all silos.
        left_out: Reason by silo that is quarantined or could not be evaluated.
        settings: What is demanded.
        baseline: The model compared with; None when there is none.
        waivers: Those that hold now for this model.
        baseline_gone: See `Decision`.
    """
    everyone = tuple(sorted(silos))
    least = settings.minimum_data
    not_judged = tuple(populations.not_judged(figures, everyone, left_out, least))
    not_judged_ids = {item.silo for item in not_judged}
    evidence = populations.Evidence(
        figures,
        tuple(silo for silo in everyone if silo not in not_judged_ids),
        not_judged,
        least,
        baseline or baseline_gone,
        baseline_is_gone=baseline is None,
    )
    given = {waiver.gate: waiver for waiver in waivers}
    gates = []
    for name, section in {"minimum_data": least, **settings.configured}.items():
        result = judge(name, GATES[name], evidence, section)
        waiver = None if result.passed else given.get(name)
        gates.append(dataclasses.replace(result, waiver=waiver))
    reasons = tuple(gate.sentence for gate in gates if gate.refuses)
    return Decision(
        blessed=not reasons,
        reasons=reasons,
        gates=tuple(gates),
        baseline=baseline,
        baseline_gone=baseline_gone,
        not_judged=not_judged,
        left_out=dict(left_out),
        silos=everyone,
        settings=settings.model_dump(mode="json"),
    )


def refused(reason: str) -> Decision:
    """Return the decision where there is no model to judge, and why."""
    return Decision(False, (REFUSED + reason,))
