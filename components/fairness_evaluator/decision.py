"""Decides about a model from its figures: pure over the tidy table.

An evaluation calls it once, and whoever asks what other bounds would have decided
calls it again on the stored table.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.gates import registry
from components.fairness_evaluator.gates.earlier import Earlier
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import REFUSED
from components.payloads.decision import Baseline, Decision, GateResult, Waiver
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
    """Decide about a model from its figures.

    Args:
        figures: The tidy table.
        silos: Ids of all silos.
        left_out: Reason by silo that is quarantined or could not be evaluated.
        settings: What is demanded.
        baseline: The model compared with; None when there is none.
        waivers: Those that hold now for this model.
        baseline_gone: See `Decision`.

    Returns:
        The decision, with one result for each configured gate.
    """
    everyone = tuple(sorted(silos))
    evidence = Evidence.of(
        figures,
        everyone,
        left_out,
        settings.minimum_data,
        _earlier(baseline, baseline_gone),
    )
    given = {waiver.gate: waiver for waiver in waivers}
    results = []
    for name, finding in registry.judge(evidence, settings).items():
        waiver = None if finding.passed else given.get(name)
        result = GateResult(name, finding.passed, finding.sentence, finding.way_out)
        results.append(dataclasses.replace(result, waiver=waiver))
    reasons = tuple(gate.sentence for gate in results if gate.refuses)
    return Decision(
        blessed=not reasons,
        reasons=reasons,
        gates=tuple(results),
        baseline=baseline,
        baseline_gone=baseline_gone,
        not_judged=evidence.not_judged,
        left_out=dict(left_out),
        silos=everyone,
        settings=settings.model_dump(mode="json"),
    )


def refused(reason: str) -> Decision:
    """Return the decision where there is no model to judge.

    Args:
        reason: Why there is none.
    """
    return Decision(False, (REFUSED + reason,))


def _earlier(baseline: Baseline | None, gone: Baseline | None) -> Earlier | None:
    chosen = baseline or gone
    if not chosen:
        return None
    return Earlier(chosen.span, chosen.digest, chosen.uri, is_gone=not baseline)
