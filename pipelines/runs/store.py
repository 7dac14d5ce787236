"""The run store: how each run of a use case stands, its decision and its figures.

One class for a laptop (SQLite beside the runs) and a cluster (MySQL); waivers and
quarantine are tables of the same database. Pages are files below the folder that the
runs wrote to: the store tells where. Runs at once have rows of their own, and a step
that is tried again writes the same rows again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import pathlib
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from components import locks, store
from components.dashboard.silo.location import FOLDER, file_name
from components.errors import FairSiloError, SettingsError
from components.payloads import table
from components.payloads.contribution import ContributionReport
from components.payloads.decision import Decision
from components.payloads.table import Table
from components.store import MYSQL, Store
from pipelines import summary
from pipelines.places import Places
from pipelines.summary import FAILED, LATEST, RUNNING, Silo, Summary

logger = logging.getLogger(__name__)

# Runs whose silos count as known: a backfill of an old span may lack the newest.
RECENT = 10
# MySQL refuses a statement longer than `max_allowed_packet` (from 1 MiB; escaping may
# double the bytes), so documents are kept in parts.
PART_BYTES = 256 * 1024

_SUMMARY, _DECISION, _FIGURES = "summary", "decision", "figures"
_AUDIT = "contribution"
_METADATA = sa.MetaData()
_RUNS = sa.Table(
    "pipeline_runs",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("use_case", sa.String(128), nullable=False),
    sa.Column("run_id", sa.String(128), nullable=False),
    sa.Column("status", sa.String(32), nullable=False),
    sa.Column("output", sa.Text, nullable=False),  # the use case's folder, absolute
    sa.Column("page", sa.Text, nullable=False),  # below it; empty for none
    sa.UniqueConstraint("use_case", "run_id", name="one_row_a_run"),
    **MYSQL,
)
_DOCUMENTS = sa.Table(
    "pipeline_run_documents",
    _METADATA,
    sa.Column("run", sa.ForeignKey("pipeline_runs.id"), primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary(PART_BYTES), nullable=False),
    **MYSQL,
)


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What a run found about its model, and what was decided."""

    figures: Table
    decision: Decision


