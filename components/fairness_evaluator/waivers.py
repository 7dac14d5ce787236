"""Waivers of gates, in the operator's store: who let which model pass, and until when.

Nothing is overwritten or removed: of several for one model and gate the last counts,
so that an end can be moved. A waiver holds through its last day in UTC, or until it is
withdrawn, which is a row of its own that names it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import itertools
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from components import journal
from components.errors import SettingsError
from components.journal import Journal
from components.payloads.decision import Waiver

_WAIVERS = journal.table(
    "gate_waivers",
    sa.Column("run_id", sa.String(128), nullable=False),
    sa.Column("gate", sa.String(64), nullable=False),
    sa.Column("model_digest", sa.String(128), nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("until", sa.String(10), nullable=False),
)
_WITHDRAWALS = journal.table(
    "gate_waiver_withdrawals",
    # Unique, so of two people at once one withdraws it and the other is refused.
    sa.Column("waiver", sa.Integer, nullable=False, unique=True),
    sa.Column("by", sa.Text, nullable=False),
)


@dataclasses.dataclass(frozen=True)
class Withdrawal:
    """The end of a waiver before its last day: why, by whom, and when (ISO 8601)."""

    reason: str
    by: str
    at: str


@dataclasses.dataclass(frozen=True)
class Record:
    """A waiver as it was recorded."""

    number: int  # of its row
    waiver: Waiver
    model_digest: str  # of what serves (`BenefitReport.served_digest`)
    withdrawal: Withdrawal | None = None
    is_last: bool = True  # of its model and gate

    def state(self, day: datetime.date) -> str:
        """Return `active`, `ended`, `withdrawn`, or `replaced` by a later one."""
        if self.withdrawal:
            return "withdrawn"
        if not self.is_last:
            return "replaced"
        last = datetime.date.fromisoformat(self.waiver.until)
        return "active" if day <= last else "ended"

    def is_active(self, day: datetime.date) -> bool:
        """Return whether it holds on a day, in UTC."""
        return self.state(day) == "active"


class Waivers:
    """One use case's waivers.

    Args:
        url: SQLAlchemy's URL of the store, or a reference to it
            (`components/store_url.py`).
        use_case: Name of the use case.
    """

    def __init__(self, url: str, use_case: str) -> None:
        self._given = Journal(url, use_case, _WAIVERS)
        self._withdrawn = Journal(url, use_case, _WITHDRAWALS)

    def history(self) -> list[Record]:
        """Return all waivers, oldest first, also those that ended."""
        rows = self._given.history()
        ends = {row["waiver"]: _withdrawal(row) for row in self._withdrawn.history()}
        last = {(row["model_digest"], row["gate"]): row["id"] for row in rows}
        return [
            Record(
                row["id"],
                _waiver(row),
                row["model_digest"],
                ends.get(row["id"]),
                last[row["model_digest"], row["gate"]] == row["id"],
            )
            for row in rows
        ]

    def last(self, model_digest: str) -> dict[str, Record]:
        """Return the waivers that count for a model by gate, also those that ended."""
        return {
            record.waiver.gate: record
            for record in self.history()
            if record.model_digest == model_digest and record.is_last
        }

    def active(self, model_digest: str, day: datetime.date) -> tuple[Waiver, ...]:
        """Return the waivers that hold for a model on a day, sorted by gate."""
        return self.all_active(day).get(model_digest, ())

    def all_active(self, day: datetime.date) -> dict[str, tuple[Waiver, ...]]:
        """Return the waivers that hold on a day by model digest, sorted by gate."""
        records = [record for record in self.history() if record.is_active(day)]
        records.sort(key=lambda one: (one.model_digest, one.waiver.gate))
        by_model = itertools.groupby(records, lambda one: one.model_digest)
        return {digest: tuple(one.waiver for one in held) for digest, held in by_model}

    def waive(
        self,
        *,
        run_id: str,
        gate: str,
        model_digest: str,
        reason: str,
        by: str,
        until: str,
    ) -> Waiver:
        """Record a waiver of a gate for a run's model until a last day, and return it.

        Raises:
            SettingsError: Reason or name hold no letter, or the day is none or over.
        """
        row = self._given.append(
            run_id=run_id,
            gate=gate,
            model_digest=model_digest,
            until=_day(until).isoformat(),
            **_answered(reason, by),
        )
        return _waiver(row)

    def withdraw(self, *, gate: str, model_digest: str, reason: str, by: str) -> Record:
        """Record that the waiver of a gate no longer holds, and return that waiver.

        Raises:
            SettingsError: Reason or name hold no letter, or no such waiver holds.
        """
        answered, day = _answered(reason, by), today()
        last = self.last(model_digest).items()
        active = {name: record for name, record in last if record.is_active(day)}
        if gate in active:
            # Where somebody else does so at once, one of both finds the row there.
            with contextlib.suppress(sa.exc.IntegrityError):
                row = self._withdrawn.append(waiver=active[gate].number, **answered)
                return dataclasses.replace(active[gate], withdrawal=_withdrawal(row))
        raise SettingsError(
            f"gate `{gate}`: found no waiver of it that holds for that model, expected "
            f"one to withdraw; those that hold: {', '.join(sorted(active)) or 'none'}",
            "`fairsilo gate waivers USE_CASE` lists all, also those that ended",
        )


def today() -> datetime.date:
    """Return the day in UTC, by which waivers end."""
    return datetime.datetime.now(datetime.UTC).date()


def _waiver(row: Mapping[str, Any]) -> Waiver:
    return Waiver(**{each.name: row[each.name] for each in dataclasses.fields(Waiver)})


def _withdrawal(row: Mapping[str, Any]) -> Withdrawal:
    return Withdrawal(row["reason"], row["by"], row["at"])


def _answered(reason: str, by: str) -> dict[str, str]:
    """Return the reason and the name, without the spaces around them.

    Dots or digits alone tell a reviewer nothing, so they are no answer.
    """
    answers = {"reason": reason.strip(), "by": by.strip()}
    for option, (expected, example) in {
        "reason": ("one that a reviewer can judge", "the silo's sensor was replaced"),
        "by": ("the name of the person who answers for it", "A. Reviewer"),
    }.items():
        answer = answers[option]
        if not any(character.isalpha() for character in answer):
            found = f"{answer!r}, which has no letter" if answer else "nothing"
            raise SettingsError(
                f"--{option}: found {found}, expected {expected}",
                f'give --{option} in words, such as --{option} "{example}"',
            )
    return answers


def _day(text: str) -> datetime.date:
    now = today()
    hint = f"give --until with a day from {now} on; it is the waiver's last"
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"--until: found {text!r}, expected a day such as 2026-12-31", hint
        ) from None
    if day < now:
        raise SettingsError(
            f"--until: found {day}, which is over; in UTC today is {now}", hint
        )
    return day
