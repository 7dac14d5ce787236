"""The silo task `ingest`: a silo's files in, a file of each split for each of them out.

Splits lie below the silo's home in folders named by the digest of all that decides
their content, and are never rewritten: an artifact of an older run stays true, and a
file that was ingested before is not read again. Folders that no run has used for days
are removed; a run that needs one again writes it again.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tensorflow_metadata.proto.v0 import schema_pb2

from components import digests, temporary_faults
from components.errors import SiloError
from components.payloads.findings import Finding, sentences
from components.payloads.manifest import (
    CHOOSE,
    EVAL,
    NEXT,
    SCORE,
    TRAIN,
    DataFile,
    SiloEntry,
    Split,
)
from components.payloads.silo import Silo
from components.silo_example_gen import conform, files, splits
from components.silo_example_gen.discovery import ERRORS_IN_CACHE_KEY
from components.silo_example_gen.settings import RowsSettings
from components.silos import homes, stale_files
from components.silos.file_digests import FileDigests
from components.silos.tasks import Failure, Result, Task

ROW_GROUP = 65_536
FOLDER = "splits"
RECORD = "splits.json"
HISTORY = "history"  # a file that is learned from in one run is scored in another
FOLLOWING = "following"
RIGHTS_HINT = "give FairSilo the right to read what is named here"
STORAGE_HINT = "mend the storage of what is named here; the next run tries again"


def ingest(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """Write a silo's splits and say what is in them.

    Args:
        silo: The silo.
        arguments: `rows` (RowsSettings as JSON), `schema` (serialized, as hex), `code`
            (digest of our code), `history` and `following`: path and digest of the
            files to learn from, and of the span after them.

    Returns:
        Values: the fields of a `SiloEntry` but `silo`, and `removed`: how many stale
        splits were removed.

    Raises:
        SiloError: Not one of the files could be used.
    """
    ingestion = _Ingestion(silo, arguments)
    for role in (HISTORY, FOLLOWING):
        ingestion.take(role, arguments[role])
    return ingestion.result()


INGEST = Task("ingest", ingest)


@dataclasses.dataclass
class _File:
    """One of a silo's files, with what is known of it."""

    path: pathlib.Path
    digest: str
    role: str
    name: str  # digest of all that decides its splits
    columns: list[str] = dataclasses.field(default_factory=list)  # of the schema
    notes: list[Finding] = dataclasses.field(default_factory=list)
    table: pa.Table | None = None  # None where it was not read


