"""What people decided after audits, in the shared store: appeals, and weights.

Nothing is overwritten (`journal.py`). A silo's last row counts: a weight holds from the
next run on, and an appeal suspends it until the operator weighs the silo again. Another
factor than 1 rejects the appeal; with 1, or without a decision, it stands.
"""

from __future__ import annotations

import sqlalchemy as sa

from components import journal
from components.errors import SettingsError
from components.journal import Journal

LOWEST, HIGHEST = 0.5, 2.0  # factors of a silo's weight: nobody is weighed out

_DECISIONS = journal.table(
    "audit_decisions",
    sa.Column("silo", sa.String(128), nullable=False),
    sa.Column("run_id", sa.String(128)),  # that is appealed; none for a factor
    sa.Column("factor", sa.Double),  # none for an appeal
    sa.Column("by", sa.Text, nullable=False),
)


class AuditDecisions:
    """One use case's decisions in a store, given by its URL or a reference to it."""

    def __init__(self, url: str, use_case: str) -> None:
        self._journal = Journal(url, use_case, _DECISIONS)

    def factors(self) -> dict[str, float]:
        """Return the factors of weights that hold now, other than 1, by silo."""
        last = {row["silo"]: row["factor"] for row in self._journal.history()}
        return {it: one for it, one in sorted(last.items()) if one not in {None, 1}}

    def appeals(self) -> dict[str, str]:
        """Return the appeals that stand by silo: by whom, and why."""
        found: dict[str, str] = {}
        for row in self._journal.history():
            if row["run_id"]:
                text = f"{row['by']} (run {row['run_id']}): {row['reason']}"
                found[row["silo"]] = text
            elif row["factor"] != 1:
                found.pop(row["silo"], None)
        return dict(sorted(found.items()))

    def appeal(self, silo: str, run_id: str, reason: str, by: str) -> None:
        """Record that a silo's owner contests a run's audit.

        Raises:
            SettingsError: Reason or name hold no letter.
        """
        self._add(reason, by, silo=silo, run_id=run_id)

    def weigh(self, silo: str, factor: float, reason: str, by: str) -> None:
        """Record a factor of a silo's weight from the next run on; 1 takes it back.

        Raises:
            SettingsError: The factor is out of its range, or reason or name hold no
                letter.
        """
        if not LOWEST <= factor <= HIGHEST:
            raise SettingsError(
                f"--factor: found {factor:g}, expected {LOWEST:g} to {HIGHEST:g}",
                "a silo that must not take part at all is kept out by `fairsilo silo "
                "quarantine`",
            )
        self._add(reason, by, silo=silo, factor=factor)

    def _add(self, reason: str, by: str, **row: object) -> None:
        for option, answer in {"reason": reason, "by": by}.items():
            if not any(character.isalpha() for character in answer):
                raise SettingsError(
                    f"--{option}: found {answer!r}, expected words that the silo's "
                    "owner and later reviewers can read",
                    f'give --{option} "..."',
                )
        self._journal.append(reason=reason.strip(), by=by.strip(), **row)
