"""Waivers of gates, in the operator's store: who let which model pass, and until when.

Nothing is overwritten or removed: of several for one model and gate the last counts,
so that an end can be moved. A waiver holds through its last day in UTC, or until it is
withdrawn, which is a row of its own that names it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
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
_WAIVER_FIELDS = tuple(field.name for field in dataclasses.fields(Waiver))


@dataclasses.dataclass(frozen=True)
class Withdrawal:
    """The end of a waiver before its last day.

    Attributes:
        reason: Why, in that person's words.
        by: Who answers for it.
        at: When, ISO 8601 in UTC.
    """

    reason: str
    by: str
    at: str


@dataclasses.dataclass(frozen=True)
class Record:
    """A waiver as it was recorded.

    Attributes:
        number: Its row's.
        waiver: The waiver.
        model_digest: The model that it was given for.
        withdrawal: Who withdrew it; None where nobody did.
    """

    number: int
    waiver: Waiver
    model_digest: str
    withdrawal: Withdrawal | None = None

    def is_active(self, today: datetime.date) -> bool:
        """Return whether it holds on a day, in UTC."""
        last = datetime.date.fromisoformat(self.waiver.until)
        return self.withdrawal is None and today <= last


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
        return [
            Record(row["id"], _waiver(row), row["model_digest"], ends.get(row["id"]))
            for row in rows
        ]

    def last(self, model_digest: str) -> dict[str, Record]:
        """Return the waivers that count for a model by gate, also those that ended."""
        return {
            record.waiver.gate: record
            for record in self.history()
            if record.model_digest == model_digest
        }

    def active(self, model_digest: str, today: datetime.date) -> tuple[Waiver, ...]:
        """Return the waivers that hold for a model on a day, sorted by gate."""
        return self.all_active(today).get(model_digest, ())

    def all_active(self, today: datetime.date) -> dict[str, tuple[Waiver, ...]]:
        """Return the waivers that hold on a day by model digest, sorted by gate."""
        last = {(each.model_digest, each.waiver.gate): each for each in self.history()}
        found: dict[str, tuple[Waiver, ...]] = {}
        for (digest, _), record in sorted(last.items(), key=lambda item: item[0]):
            if record.is_active(today):
                found[digest] = (*found.get(digest, ()), record.waiver)
        return found

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
        """Record a waiver and return it.

        Args:
            run_id: The run whose model is to pass.
            gate: The gate that refused it.
            model_digest: The model.
            reason: Why.
            by: Who answers for it.
            until: Its last day, such as 2026-12-31, in UTC.

        Raises:
            SettingsError: Reason or name hold no letter, or the day is none or over.
        """
        row = self._given.append(
            run_id=run_id,
            gate=gate,
            model_digest=model_digest,
            until=_day(until, _today()).isoformat(),
            **_answered(reason, by),
        )
        return _waiver(row)

    def withdraw(self, *, gate: str, model_digest: str, reason: str, by: str) -> Record:
        """Record that the waiver of a gate no longer holds, and return that waiver.

        Args:
            gate: The gate.
            model_digest: The model that it was waived for.
            reason: Why.
            by: Who answers for it.

        Raises:
            SettingsError: Reason or name hold no letter, or no such waiver holds.
        """
        answered, today = _answered(reason, by), _today()
        record = self.last(model_digest).get(gate)
        if record is not None and record.is_active(today):
            # Where somebody else does so at once, one of both finds the row there.
            with contextlib.suppress(sa.exc.IntegrityError):
                row = self._withdrawn.append(waiver=record.number, **answered)
                return dataclasses.replace(record, withdrawal=_withdrawal(row))
        others = [waiver.gate for waiver in self.active(model_digest, today)]
        raise SettingsError(
            f"gate `{gate}`: found no waiver of it that holds for that model, expected "
            f"one to withdraw; those that hold: {', '.join(others) or 'none'}",
            "`fairsilo gate waivers USE_CASE` lists all, also those that ended",
        )


def _waiver(row: Mapping[str, Any]) -> Waiver:
    return Waiver(**{name: row[name] for name in _WAIVER_FIELDS})


def _withdrawal(row: Mapping[str, Any]) -> Withdrawal:
    return Withdrawal(row["reason"], row["by"], row["at"])


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


def _answered(reason: str, by: str) -> dict[str, str]:
    return {
        "reason": _text("reason", reason, "one that a reviewer can judge"),
        "by": _text("by", by, "the name of the person who answers for it"),
    }


def _text(option: str, text: str, expected: str) -> str:
    # Dots or digits alone tell a reviewer nothing, so they are no answer either.
    if not any(character.isalpha() for character in text):
        found = f"{text.strip()!r}, which has no letter" if text.strip() else "nothing"
        raise SettingsError(
            f"--{option}: found {found}, expected {expected}",
            f'give --{option} "..."',
        )
    return text.strip()


def _day(text: str, today: datetime.date) -> datetime.date:
    hint = f"give --until with a day from {today} on; it is the waiver's last"
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"--until: found {text!r}, expected a day such as 2026-12-31", hint
        ) from None
    if day < today:
        raise SettingsError(
            f"--until: found {day}, which is over; in UTC today is {today}", hint
        )
    return day