class _Ingestion:
    """Reads files of one silo, writes their splits, and keeps account."""

    def __init__(self, silo: Silo, arguments: Mapping[str, Any]) -> None:
        self._silo = silo
        self._rows = RowsSettings.model_validate(arguments["rows"])
        self._schema = schema_pb2.Schema.FromString(bytes.fromhex(arguments["schema"]))
        self._code = arguments["code"]
        self._root = silo.path(FOLDER)
        self._known = FileDigests(silo, FOLDER)
        # Listed once: a silo may have thousands of files. By the name in `_look`.
        self._folders: dict[str, list[pathlib.Path]] = collections.defaultdict(list)
        for folder in sorted(self._root.glob("[!.]*")):
            self._folders[folder.name.partition("-")[0]].append(folder)
        self._inputs: list[DataFile] = []
        self._splits: dict[str, list[DataFile]] = {}
        self._unreadable: list[Finding] = []
        self._unreadable_to_score: list[Finding] = []
        self._lost: list[str] = []  # to a temporary fault: the next run may read it
        self._notes: list[Finding] = []

    def take(self, role: str, listed: Sequence[tuple[str, str]]) -> None:
        """Write the splits of files, given by path and digest, unless they are there.

        All files of a split have the same columns: one that lacks some of the
        others' has no value in them.
        """
        looked = [self._look(role, pathlib.Path(path), d) for path, d in listed]
        found = [file for file in looked if file]
        has = {name for file in found for name in file.columns}
        columns = [one.name for one in self._schema.feature if one.name in has]
        if found and role == HISTORY:
            self._check_split_columns(columns, found)
        for file in found:
            self._add(file, columns)

    def result(self) -> Result:
        """Return what was written and what was left out."""
        missing = None
        if self._lost:
            reason = f"silo `{self._silo.id}`: {'; '.join(self._lost)}"
            missing = Failure(reason, STORAGE_HINT, is_temporary=True)
        if not self._inputs:
            nothing = self._nothing()
            raise temporary_faults.mark(nothing) if missing else nothing
        self._known.save()
        entry = SiloEntry(
            self._silo,
            tuple(self._inputs),
            {name: Split(tuple(found)) for name, found in self._splits.items()},
            unreadable=tuple(self._unreadable),
            unreadable_to_score=tuple(self._unreadable_to_score),
            notes=tuple(dict.fromkeys(self._notes)),
        )
        values = dataclasses.asdict(entry)
        del values["silo"]
        stale_files.remove(self._root.glob(".*"))
        removed = stale_files.remove(self._root.glob("[!.]*"))
        return Result({**values, "removed": removed}, missing=missing)

    def _nothing(self) -> SiloError:
        each = "; ".join(sentences(self._unreadable))
        return SiloError(
            self._silo.id,
            "its folder",
            f"nothing readable ({each})" if each else "no file",
            "at least one readable Parquet or CSV file for this span",
            "export the silo's files again, or check silos.pattern in the settings",
        )

    def _look(self, role: str, path: pathlib.Path, digest: str) -> _File | None:
        """Return a file, read only if nothing is known of it; None if it is refused."""
        rows = self._rows.model_dump(mode="json")
        types = [[feature.name, feature.type] for feature in self._schema.feature]
        name = digests.of_json([self._code, rows, types, role, digest])[:32]
        file = _File(path, digest, role, name)
        for folder in self._folders[name]:
            if record := _record(folder, lambda *_: True):
                file.columns = record["columns"]
                file.notes = [Finding(**note) for note in record["notes"]]
                return file
        return file if self._read(file) else None

    def _read(self, file: _File) -> bool:
        """Read a file; note why and return false where it is left out."""
        table, lost = None, False
        try:
            data = file.path.read_bytes()
            if lost := digests.of_bytes(data) != file.digest:
                faults = [
                    Finding("changed since the run began", temporary_faults.AGAIN_HINT)
                ]
            else:
                nulls = self._rows.null_values
                table = files.parse(self._silo.id, file.path, data, nulls)
        except SiloError as error:
            found = f"found {error.found}, expected {error.expected}"
            faults = [Finding(found, error.hint)]
        except OSError as error:
            lost = not isinstance(error, ERRORS_IN_CACHE_KEY)
            hint = STORAGE_HINT if lost else RIGHTS_HINT
            faults = [Finding(temporary_faults.system_message(error), hint)]
        if table is not None:
            file.notes = conform.not_in_schema(table, self._schema)
            file.table, faults = conform.to_schema(table, self._schema, self._rows)
            file.columns = file.table.column_names
        named = [Finding(f"{file.path.name}: {f.sentence}", f.hint) for f in faults]
        self._unreadable += named
        if file.role == FOLLOWING or self._rows.score != "following_span":
            self._unreadable_to_score += named
        self._lost += sentences(named) if lost else ()
        return not faults

    def _check_split_columns(self, found: Sequence[str], read: list[_File]) -> None:
        columns = self._rows.split_by or self._rows.key
        missing = [name for name in columns if name not in found]
        if missing:
            name = f"`{missing[0]}`"
            near = {n.sentence for f in read for n in f.notes if name in n.hint}
            raise SiloError(
                self._silo.id,
                "all files",
                "; ".join([f"no column {name}", *sorted(near)]),
                "the column that sends rows to train or eval",
                f"export the column, or change rows.split_by ({', '.join(columns)})",
            )

    def _add(self, file: _File, columns: Sequence[str]) -> None:
        """Add a file's splits, which are written if they are not whole."""
        missing = [name for name in columns if name not in file.columns]
        suffix = f"-{digests.of_json(missing)[:8]}" if missing else ""
        folder = self._root / f"{file.name}{suffix}"
        record = self._whole(folder)
        if record is None:
            if file.table is None and not self._read(file):
                return
            record = self._write(folder, file, columns)
        stale_files.touch(folder)
        self._inputs.append(DataFile(str(file.path), file.digest, record["rows"]))
        self._notes += file.notes
        for name, found in record["splits"].items():
            parts = self._splits.setdefault(name, [])
            if found:
                path = str(folder / found["path"])
                parts.append(DataFile(path, found["digest"], found["rows"]))

    def _whole(self, folder: pathlib.Path) -> dict[str, Any] | None:
        """Return what a folder's splits hold; None unless they are as written."""
        return _record(folder, lambda path, one: self._known.of(path) == one["digest"])

    def _write(
        self, folder: pathlib.Path, file: _File, columns: Sequence[str]
    ) -> dict[str, Any]:
        """Write all splits of a file, or none, and return what they hold.

        The folder appears when it is whole. Of a folder with a lost or damaged file,
        all are written again.
        """
        kinds = {one.name: conform.TYPES.get(one.type) for one in self._schema.feature}
        empty = pa.schema([(name, kinds[name]) for name in columns]).empty_table()
        table = pa.concat_tables([empty, file.table], promote=True)
        with homes.new_folder(self._silo, folder) as unfinished:
            written: dict[str, object] = {}
            for name, part in _tables(table, file.role, self._rows).items():
                path = unfinished / f"{name}.parquet"
                written[name] = None
                if part.num_rows:
                    pq.write_table(part, path, row_group_size=ROW_GROUP)
                    written[name] = {
                        "path": path.name,
                        "digest": digests.of_file(path),
                        "rows": part.num_rows,
                        "size": path.stat().st_size,
                    }
            record: dict[str, Any] = {
                "columns": file.columns,
                "rows": table.num_rows,
                "splits": written,
                "notes": [dataclasses.asdict(note) for note in file.notes],
            }
            text = json.dumps(record, ensure_ascii=False)
            (unfinished / RECORD).write_text(text, encoding="utf-8")
        return record


