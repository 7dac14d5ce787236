"""Waivers of gates, in the operator's store: who let which model pass, and until when.

Nothing is overwritten or removed: of several for one model and gate the last counts,
so that an end can be moved. A waiver holds through its last day in UTC.
"""

from __future__ import annotations

import dataclasses
import datetime

import sqlalchemy as sa

from components.errors import SettingsError
from components.fairness_evaluator.decision import Waiver
from components.store import MYSQL, Store

_METADATA = sa.MetaData()
_WAIVERS = sa.Table(
    "gate_waivers",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("use_case", sa.String(128), nullable=False),
    sa.Column("run_id", sa.String(128), nullable=False),
    sa.Column("gate", sa.String(64), nullable=False),
    sa.Column("model_digest", sa.String(128), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("until", sa.String(10), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    **MYSQL,
)


@dataclasses.dataclass(frozen=True)
class Record:
    """A waiver as it was recorded.

    Attributes:
        waiver: The waiver.
        model_digest: The model that it was given for.
    """

    waiver: Waiver
    model_digest: str

    def is_active(self, today: datetime.date) -> bool:
        """Return whether it holds on a day, in UTC."""
        return today <= datetime.date.fromisoformat(self.waiver.until)


class Waivers:
    """One use case's waivers.

    Args:
        url: SQLAlchemy's URL of the store, or a reference to it
            (`components/store_url.py`).
        use_case: Name of the use case.
    """

    def __init__(self, url: str, use_case: str) -> None:
        self._store = Store(url, _METADATA)
        self._use_case = use_case

    def history(self) -> list[Record]:
        """Return all waivers, oldest first, also those that ended."""
        query = (
            sa.select(_WAIVERS)
            .where(_WAIVERS.c.use_case == self._use_case)
            .order_by(_WAIVERS.c.id)
        )
        with self._store.begin() as connection:
            rows = connection.execute(query).mappings().all()
        fields = [field.name for field in dataclasses.fields(Waiver)]
        return [
            Record(Waiver(**{name: row[name] for name in fields}), row["model_digest"])
            for row in rows
        ]

    def active(self, model_digest: str, today: datetime.date) -> tuple[Waiver, ...]:
        """Return the waivers that hold for a model, one a gate, sorted by gate.

        Args:
            model_digest: The model.
            today: The day, in UTC.
        """
        last = {
            record.waiver.gate: record
            for record in self.history()
            if record.model_digest == model_digest
        }
        return tuple(
            last[gate].waiver for gate in sorted(last) if last[gate].is_active(today)
        )

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
            SettingsError: Reason or name are empty, or the day is none or is over.
        """
        now = datetime.datetime.now(datetime.UTC)
        given = Waiver(
            gate=gate,
            reason=_text("reason", reason, "that a reviewer can judge"),
            by=_text("by", by, "name of the person who answers for it"),
            until=_day(until, now.date()).isoformat(),
            at=now.isoformat(timespec="seconds"),
            run_id=run_id,
        )
        row = {
            "use_case": self._use_case,
            "model_digest": model_digest,
            **dataclasses.asdict(given),
        }
        with self._store.begin() as connection:
            connection.execute(_WAIVERS.insert().values(**row))
        return given


def _text(option: str, text: str, expected: str) -> str:
    if not text.strip():
        raise SettingsError(
            f"--{option}: found nothing, expected one {expected}",
            f'give --{option} "..."',
        )
    return text.strip()


def _day(text: str, today: datetime.date) -> datetime.date:
    way_out = f"give --until with a day from {today} on; it is the waiver's last"
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"--until: found {text!r}, expected a day such as 2026-12-31", way_out
        ) from None
    if day < today:
        raise SettingsError(
            f"--until: found {day}, which is over; in UTC today is {today}", way_out
        )
    return day
