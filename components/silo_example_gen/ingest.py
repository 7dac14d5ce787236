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

from components import circumstances
from components.errors import SiloError
from components.silo_example_gen import files, splits
from components.silo_example_gen.settings import SourceSettings
from components.silos import digests, findings, homes, leftovers
from components.silos.findings import Finding
from components.silos.manifest import EVAL, NEXT, SCORE, TRAIN
from components.silos.silo import Silo
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
        digest of a file that can't be read, the reason.

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
    return Result({"files": listed})


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
        arguments: `source` (SourceSettings as JSON), `code` (digest of our code),
            `history` and `following` (paths of the files to learn from, and of
            the span after them).

    Returns:
        Values `inputs`, `splits` and `unreadable` as in a `SiloEntry`.

    Raises:
        SiloError: Not one of the files could be used.
    """
    source = SourceSettings.model_validate(arguments["source"])
    before, history, broken = _load(silo, arguments["history"], source)
    after, following, broken_too = _load(silo, arguments["following"], source)
    unreadable = [dataclasses.asdict(one) for one in (*broken, *broken_too)]
    lost = [one.sentence for one in (*broken, *broken_too) if one.hint == STORAGE]
    if history is None and following is None:
        nothing = _nothing(silo, [*broken, *broken_too])
        raise circumstances.of_circumstance(nothing) if lost else nothing
    # As two lists: a file that is learned from in one run is scored in another.
    name = digests.of_json(
        [arguments["code"], source.model_dump(mode="json"), before, after, unreadable]
    )
    folder = silo.path("splits", name[:32])
    if not _is_whole(folder):
        _write(silo, folder, _tables(silo, history, following, source))
    return Result(
        {
            "inputs": [*before, *after],
            "splits": json.loads((folder / "splits.json").read_text("utf-8")),
            "unreadable": unreadable,
        },
        lacking=_lost(silo, lost),
    )


def _lost(silo: Silo, sentences: Sequence[str]) -> Failure | None:
    if not sentences:
        return None
    reason = f"silo `{silo.id}`: {'; '.join(sentences)}"
    return Failure(reason, STORAGE, circumstance=True)


def _load(
    silo: Silo, paths: Sequence[str], source: SourceSettings
) -> tuple[list[dict[str, Any]], pa.Table | None, list[Finding]]:
    inputs, tables, broken = [], [], []
    for path in map(pathlib.Path, paths):
        try:
            table = files.read(silo.id, path)
        except SiloError as error:
            told = f"{path.name}: {error.found}, expected {error.expected}"
            broken.append(Finding(told, error.hint))
            continue
        except OSError as error:
            known = isinstance(error, _KNOWN_TO_THE_KEY)
            told = f"{path.name}: {circumstances.words(error)}"
            broken.append(Finding(told, RIGHT if known else STORAGE))
            continue
        inputs.append(
            {"path": str(path), "digest": digests.of_file(path), "rows": table.num_rows}
        )
        tables.append((path.name, table))
    if not tables:
        return inputs, None, broken
    table, refused = files.unify(tables)
    label = source.rows.label
    if label in table.column_names:
        index = table.column_names.index(label)
        values = files.relabel(table[label], source.rows.label_values)
        table = table.set_column(index, label, values)
    return inputs, table, [*broken, *refused]


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
    columns = [source.rows.split_by] if source.rows.split_by else source.rows.key
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
    listed = folder / "splits.json"
    if not listed.exists():
        return False
    written = json.loads(listed.read_text("utf-8"))
    return all(pathlib.Path(split["path"]).exists() for split in written.values())


def _write(silo: Silo, folder: pathlib.Path, tables: Mapping[str, pa.Table]) -> None:
    """Write all splits, or none: the folder appears when it is whole.

    Of a folder that was there already, only lost files are written again.
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
                "path": str(folder / file),
                "digest": digests.of_file(unfinished / file),
                "rows": table.num_rows,
            }
        (unfinished / "splits.json").write_text(json.dumps(written, ensure_ascii=False))
        homes.publish(silo, unfinished, folder, overwrite=False)
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