def is_there(folder: pathlib.Path) -> bool:
    """Return whether a folder's splits are there, by their size; none is read."""
    found = _record(folder, lambda path, one: path.stat().st_size == one["size"])
    return found is not None


def _record(
    folder: pathlib.Path, is_whole: Callable[[pathlib.Path, dict[str, Any]], bool]
) -> dict[str, Any] | None:
    """Return what a folder's splits hold; None unless each file is whole."""
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text("utf-8"))
        written = filter(None, record["splits"].values())
        whole = all(is_whole(folder / one["path"], one) for one in written)
    except (OSError, ValueError):  # lost, or cut
        return None
    return record if whole else None


def _tables(table: pa.Table, role: str, rows: RowsSettings) -> dict[str, pa.Table]:
    """Return the splits that a file's rows go to."""
    to_score, labelled, unlabelled = table, table, table.slice(0, 0)
    if rows.label in table.column_names:  # else the schema's check says it is missing
        null = table[rows.label].is_null()
        labelled, unlabelled = table.filter(pc.invert(null)), table.filter(null)
        to_score = table.drop([rows.label])
        unlabelled = unlabelled.drop([rows.label])
    if role == FOLLOWING:
        known = rows.label in table.column_names and labelled.num_rows
        return {SCORE: to_score, **({NEXT: labelled} if known else {})}
    columns = rows.split_by or rows.key
    held_out = splits.held_out_rows(labelled, columns, rows.eval_share)
    chosen = splits.held_out_rows(labelled, columns, rows.choose_share, rows.eval_share)
    tables = {
        TRAIN: labelled.filter(pa.array(~(held_out | chosen))),
        EVAL: labelled.filter(pa.array(held_out)),
        **({CHOOSE: labelled.filter(pa.array(chosen))} if rows.choose_share else {}),
    }
    scored = {"unlabelled": unlabelled, "all": to_score}.get(rows.score)
    return tables if scored is None else {**tables, SCORE: scored}
