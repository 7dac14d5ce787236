"""The operator's manual quarantine of silos, in the shared store.

Nothing is overwritten: of all decisions on a silo (`journal.py`) the last one counts.
"""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa

from components import journal
from components.errors import SettingsError
from components.journal import Journal

QUARANTINE = "quarantine"
RELEASE = "release"

_DECISIONS = journal.table(
    "silo_decisions",
    sa.Column("silo", sa.String(128), nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
)


@dataclasses.dataclass(frozen=True)
class Decision:
    """What was decided about a silo, and why."""

    silo: str
    action: str  # `quarantine` or `release`
    reason: str
    at: str  # ISO 8601 in UTC


class OperatorState:
    """One use case's decisions in a store, given by its URL or a reference to it."""

    def __init__(self, url: str, use_case: str) -> None:
        self._journal = Journal(url, use_case, _DECISIONS)

    def quarantined(self) -> dict[str, str]:
        """Return the silos that are quarantined now, with the reasons."""
        last = {decision.silo: decision for decision in self.history()}
        return {
            silo: decision.reason
            for silo, decision in sorted(last.items())
            if decision.action == QUARANTINE
        }

    def history(self) -> list[Decision]:
        """Return all decisions, oldest first."""
        rows = self._journal.history()
        return [Decision(r["silo"], r["action"], r["reason"], r["at"]) for r in rows]

    def quarantine(self, silo: str, reason: str) -> None:
        """Keep a silo out of training from the next run on.

        Raises:
            SettingsError: No reason was given, or one without a letter.
        """
        self._add(silo, QUARANTINE, reason)

    def release(self, silo: str, reason: str) -> None:
        """Lift a manual quarantine; the checks still apply.

        Raises:
            SettingsError: No reason was given, one without a letter, or the silo isn't
                quarantined.
        """
        if silo not in self.quarantined():
            raise SettingsError(
                f"silo `{silo}` is not quarantined manually",
                "a silo that the checks refuse is released by mending its data; see "
                "`fairsilo silo check`",
            )
        self._add(silo, RELEASE, reason)

    def _add(self, silo: str, action: str, reason: str) -> None:
        if not any(character.isalpha() for character in reason):
            found = "a reason without a letter" if reason.strip() else "an empty reason"
            raise SettingsError(
                f"{action} of silo `{silo}`: found {found}, expected one that its "
                "owner can read",
                'give --reason "..."',
            )
        self._journal.append(silo=silo, action=action, reason=reason.strip())
