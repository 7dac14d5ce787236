"""The silo tasks `fingerprint` and `ingest`: where a silo's files become splits.

`fingerprint` only hashes files; TFX's cache is keyed by it. `ingest` writes the
splits below the silo's home, in a folder named by the digest of all that decides
their content, and never rewrites one: an artifact of an older run stays true.
"""

from __future__ import annotations

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
from components.payloads import findings
from components.payloads.findings import Finding
from components.payloads.manifest import EVAL, NEXT, SCORE, TRAIN
from components.payloads.silo import Silo
from components.silo_example_gen import conform, files, splits
from components.silo_example_gen.settings import SourceSettings
from components.silos import homes, leftovers
from components.silos.tasks import Failure, Result

ROW_GROUP = 65_536
RIGHT = "give FairSilo the right to read what is named here"
STORAGE = "mend the storage of what is named here; the next run tries again"
# `fingerprint` meets these too, so TFX's cache key changes with them; any other error
# of the system may be one of the moment.
_KNOWN_TO_THE_KEY = (FileNotFoundError, NotADirectoryError, PermissionError)


def fingerprint(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """Digest a silo's files as they lie there now.

    Args:
        silo: The silo.
        arguments: `folder`, the silo's own folder, and `pattern` below it.

    Returns:
        Values `files`: a list of `{span, path, digest}`, sorted; instead of the
        digest of a file that can't be read, the reason. And `passed_over`, names of
        files in a format that is not read.

    Raises:
        SiloError: The folder can't be read, or holds a name that isn't UTF-8.
    """
    try:
        found = files.find(pathlib.Path(arguments["folder"]), arguments["pattern"])
    except _KNOWN_TO_THE_KEY as error:
        raise SiloError(
            silo.id,
            "its folder",
            f"a folder that can't be read ({error.strerror})",
            "one that FairSilo may list and read",
            "give FairSilo the right to list and read the folder",
        ) from None
    listed = [
        {"span": span, "path": _plain_path(silo, path), "digest": _digest(path)}
        for span, path in found
    ]
    skipped = files.passed_over(pathlib.Path(arguments["folder"]), arguments["pattern"])
    return Result({"files": listed, "passed_over": skipped})


def _digest(path: pathlib.Path) -> str:
    try:
        return digests.of_file(path)
    except OSError as error:  # `ingest` tells why, and reads the other files
        return f"unreadable: {error.strerror}"


def _plain_path(silo: Silo, path: pathlib.Path) -> str:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise SiloError(
            silo.id,
            "its folder",
            "a file whose name is not UTF-8",
            "file names in UTF-8",
            "rename the file",
        ) from None
    return str(path)


def ingest(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """Write a silo's splits and say what is in them.

    Args:
        silo: The silo.
        arguments: `source` (SourceSettings as JSON), `schema` (serialized, as hex),
            `code` (digest of our code), `history` and `following` (paths of the
            files to learn from, and of the span after them).

    Returns:
        Values `inputs`, `splits`, `unreadable`, `unscored` and `notes` as in a
        `SiloEntry`.

    Raises:
        SiloError: Not one of the files could be used.
    """
    source = SourceSettings.model_validate(arguments["source"])
    schema = schema_pb2.Schema.FromString(bytes.fromhex(arguments["schema"]))
    before = _load(silo, arguments["history"], source, schema)
    after = _load(silo, arguments["following"], source, schema)
    refused = [*before.refused, *after.refused]
    lost = [*before.lost, *after.lost]
    if before.table is None and after.table is None:
        nothing = _nothing(silo, refused)
        raise circumstances.of_circumstance(nothing) if lost else nothing
    scored = after if source.rows.score == "following_span" else before
    said = {
        "unreadable": refused,
        "unscored": scored.refused,
        "notes": list(dict.fromkeys([*before.notes, *after.notes])),
    }
    told = {
        key: [dataclasses.asdict(one) for one in all_] for key, all_ in said.items()
    }
    # As two lists: a file that is learned from in one run is scored in another.
    # Without the folders: the same files elsewhere give the same splits.
    name = digests.of_json(
        [
            arguments["code"],
            source.model_dump(mode="json", exclude={"silos": {"root"}}),
            [[feature.name, feature.type] for feature in schema.feature],
            [_content(item) for item in before.inputs],
            [_content(item) for item in after.inputs],
            told["unreadable"],
        ]
    )
    folder = silo.path("splits", name[:32])
    if not _is_whole(folder):
        _write(silo, folder, _tables(silo, before.table, after.table, source))
    inputs = [*before.inputs, *after.inputs]
    return Result(
        {"inputs": inputs, "splits": _listed(folder), **told},
        lacking=_lost(silo, lost),
    )


@dataclasses.dataclass
class _Loaded:
    """What a silo's files of some spans gave.

    Attributes:
        inputs: `{path, digest, rows}` of each file that was used.
        table: Their rows, with the schema's columns and types; None without files.
        refused: Why files were left out.
        lost: Those that a circumstance left out, which the next run may read.
        notes: What was found in files that were used.
    """

    inputs: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    table: pa.Table | None = None
    refused: list[Finding] = dataclasses.field(default_factory=list)
    lost: list[str] = dataclasses.field(default_factory=list)
    notes: list[Finding] = dataclasses.field(default_factory=list)


def _content(item: Mapping[str, Any]) -> list[Any]:
    return [pathlib.Path(item["path"]).name, item["digest"], item["rows"]]


def _lost(silo: Silo, sentences: Sequence[str]) -> Failure | None:
    if not sentences:
        return None
    reason = f"silo `{silo.id}`: {'; '.join(sentences)}"
    return Failure(reason, STORAGE, circumstance=True)


def _load(
    silo: Silo,
    paths: Sequence[str],
    source: SourceSettings,
    schema: schema_pb2.Schema,
) -> _Loaded:
    loaded, tables = _Loaded(), []
    for path in map(pathlib.Path, paths):
        try:
            table = files.read(silo.id, path, source.rows.null_values)
        except SiloError as error:
            told = f"{path.name}: found {error.found}, expected {error.expected}"
            loaded.refused.append(Finding(told, error.hint))
            continue
        except OSError as error:
            known = isinstance(error, _KNOWN_TO_THE_KEY)
            told = f"{path.name}: {circumstances.system_message(error)}"
            loaded.refused.append(Finding(told, RIGHT if known else STORAGE))
            if not known:
                loaded.lost.append(told)
            continue
        plain, faults = conform.to_schema(table, schema, source.rows)
        if faults:
            loaded.refused += [
                Finding(f"{path.name}: {fault.sentence}", fault.hint)
                for fault in faults
            ]
            continue
        loaded.notes += conform.not_in_schema(table, schema)
        loaded.inputs.append(
            {"path": str(path), "digest": digests.of_file(path), "rows": table.num_rows}
        )
        tables.append(plain)
    if tables:
        loaded.table = pa.concat_tables(tables, promote=True)
    return loaded


def _tables(
    silo: Silo,
    history: pa.Table | None,
    following: pa.Table | None,
    source: SourceSettings,
) -> dict[str, pa.Table]:
    rows, tables = source.rows, {}
    if history is not None:
        labelled, unlabelled = _by_label(history, rows.label)
        columns = _split_columns(silo, labelled, source)
        mask = splits.held_out_rows(labelled, columns, rows.eval_share)
        tables[TRAIN] = labelled.filter(pa.array(~mask))
        tables[EVAL] = labelled.filter(pa.array(mask))
        if rows.score == "unlabelled":
            tables[SCORE] = _without(unlabelled, rows.label)
        elif rows.score == "all":
            tables[SCORE] = _without(history, rows.label)
    if following is not None:
        labelled, _ = _by_label(following, rows.label)
        tables[SCORE] = _without(following, rows.label)
        if labelled.num_rows and rows.label in following.column_names:
            tables[NEXT] = labelled
    return tables


def _split_columns(
    silo: Silo, table: pa.Table, source: SourceSettings
) -> Sequence[str]:
    columns = source.rows.split_by or source.rows.key
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise SiloError(
            silo.id,
            "all files",
            f"no column `{missing[0]}`",
            "the column that sends rows to train or eval",
            f"export the column, or change rows.split_by ({', '.join(columns)})",
        )
    return columns


def _by_label(table: pa.Table, label: str) -> tuple[pa.Table, pa.Table]:
    if label not in table.column_names:
        return table, table.slice(0, 0)  # the schema's check says that it is missing
    null = table[label].is_null(nan_is_null=True)
    return table.filter(pc.invert(null)), table.filter(null)


def _without(table: pa.Table, column: str) -> pa.Table:
    return table.drop([column]) if column in table.column_names else table


def _is_whole(folder: pathlib.Path) -> bool:
    try:
        return all(
            digests.of_file(split["path"]) == split["digest"]
            for split in _listed(folder).values()
        )
    except (OSError, ValueError):  # lost, or cut
        return False


def _listed(folder: pathlib.Path) -> dict[str, Any]:
    """Return the splits in a folder; their paths follow the folder if it is moved."""
    written = json.loads((folder / "splits.json").read_text("utf-8"))
    return {
        name: {**split, "path": str(folder / split["path"])}
        for name, split in written.items()
    }


def _write(silo: Silo, folder: pathlib.Path, tables: Mapping[str, pa.Table]) -> None:
    """Write all splits, or none: the folder appears when it is whole.

    Of a folder with a lost or damaged file, all are written again.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    leftovers.clear(folder.parent.glob(".*"))
    unfinished = folder.with_name(f".{folder.name}-{uuid.uuid4().hex}")
    unfinished.mkdir()
    try:
        written = {}
        for name, table in tables.items():
            file = f"{name}.parquet"
            pq.write_table(table, unfinished / file, row_group_size=ROW_GROUP)
            written[name] = {
                "path": file,
                "digest": digests.of_file(unfinished / file),
                "rows": table.num_rows,
            }
        (unfinished / "splits.json").write_text(json.dumps(written, ensure_ascii=False))
        homes.publish(silo, unfinished, folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _nothing(silo: Silo, unreadable: Iterable[Finding]) -> SiloError:
    each = "; ".join(findings.sentences(unreadable))
    found = f"nothing readable ({each})" if each else "no file"
    return SiloError(
        silo.id,
        "its folder",
        found,
        "at least one readable Parquet or CSV file for this span",
        "export the silo's files again, or check silos.pattern in the settings",
    )
