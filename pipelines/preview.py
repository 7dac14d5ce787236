"""What other bounds would have decided, on stored evaluations: nothing is computed.

Each run's table is judged again with the bounds given, its baseline and its waivers
as they were. Gates whose answer is the same are not told.
"""

from __future__ import annotations

import dataclasses

from components.fairness_evaluator import decision
from components.fairness_evaluator.gate_settings import GateSettings
from components.payloads.decision import Decision
from pipelines.runs.store import Evaluation


@dataclasses.dataclass(frozen=True)
class Changed:
    """A gate that answers otherwise.

    Attributes:
        gate: The gate.
        before: Its sentence then; empty where it was not configured.
        after: Its sentence with the bounds given; empty where it no longer is.
    """

    gate: str
    before: str
    after: str


@dataclasses.dataclass(frozen=True)
class Preview:
    """What would have been decided about one model.

    Attributes:
        then: Whether it was blessed.
        now: Whether it would be.
        changed: The gates that answer otherwise, in their order.
    """

    then: bool
    now: bool
    changed: tuple[Changed, ...]


def preview(evaluation: Evaluation, settings: GateSettings) -> Preview:
    """Judge a stored evaluation by other bounds.

    Args:
        evaluation: The evaluation.
        settings: The bounds.
    """
    then = evaluation.decision
    now = decision.decide(
        evaluation.figures,
        then.silos,
        then.left_out,
        settings,
        then.baseline,
        then.waivers,
        then.baseline_gone,
    )
    before, after = _sentences(then), _sentences(now)
    changed = tuple(
        Changed(gate, before.get(gate, ""), after.get(gate, ""))
        for gate in {**before, **after}
        if before.get(gate) != after.get(gate)
    )
    return Preview(then.blessed, now.blessed, changed)


def _sentences(decided: Decision) -> dict[str, str]:
    return {gate.gate: gate.sentence for gate in decided.gates}
