"""All gates by the name of their setting, in the order in which they are told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.gates import (
    better_than_chance,
    calibration,
    change,
    four_fifths,
    group_gap,
    minimum_data,
    silo_change,
    silo_floor,
    silo_gap,
    words,
    worst_silo,
    worst_tenth,
)
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import REFUSED, CannotJudge, Finding
from components.settings import Section


@dataclasses.dataclass(frozen=True)
class Gate:
    """One gate.

    Attributes:
        protects: Whom or what it protects, a sentence.
        demand: Returns what its settings demand, in a few words.
        judge: Returns what it finds.
    """

    protects: str
    demand: Callable[[Any], str]  # each takes its own section of the settings
    judge: Callable[[Evidence, Any], Finding]


GATES = {
    "minimum_data": Gate(
        minimum_data.PROTECTS, minimum_data.demand, minimum_data.judge
    ),
    "better_than_chance": Gate(
        better_than_chance.PROTECTS, better_than_chance.demand, better_than_chance.judge
    ),
    "silo_floor": Gate(silo_floor.PROTECTS, silo_floor.demand, silo_floor.judge),
    "worst_silo": Gate(worst_silo.PROTECTS, worst_silo.demand, worst_silo.judge),
    "worst_tenth": Gate(worst_tenth.PROTECTS, worst_tenth.demand, worst_tenth.judge),
    "silo_gap": Gate(silo_gap.PROTECTS, silo_gap.demand, silo_gap.judge),
    "group_gap": Gate(group_gap.PROTECTS, group_gap.demand, group_gap.judge),
    "four_fifths": Gate(four_fifths.PROTECTS, four_fifths.demand, four_fifths.judge),
    "calibration": Gate(calibration.PROTECTS, calibration.demand, calibration.judge),
    "change": Gate(change.PROTECTS, change.demand, change.judge),
    "silo_change": Gate(silo_change.PROTECTS, silo_change.demand, silo_change.judge),
}


def judge(evidence: Evidence, settings: GateSettings) -> dict[str, Finding]:
    """Return what each configured gate finds, `minimum_data` first.

    Args:
        evidence: What the gates judge by.
        settings: What is demanded.
    """
    sections = {"minimum_data": settings.minimum_data, **settings.configured}
    return {name: _judge(name, evidence, section) for name, section in sections.items()}


def _judge(name: str, evidence: Evidence, section: Section) -> Finding:
    try:
        return GATES[name].judge(evidence, section)
    except CannotJudge as cannot:
        return Finding(
            False,
            f"{REFUSED}gate {name} could not be computed: {cannot.reason}.",
            f"{words.sentence(cannot.way_out)}. To let this one model pass all the "
            f"same, and answer for it: `fairsilo gate waive RUN --gate {name}`.",
        )
