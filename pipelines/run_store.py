"""The runs of a use case, in the shared store: how they went, pages, evaluations.

On a cluster the operator's machine has no access to the volume that runs write to:
`fairsilo report` and `fairsilo gate` read here. Each run has rows of its own, so runs
at once don't mix, and a step that is tried again writes the same rows again.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import zlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from components import store
from components.errors import FairSiloError
from components.store import MYSQL, Store

RUNNING = "running"

# Runs whose silos count as known: a backfill of an old span may lack the newest.
RECENT = 10
# MySQL refuses a statement longer than `max_allowed_packet` (from 1 MiB; escaping may
# double the bytes), so documents are kept in parts.
PART_BYTES = 256 * 1024

_SUMMARY = "summary"
_PAGE = "page"
_TABLE = "table"
_DECISION = "decision"
_SILO_PAGES = "silo_pages"
_METADATA = sa.MetaData()
_RUNS = sa.Table(
    "runs",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("use_case", sa.String(128), nullable=False),
    sa.Column("run_id", sa.String(128), nullable=False),
    sa.Column("span", sa.String(64), nullable=False),
    sa.Column("status", sa.String(32), nullable=False),
    sa.Column("started", sa.String(32), nullable=False),
    sa.UniqueConstraint("use_case", "run_id", name="one_row_a_run"),
    **MYSQL,
)
_DOCUMENTS = sa.Table(
    "run_documents",
    _METADATA,
    sa.Column("run", sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary(PART_BYTES), nullable=False),
    **MYSQL,
)


@dataclasses.dataclass(frozen=True)
class Run:
    """One run.

    Attributes:
        run_id: Its name, unique in its use case.
        span: As asked for; as resolved once it is finished.
        status: `running`, or one of `pipelines/summary.py`.
        started: When, ISO 8601 in UTC.
    """

    run_id: str
    span: str
    status: str
    started: str


class RunStore:
    """One use case's runs.

    Args:
        url: SQLAlchemy's URL of the store, or a reference to it
            (`components/store_url.py`).
        use_case: Name of the use case.
    """

    def __init__(self, url: str, use_case: str) -> None:
        self._store = Store(url, _METADATA)
        self._use_case = use_case

    @property
    def place(self) -> str:
        """Where the store is, for people."""
        return store.place(self._store.url)

    def start(self, run_id: str, span: str) -> None:
        """Take down that a run has begun, or has begun again.

        Args:
            run_id: Name of the run.
            span: The span as asked for.
        """
        self._write(run_id, span, RUNNING, {})

    def finish(
        self,
        summary: dict[str, Any],
        page: bytes | None,
        table: bytes | None = None,
        decision: bytes | None = None,
        silo_pages: bytes | None = None,
    ) -> None:
        """Take down how a run ended, in place of what was known of it.

        Args:
            summary: As `pipelines/summary.py` makes it.
            page: HTML of its dashboard, if it came to that.
            table: Parquet of its evaluation's tidy table, if it came to that.
            decision: JSON of the decision on its model, if it came to that.
            silo_pages: The pages of its silos, if it came to that, as
                `pipelines/past_runs/silo_pages.py` packs them.
        """
        documents = {_SUMMARY: json.dumps(summary, ensure_ascii=False).encode()}
        more = {
            _PAGE: page,
            _TABLE: table,
            _DECISION: decision,
            _SILO_PAGES: silo_pages,
        }
        documents |= {kind: found for kind, found in more.items() if found is not None}
        self._write(summary["run_id"], summary["span"], summary["status"], documents)

    def runs(self) -> list[Run]:
        """Return all runs, oldest first."""
        query = sa.select(_RUNS).where(_RUNS.c.use_case == self._use_case)
        with self._store.begin() as connection:
            rows = connection.execute(query.order_by(_RUNS.c.id)).all()
        return [Run(row.run_id, row.span, row.status, row.started) for row in rows]

    def running(self) -> list[Run]:
        """Return the runs that have begun and not ended, oldest first."""
        return [run for run in self.runs() if run.status == RUNNING]

    def summaries(self) -> list[dict[str, Any]]:
        """Return the summaries of all runs, oldest first, also of running ones."""
        return self._summaries(self.runs())

    def summary(self, run_id: str) -> dict[str, Any] | None:
        """Return a run's summary; one that runs has status `running`, and no more."""
        found = self._summaries([run for run in self.runs() if run.run_id == run_id])
        return found[0] if found else None

    def page(self, run_id: str) -> bytes | None:
        """Return the HTML of a run's dashboard, if it has one."""
        return self._documents(_PAGE, [run_id]).get(run_id)

    def table(self, run_id: str) -> bytes | None:
        """Return the Parquet of a run's tidy table, if it has one."""
        return self._documents(_TABLE, [run_id]).get(run_id)

    def decision(self, run_id: str) -> bytes | None:
        """Return the JSON of the decision on a run's model, if it has one."""
        return self._documents(_DECISION, [run_id]).get(run_id)

    def silo_pages(self, run_id: str) -> bytes | None:
        """Return the packed pages of a run's silos, if it has any."""
        return self._documents(_SILO_PAGES, [run_id]).get(run_id)

    def silos(self) -> dict[str, dict[str, Any]]:
        """Return what the latest runs told of their silos; empty before any run.

        Returns:
            By silo, in their order, the entry of the last summary that names it,
            with its `run_id`.
        """
        from pipelines.summary import FAILED

        told = [run for run in self.runs() if run.status not in {RUNNING, FAILED}]
        known: dict[str, dict[str, Any]] = {}
        for summary in self._summaries(told[-RECENT:]):
            for item in summary["silos"]:
                known[item["silo"]] = {"run_id": summary["run_id"], **item}
        return dict(sorted(known.items()))

    def _summaries(self, runs: Sequence[Run]) -> list[dict[str, Any]]:
        found = self._documents(_SUMMARY, [run.run_id for run in runs])
        return [
            json.loads(found[run.run_id])
            if run.run_id in found
            else self._unfinished(run)
            for run in runs
        ]

    def _unfinished(self, run: Run) -> dict[str, Any]:
        from pipelines import summary

        # All that a failed run lacks, one that runs lacks too.
        told = summary.of_failure(
            run.run_id, self._use_case, run.span, FairSiloError(""), {}
        )
        return {**told, "status": RUNNING, "reasons": []}

    def _write(
        self, run_id: str, span: str, status: str, documents: dict[str, bytes]
    ) -> None:
        try:
            self._replace(run_id, span, status, documents)
        except sa.exc.IntegrityError:  # another attempt made the row meanwhile
            self._replace(run_id, span, status, documents)

    def _replace(
        self, run_id: str, span: str, status: str, documents: dict[str, bytes]
    ) -> None:
        with self._store.begin() as connection:
            run = self._row(connection, run_id, span, status)
            connection.execute(_DOCUMENTS.delete().where(_DOCUMENTS.c.run == run))
            for kind, content in documents.items():
                for part, piece in enumerate(_parts(content)):
                    row = {"run": run, "kind": kind, "part": part, "content": piece}
                    connection.execute(_DOCUMENTS.insert().values(**row))

    def _row(
        self, connection: sa.Connection, run_id: str, span: str, status: str
    ) -> int:
        """Write a run's row, which stays locked for this transaction."""
        key = (_RUNS.c.use_case == self._use_case) & (_RUNS.c.run_id == run_id)
        change = {"span": span, "status": status}
        if connection.execute(_RUNS.update().where(key).values(**change)).rowcount == 0:
            now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            row = {
                "use_case": self._use_case,
                "run_id": run_id,
                "started": now,
                **change,
            }
            connection.execute(_RUNS.insert().values(**row))
        run: int = connection.scalars(sa.select(_RUNS.c.id).where(key)).one()
        return run

    def _documents(self, kind: str, run_ids: Sequence[str]) -> dict[str, bytes]:
        """Return the documents of a kind by run; a run that has none is left out."""
        query = (
            sa.select(_RUNS.c.run_id, _DOCUMENTS.c.content)
            .join(_DOCUMENTS, _DOCUMENTS.c.run == _RUNS.c.id)
            .where(
                _RUNS.c.use_case == self._use_case,
                _RUNS.c.run_id.in_(run_ids),
                _DOCUMENTS.c.kind == kind,
            )
            .order_by(_RUNS.c.id, _DOCUMENTS.c.part)
        )
        parts: dict[str, list[bytes]] = defaultdict(list)
        with self._store.begin() as connection:
            for run_id, content in connection.execute(query):
                parts[run_id].append(content)
        return {run_id: zlib.decompress(b"".join(parts[run_id])) for run_id in parts}


def known(url: str) -> list[tuple[str, str]]:
    """Return use case and id of all runs in a store, oldest first.

    Args:
        url: SQLAlchemy's URL of the store, or a reference to it.
    """
    query = sa.select(_RUNS.c.use_case, _RUNS.c.run_id).order_by(_RUNS.c.id)
    with Store(url, _METADATA).begin() as connection:
        return [(row.use_case, row.run_id) for row in connection.execute(query)]


def _parts(content: bytes) -> list[bytes]:
    packed = zlib.compress(content)
    return [
        packed[start : start + PART_BYTES]
        for start in range(0, len(packed), PART_BYTES)
    ]