class RunStore:
    """The runs of one use case.

    Args:
        url: SQLAlchemy's URL of the store, or a reference to it
            (`components/store_url.py`); empty for the one in `output`.
        use_case: Name of the use case.
        output: The folder that holds the runs' files as this machine sees it; None to
            take it from the store, as the runs saw it.
    """

    def __init__(
        self, url: str, use_case: str, output: pathlib.Path | None = None
    ) -> None:
        self.use_case = use_case
        self.url = url or Places(output or pathlib.Path()).operator_store
        self.program = "fairsilo kubeflow run" if url else "fairsilo run"
        self._own_folder = None if url else output
        self._output = output

    @property
    def place(self) -> str:
        """Where the runs are kept, for people."""
        return str(self._own_folder or f"the store at {store.url_place(self.url)}")

    @property
    def none_yet(self) -> str:
        """What to say where there is no run, for people."""
        return f"use case `{self.use_case}`: found no run yet in {self.place}"

    @property
    def hint(self) -> str:
        """What to do where a run is missing, for people."""
        other = "give --output where they were written elsewhere"
        other = other if self._own_folder else "in Kubeflow's UI"
        return f"start one with `{self.program} {self.use_case}`, or {other}"

    # ---- writing -----------------------------------------------------------

    def start(self, started: Summary) -> None:
        """Record that a run has begun, or has begun again (`summary.of_start`)."""
        self._write(started, {})

    def finish(self, ended: Summary) -> None:
        """Record how a run ended, and write `summary.json` into its folder.

        Decision and figures are read from the folders that the summary names, as far
        as the run came to them.
        """
        self._write(
            ended,
            {
                _DECISION: _read(ended.blessing, Decision.FILE_NAME),
                _FIGURES: _read(ended.evaluation, table.PARQUET),
                _AUDIT: _read(ended.audit, ContributionReport.FILE_NAME),
            },
        )
        if self._output:
            summary.write(ended, Places(self._output))

    @contextlib.contextmanager
    def running(self, started: Summary) -> Iterator[None]:
        """Record a run of this machine as running while the block runs.

        A lock that the kernel drops with the process tells later readers that a run
        was killed; they record it as failed.
        """
        self._end_killed_runs()
        path = self._lock(started.run_id)
        with locks.exclusive(path, "this very run"):
            try:
                self.start(started)
                yield
            finally:
                ended = self.summary(started.run_id)
                if ended is None or ended.status != RUNNING:
                    path.unlink(missing_ok=True)

    # ---- reading -----------------------------------------------------------

    def summaries(self) -> list[Summary]:
        """Return the summaries of all runs, oldest first, also of running ones.

        One that can't be read, as of another version, is left out with a warning.
        """
        self._end_killed_runs()
        return self._summaries(self.run_ids())

    def run_ids(self) -> list[str]:
        """Return the ids of all runs, oldest first."""
        return [row.run_id for row in self._rows()]

    def find(self, run_id: str = "") -> Summary:
        """Return the summary of a run; empty or `latest` is the last.

        Raises:
            SettingsError: There is no such run.
        """
        self._end_killed_runs()
        known = self.run_ids()
        run_id = "" if run_id == LATEST else run_id
        found = self._summaries([run_id] if run_id else known[-1:])
        if found:
            return found[0]
        if not run_id and not known:
            raise SettingsError(self.none_yet, self.hint)
        listed = f"`fairsilo report list {self.use_case}` lists them; " if known else ""
        raise SettingsError(
            f"run {run_id or '(last)'} of `{self.use_case}`: found no summary of it in "
            f"{self.place}; known: {', '.join(known) or 'none'}",
            listed + self.hint,
        )

    def summary(self, run_id: str) -> Summary | None:
        """Return the summary of a run; None where there is none."""
        return next(iter(self._summaries([run_id])), None)

    def silos(self) -> dict[str, tuple[str, Silo]]:
        """Return the silos of the latest runs, sorted; empty before any run.

        Returns:
            By silo, the last run that names it and its entry there.
        """
        ended = [r.run_id for r in self._rows() if r.status not in {RUNNING, FAILED}]
        known = {
            silo.silo: (ended_run.run_id, silo)
            for ended_run in self._summaries(ended[-RECENT:])
            for silo in ended_run.silos
        }
        return dict(sorted(known.items()))

    def pages(self) -> dict[str, pathlib.Path]:
        """Return the files of the runs' pages by run; none of those that are gone."""
        return {run: path for run, path in self._pages().items() if path.is_file()}

    def required_page(self, found: Summary, silo: str = "") -> pathlib.Path:
        """Return the file of a run's page, or of one of its silos'.

        Raises:
            SettingsError: The run has no such silo or page, or it can't be read here.
        """
        run_id, path = found.run_id, self._pages().get(found.run_id)
        show = f"`fairsilo report show {self.use_case} {run_id}`"
        if silo and silo not in {item.silo for item in found.silos}:
            raise SettingsError(
                f"silo `{silo}`: found no such silo among the {len(found.silos):,} of "
                f"run {run_id}",
                f"{show} lists them",
            )
        if path is None:
            raise SettingsError(
                f"run {run_id} has no page: it wrote none", f"{show} tells how it ended"
            )
        path = path.parent / FOLDER / file_name(silo) if silo else path
        if path.is_file():
            return path
        whose = f"silo `{silo}` in run {run_id}" if silo else f"run {run_id}"
        raise SettingsError(
            f"{whose}: found no page at {path}, expected the one that it wrote",
            "it was deleted: run that span again"
            if self._own_folder
            else "pages lie on the cluster's volume: mount it, and give with --output "
            f"its folder of `{self.use_case}`",
        )

    def last_with_page(self) -> Summary:
        """Return the summary of the last run that has a page, or that wrote one.

        Raises:
            SettingsError: No run wrote a page.
        """
        wrote = list(self._pages())
        if not wrote:
            none = f"use case `{self.use_case}`: found no run with a page in "
            raise SettingsError(none + self.place, self.hint)
        return self.find([wrote[-1], *self.pages()][-1])

    def figures(self, run_id: str) -> pa.Table | None:
        """Return the tidy table of a run as columns; None when it has none."""
        content = self._documents(_FIGURES, [run_id]).get(run_id)
        return None if content is None else table.arrow_of_parquet(content)

    def evaluation(self, found: Summary) -> Evaluation:
        """Return the evaluation of a run.

        Raises:
            SettingsError: It has none, or it is of another version.
        """
        run_id = found.run_id
        figures, decided = (
            self._documents(kind, [run_id]).get(run_id)
            for kind in (_FIGURES, _DECISION)
        )
        try:
            if figures is not None and decided is not None:
                return Evaluation(table.of_parquet(figures), Decision.of_json(decided))
        except (FairSiloError, KeyError, ValueError) as error:
            raise SettingsError(
                f"run {run_id}: its evaluation is of another version of FairSilo, "
                f"found {error!r}",
                "run that span again",
            ) from None
        why = "; ".join(found.reasons) or f"it is {found.status}"
        raise SettingsError(
            f"run {run_id}: no evaluation of it is kept ({why})",
            "only runs that evaluated their model can be asked about its gates",
        )

    def audit(self, found: Summary) -> ContributionReport:
        """Return who contributes in a run.

        Raises:
            SettingsError: No audit was made, or it is of another version.
        """
        content = self._documents(_AUDIT, [found.run_id]).get(found.run_id)
        why = "; ".join(found.reasons) or f"it is {found.status}"
        if content is not None:
            report = ContributionReport.of_json(content, f"run {found.run_id}")
            if report.silos:
                return report
            why = report.refusal
        raise SettingsError(
            f"run {found.run_id}: found no audit of contributions ({why})",
            f"`fairsilo report list {self.use_case}` lists the runs; those that train "
            "with `audit.every` as `run` are audited",
        )

    # ---- rows --------------------------------------------------------------

    @functools.cached_property
    def _store(self) -> Store:
        return Store(self.url, _METADATA)

    def _all(self, query: sa.Select[Any]) -> Sequence[Any]:
        # Asking must not make a database where nothing has run.
        if not store.exists(self.url):
            return []
        with self._store.begin() as connection:
            return connection.execute(query).all()

    def _rows(self) -> Sequence[Any]:
        own = _RUNS.c.use_case == self.use_case
        return self._all(sa.select(_RUNS).where(own).order_by(_RUNS.c.id))

    def _pages(self) -> dict[str, pathlib.Path]:
        return {
            row.run_id: pathlib.Path(self._output or row.output, row.page)
            for row in self._rows()
            if row.page
        }

    def _summaries(self, run_ids: Sequence[str]) -> list[Summary]:
        found = self._documents(_SUMMARY, run_ids)
        summaries = []
        for run_id in filter(found.__contains__, run_ids):
            try:
                summaries.append(Summary.of_json(found[run_id], f"run {run_id}"))
            except FairSiloError as error:
                logger.warning("%s; this run is left out", error.message)
        return summaries

    def _documents(self, kind: str, run_ids: Sequence[str]) -> dict[str, bytes]:
        """Return the documents of a kind by run; a run that has none is left out."""
        query = (
            sa.select(_RUNS.c.run_id, _DOCUMENTS.c.content)
            .join(_DOCUMENTS, _DOCUMENTS.c.run == _RUNS.c.id)
            .where(
                _RUNS.c.use_case == self.use_case,
                _RUNS.c.run_id.in_(run_ids),
                _DOCUMENTS.c.kind == kind,
            )
            .order_by(_RUNS.c.id, _DOCUMENTS.c.part)
        )
        parts: dict[str, list[bytes]] = defaultdict(list)
        for run_id, content in self._all(query):
            parts[run_id].append(content)
        return {run_id: zlib.decompress(b"".join(parts[run_id])) for run_id in parts}

    def _end_killed_runs(self) -> None:
        """Record as failed the runs of this machine whose process was killed."""
        if self._own_folder is None:  # a cluster's runs are ended by their last step
            return
        for row in self._rows():
            if row.status != RUNNING or not locks.is_free(self._lock(row.run_id)):
                continue
            killed = FairSiloError(
                "its process was killed before the run ended",
                "run that span again: finished steps come from the cache",
            )
            for started in self._summaries([row.run_id]):
                self.finish(summary.of_failure(started, killed, {}))

    def _lock(self, run_id: str) -> pathlib.Path:
        return Places(self._own_folder or pathlib.Path()).lock(run_id)

    def _write(self, state: Summary, documents: dict[str, bytes | None]) -> None:
        content = {_SUMMARY: state.to_json().encode(), **documents}
        rows = [
            {"kind": kind, "part": part, "content": packed[start : start + PART_BYTES]}
            for kind, text in content.items()
            if text is not None
            for packed in [zlib.compress(text)]
            for part, start in enumerate(range(0, len(packed), PART_BYTES))
        ]
        try:
            self._replace(state, rows)
        except sa.exc.IntegrityError:  # another attempt made the row meanwhile
            self._replace(state, rows)

    def _replace(self, state: Summary, documents: Sequence[dict[str, Any]]) -> None:
        """Write a run's row, which stays locked for this transaction, and documents."""
        names = {"use_case": self.use_case, "run_id": state.run_id}
        page = pathlib.Path(state.dashboard or "")
        if self._output and page.is_relative_to(self._output):
            page = page.relative_to(self._output)
        change = {
            "status": state.status,
            "output": str(self._output or ""),
            "page": str(page) if state.dashboard else "",
        }
        own = sa.and_(*(_RUNS.c[name] == value for name, value in names.items()))
        with self._store.begin() as connection:
            found = connection.execute(_RUNS.update().where(own).values(**change))
            if found.rowcount == 0:
                connection.execute(_RUNS.insert().values(**names, **change))
            run = connection.scalars(sa.select(_RUNS.c.id).where(own)).one()
            connection.execute(_DOCUMENTS.delete().where(_DOCUMENTS.c.run == run))
            for document in documents:  # one by one: see `PART_BYTES`
                connection.execute(_DOCUMENTS.insert().values(run=run, **document))


def known(url: str) -> list[tuple[str, str]]:
    """Return use case and id of all runs in a store, oldest first."""
    if not store.exists(url):
        return []
    query = sa.select(_RUNS.c.use_case, _RUNS.c.run_id).order_by(_RUNS.c.id)
    with Store(url, _METADATA).begin() as connection:
        return [(row.use_case, row.run_id) for row in connection.execute(query)]


def _read(folder: str | None, name: str) -> bytes | None:
    path = pathlib.Path(folder, name) if folder else None
    return path.read_bytes() if path and path.is_file() else None
