"""What operators had decided when a run began; it holds for the whole run.

Read once, at the start: a decision made while a run is under way counts from the next
one on, whichever step it would have reached. It goes to the nodes as parameters, so
TFX's cache knows its content, and a decision that is taken back gives the earlier
results again.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence

from components.audit_decisions import AuditDecisions
from components.fairness_evaluator.waivers import Waivers
from components.operator_state import OperatorState
from components.payloads.decision import Waiver


@dataclasses.dataclass(frozen=True)
class OperatorSnapshot:
    """The operator's state at one moment."""

    quarantined: Mapping[str, str]  # reasons by silo
    waivers: Mapping[str, Sequence[Waiver]]  # by the digest of the model
    weight_factors: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Of silos' weights in training, by silo; others have 1."""

    appeals: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Open appeals against verdicts, in words by silo."""


NOTHING = OperatorSnapshot({}, {})


def read(url: str, use_case: str) -> OperatorSnapshot:
    """Return the operator's state as it is now in a store."""
    today = datetime.datetime.now(datetime.UTC).date()
    audit = AuditDecisions(url, use_case)
    return OperatorSnapshot(
        OperatorState(url, use_case).quarantined(),
        Waivers(url, use_case).all_active(today),
        audit.factors(),
        audit.appeals(),
    )
