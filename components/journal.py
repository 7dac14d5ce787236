"""What people decided, in the shared store: rows with reasons, added and never changed.

A journal is one table, of which each use case sees its own rows. What holds now is read
from all of them in their order, so nothing decided is ever overwritten or forgotten.
"""

from __future__ import annotations

import datetime
from typing import Any

import sqlalchemy as sa

from components.store import MYSQL, Store


def table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    """Declare a journal's table, with columns besides use case, reason and time."""
    return sa.Table(
        name,
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("use_case", sa.String(128), nullable=False),
        *columns,
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        **MYSQL,
    )


class Journal:
    """One use case's rows of a journal in a store, given by its URL."""

    def __init__(self, url: str, use_case: str, of: sa.Table) -> None:
        self._store = Store(url, of.metadata)
        self._use_case = use_case
        self._table = of

    def history(self) -> list[dict[str, Any]]:
        """Return all rows by column, oldest first."""
        own = self._table.c.use_case == self._use_case
        query = sa.select(self._table).where(own).order_by(self._table.c.id)
        with self._store.begin() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def append(self, **row: object) -> dict[str, Any]:
        """Add a row as of now, and return what was added.

        Args:
            row: The reason, and a value of each column of the table's own.

        Raises:
            sqlalchemy.exc.IntegrityError: The table demands that a value be unique,
                and a row has it already.
        """
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        added = {"use_case": self._use_case, "at": now, **row}
        with self._store.begin() as connection:
            connection.execute(self._table.insert().values(**added))
        return added
