"""The silo task `ingest`: a silo's files in, a file of each split for each of them out.

Splits lie below the silo's home in folders named by the digest of all that decides
their content, and are never rewritten: an artifact of an older run stays true, and a
file that was ingested before is not read again. Folders that no run has used for days
are removed; a run that needs one again writes it again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import shutil
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tensorflow_metadata.proto.v0 import schema_pb2

from components import circumstances, digests
from components.errors import SiloError
from components.payloads.findings import Finding, sentences
from components.payloads.manifest import EVAL, NEXT, SCORE, TRAIN, DataFile, Split
from components.payloads.silo import Silo
from components.silo_example_gen import conform, files, splits
from components.silo_example_gen.listing import KNOWN_TO_THE_KEY
from components.silo_example_gen.settings import RowsSettings
from components.silos import homes, stale_files
from components.silos.file_digests import FileDigests
from components.silos.tasks import Failure, Result, Task

ROW_GROUP = 65_536
FOLDER = "splits"
RECORD = "splits.json"
HISTORY = "history"
FOLLOWING = "following"
RIGHT = "give FairSilo the right to read what is named here"
STORAGE = "mend the storage of what is named here; the next run tries again"


def ingest(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """Write a silo's splits and say what is in them.

    Args:
        silo: The silo.
        arguments: `rows` (RowsSettings as JSON), `schema` (serialized, as hex), `code`
            (digest of our code), `history` and `following`: path and digest of the
            files to learn from, and of the span after them.

    Returns:
        Values `inputs`, `splits`, `unreadable`, `unscored` and `notes` as in a
        `SiloEntry`, and `removed`: how many stale splits were removed.

    Raises:
        SiloError: Not one of the files could be used.
    """
    ingestion = _Ingestion(silo, arguments)
    history = ingestion.take(HISTORY, arguments["history"])
    following = ingestion.take(FOLLOWING, arguments["following"])
    both = [history, following]
    lost = [one for taken in both for one in taken.lost]
    if not any(taken.inputs for taken in both):
        nothing = _nothing(silo, [one for taken in both for one in taken.refused])
        raise circumstances.of_circumstance(nothing) if lost else nothing
    ingestion.known.save()
    scored = following if ingestion.rows.score == "following_span" else history
    values = {
        "inputs": [one for taken in both for one in taken.inputs],
        "splits": {
            name: Split(tuple(found))
            for taken in both
            for name, found in taken.splits.items()
        },
        "unreadable": [one for taken in both for one in taken.refused],
        "unscored": scored.refused,
        "notes": list(dict.fromkeys(one for taken in both for one in taken.notes)),
    }
    return Result(
        {**_plain(values), "removed": ingestion.remove_stale()},
        missing=_failure(silo, lost),
    )


INGEST = Task("ingest", ingest)


@dataclasses.dataclass
class _Taken:
    """What a silo's files of one role gave.

    Attributes:
        inputs: The files that were used.
        splits: Files of splits by name.
        refused: Why files were left out.
        lost: Those that a circumstance left out, which the next run may read.
        notes: What was found in files that were used.
    """

    inputs: list[DataFile] = dataclasses.field(default_factory=list)
    splits: dict[str, list[DataFile]] = dataclasses.field(default_factory=dict)
    refused: list[Finding] = dataclasses.field(default_factory=list)
    lost: list[str] = dataclasses.field(default_factory=list)
    notes: list[Finding] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class _File:
    """One of a silo's files.

    Attributes:
        path: Where it lies.
        digest: SHA-256 of its bytes.
        name: Digest of all that decides its splits.
        columns: Those of the schema that it has.
        notes: What was found in it.
        table: Its rows; None where they were not read.
    """

    path: pathlib.Path
    digest: str
    name: str
    columns: list[str]
    notes: list[Finding]
    table: pa.Table | None = None


class _Ingestion:
    """Reads files of one silo and writes their splits."""

    def __init__(self, silo: Silo, arguments: Mapping[str, Any]) -> None:
        self._silo = silo
        self.rows = RowsSettings.model_validate(arguments["rows"])
        self._schema = schema_pb2.Schema.FromString(bytes.fromhex(arguments["schema"]))
        self._code = arguments["code"]
        self._root = silo.path(FOLDER)
        self.known = FileDigests(silo, FOLDER)
        self._folders: dict[str, list[pathlib.Path]] = {}
        for folder in sorted(self._root.glob("[!.]*")):
            name, _, _ = folder.name.partition("-")
            self._folders.setdefault(name, []).append(folder)

    def take(self, role: str, listed: Sequence[tuple[str, str]]) -> _Taken:
        """Write the splits of files, unless they are there.

        Args:
            role: `HISTORY` or `FOLLOWING`; a file that is learned from in one run is
                scored in another.
            listed: Their paths and digests.
        """
        taken = _Taken()
        found = []
        for path, digest in listed:
            try:
                found.append(self._look(role, pathlib.Path(path), digest))
            except _RefusedError as refusal:
                taken.refused += refusal.findings
                taken.lost += refusal.lost
        # All files of a split have the same columns: one that lacks some of the
        # others' has no value in them.
        has = {name for file in found for name in file.columns}
        columns = [one.name for one in self._schema.feature if one.name in has]
        if found and role == HISTORY:
            self._check_split_columns(columns)
        for file in found:
            self._add(taken, role, file, columns)
        return taken

    def _look(self, role: str, path: pathlib.Path, digest: str) -> _File:
        """Return a file with what is known of it, read only if nothing is."""
        name = digests.of_json(
            [
                self._code,
                self.rows.model_dump(mode="json"),
                [[feature.name, feature.type] for feature in self._schema.feature],
                role,
                digest,
            ]
        )[:32]
        for folder in self._folders.get(name, ()):
            with contextlib.suppress(OSError, ValueError):
                record = json.loads((folder / RECORD).read_text("utf-8"))
                notes = [Finding(**note) for note in record["notes"]]
                return _File(path, digest, name, record["columns"], notes)
        file = _File(path, digest, name, [], [])
        self._read(file)
        return file

    def _read(self, file: _File) -> None:
        try:
            data = file.path.read_bytes()
            if digests.of_bytes(data) != file.digest:
                found = f"{file.path.name}: changed since the run began"
                raise _RefusedError([Finding(found, circumstances.AGAIN)], [found])
            null_values = self.rows.null_values
            table = files.parse(self._silo.id, file.path, data, null_values)
        except SiloError as error:
            told = f"{file.path.name}: found {error.found}, expected {error.expected}"
            raise _RefusedError([Finding(told, error.hint)]) from None
        except OSError as error:
            told = f"{file.path.name}: {circumstances.system_message(error)}"
            if isinstance(error, KNOWN_TO_THE_KEY):
                raise _RefusedError([Finding(told, RIGHT)]) from None
            raise _RefusedError([Finding(told, STORAGE)], [told]) from None
        plain, faults = conform.to_schema(table, self._schema, self.rows)
        if faults:
            start = f"{file.path.name}: "
            raise _RefusedError([Finding(start + f.sentence, f.hint) for f in faults])
        file.table, file.columns = plain, plain.column_names
        file.notes = conform.not_in_schema(table, self._schema)

    def _check_split_columns(self, found: Sequence[str]) -> None:
        columns = self.rows.split_by or self.rows.key
        missing = [name for name in columns if name not in found]
        if missing:
            raise SiloError(
                self._silo.id,
                "all files",
                f"no column `{missing[0]}`",
                "the column that sends rows to train or eval",
                f"export the column, or change rows.split_by ({', '.join(columns)})",
            )

    def _add(
        self, taken: _Taken, role: str, file: _File, columns: Sequence[str]
    ) -> None:
        """Add a file's splits, which are written if they are not whole."""
        missing = [name for name in columns if name not in file.columns]
        folder = self._root / file.name
        if missing:
            folder = self._root / f"{file.name}-{digests.of_json(missing)[:8]}"
        record = self._whole(folder)
        if record is None:
            try:
                if file.table is None:
                    self._read(file)
            except _RefusedError as refusal:
                taken.refused += refusal.findings
                taken.lost += refusal.lost
                return
            self._write(folder, role, file, columns)
            record = self._whole(folder) or {}
        stale_files.touch(folder)
        taken.inputs.append(DataFile(str(file.path), file.digest, record["rows"]))
        taken.notes += file.notes
        for name, found in record["splits"].items():
            parts = taken.splits.setdefault(name, [])
            if found:
                path = str(folder / found["path"])
                parts.append(DataFile(path, found["digest"], found["rows"]))

    def _whole(self, folder: pathlib.Path) -> dict[str, Any] | None:
        """Return what a folder's splits hold; None unless they are as written."""
        try:
            record: dict[str, Any] = json.loads((folder / RECORD).read_text("utf-8"))
            for found in record["splits"].values():
                if found and self.known.of(folder / found["path"]) != found["digest"]:
                    return None
        except (OSError, ValueError):  # lost, or cut
            return None
        return record

    def _write(
        self, folder: pathlib.Path, role: str, file: _File, columns: Sequence[str]
    ) -> None:
        """Write all splits of a file, or none: the folder appears when it is whole.

        Of a folder with a lost or damaged file, all are written again.
        """
        table = _with_columns(file.table, columns, self._schema)
        unfinished = folder.with_name(f".{folder.name}-{uuid.uuid4().hex}")
        unfinished.mkdir(parents=True)
        try:
            written: dict[str, object] = {}
            for name, part in _tables(table, role, self.rows).items():
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
            record = {
                "columns": file.columns,
                "rows": table.num_rows,
                "splits": written,
                "notes": file.notes,
            }
            text = json.dumps(_plain(record), ensure_ascii=False)
            (unfinished / RECORD).write_text(text, encoding="utf-8")
            homes.publish(self._silo, unfinished, folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def remove_stale(self) -> int:
        """Remove what no run has used for days; return how many splits were."""
        stale_files.remove(self._root.glob(".*"))
        return stale_files.remove(self._root.glob("[!.]*"))


def is_there(folder: pathlib.Path) -> bool:
    """Return whether a folder's splits are there, by their size; none is read."""
    try:
        record = json.loads((folder / RECORD).read_text("utf-8"))
        written = filter(None, record["splits"].values())
        return all(
            (folder / one["path"]).stat().st_size == one["size"] for one in written
        )
    except (OSError, ValueError):
        return False


class _RefusedError(Exception):
    """A file that is left out.

    Args:
        findings: Why.
        lost: The same, where a circumstance is the cause.
    """

    def __init__(self, findings: Sequence[Finding], lost: Sequence[str] = ()) -> None:
        super().__init__(findings, lost)
        self.findings = findings
        self.lost = lost


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return JSON values of what may hold dataclasses."""
    text = json.dumps(values, default=dataclasses.asdict)
    plain: dict[str, Any] = json.loads(text)
    return plain


def _with_columns(
    table: pa.Table, columns: Sequence[str], schema: schema_pb2.Schema
) -> pa.Table:
    kinds = {
        feature.name: conform.TYPES.get(feature.type) for feature in schema.feature
    }
    return pa.table(
        {
            name: table[name]
            if name in table.column_names
            else pa.nulls(table.num_rows, kinds[name])
            for name in columns
        }
    )


def _tables(table: pa.Table, role: str, rows: RowsSettings) -> dict[str, pa.Table]:
    """Return the splits that a file's rows go to."""
    labelled, unlabelled = _by_label(table, rows.label)
    if role == FOLLOWING:
        known = rows.label in table.column_names and labelled.num_rows
        scored = {SCORE: _without(table, rows.label)}
        return {**scored, NEXT: labelled} if known else scored
    columns = rows.split_by or rows.key
    held_out = pa.array(splits.held_out_rows(labelled, columns, rows.eval_share))
    tables = {
        TRAIN: labelled.filter(pc.invert(held_out)),
        EVAL: labelled.filter(held_out),
    }
    if rows.score == "unlabelled":
        tables[SCORE] = _without(unlabelled, rows.label)
    elif rows.score == "all":
        tables[SCORE] = _without(table, rows.label)
    return tables


def _by_label(table: pa.Table, label: str) -> tuple[pa.Table, pa.Table]:
    if label not in table.column_names:
        return table, table.slice(0, 0)  # the schema's check says that it is missing
    null = table[label].is_null(nan_is_null=True)
    return table.filter(pc.invert(null)), table.filter(null)


def _without(table: pa.Table, column: str) -> pa.Table:
    return table.drop([column]) if column in table.column_names else table


def _failure(silo: Silo, lost: Sequence[str]) -> Failure | None:
    if not lost:
        return None
    return Failure(f"silo `{silo.id}`: {'; '.join(lost)}", STORAGE, circumstance=True)


def _nothing(silo: Silo, unreadable: Iterable[Finding]) -> SiloError:
    each = "; ".join(sentences(unreadable))
    found = f"nothing readable ({each})" if each else "no file"
    return SiloError(
        silo.id,
        "its folder",
        found,
        "at least one readable Parquet or CSV file for this span",
        "export the silo's files again, or check silos.pattern in the settings",
    )
