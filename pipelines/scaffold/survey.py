"""Looks at a new use case's data, silo by silo, to propose settings.

This runs for the data scientist who holds the data. Rows of two silos are never
put together: each silo is read, measured and let go before the next. It is read twice:
`look` tells what its columns hold; `measure` brings them to the schema, as a run will,
and counts what a run will find.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from tensorflow_metadata.proto.v0 import schema_pb2

from components import digests
from components.errors import SettingsError, SiloError
from components.payloads.silo import check_id
from components.silo_example_gen import discovery, files, splits
from components.silo_example_gen.conform import columns_of, conform
from components.silo_example_gen.kinds import Kind, kind_of
from components.silo_example_gen.settings import RowsSettings
from pipelines.scaffold.votes import Vote, settle, vote
from pipelines.scaffold.words import few

ALL_FILES = "*"
UNPACK = "unpack it, or export it as .parquet or .csv"
NO_HEADER = "found none of the columns of the silo's other files; is there a header?"
MAX_LABEL_VALUES = 20
IDENTIFIER = r"^[\pL\pN._:/+-]{1,64}$"
LARGEST = float(np.finfo(np.float32).max)  # beyond, a run takes a number as missing
NUMBERS = schema_pb2.Feature(type=schema_pb2.FLOAT)
WHOLES = schema_pb2.Feature(type=schema_pb2.INT)
TEXT = schema_pb2.Feature(type=schema_pb2.BYTES)


@dataclasses.dataclass(frozen=True)
class Column:
    """What a silo's files hold of a column.

    Attributes:
        vote: What most of its rows say; None where two sides are equally large.
        by_file: What each file says.
        filled: Rows with a value.
        distinct: Different values.
        only: The value, where all rows have the same; a value in some rows only, such
            as a tick, tells them apart.
        is_unique: Whether each row has a value that no other has.
        is_identifier: Whether the values look like names of rows: short text without
            spaces, whole numbers without large gaps, or numbers of 2^53 and more.
    """

    vote: Vote | None
    by_file: dict[str, Vote]
    filled: int = 0
    distinct: int = 0
    only: str | None = None
    is_unique: bool = False
    is_identifier: bool = False


# What each silo holds, by column and silo.
Columns: TypeAlias = Mapping[str, Mapping[str, Column]]


@dataclasses.dataclass(frozen=True)
class Looked:
    """What a silo holds.

    Attributes:
        name: The silo.
        folder: Its folder.
        rows: Its rows in files that can be read.
        columns: Its columns, in their order.
        labels: Rows of each label value, for the most frequent ones.
        files: Digests of its files with rows, by name.
        unreadable: Why files, or the whole silo, can't be read.
        passed_over: Files in formats that are not read.
    """

    name: str
    folder: pathlib.Path
    rows: int
    columns: dict[str, Column]
    labels: Counter[str]
    files: dict[str, str]
    unreadable: tuple[str, ...]
    passed_over: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Bad:
    """Values of a silo's column that don't fit the schema.

    Attributes:
        num: How many, unit: rows.
        values: All values of the files that hold them, unit: rows.
        found: What most of them are, in words.
        files: The files that hold them.
    """

    num: int
    values: int
    found: str
    files: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Measured:
    """What a run will find in a silo.

    Attributes:
        bad: By column, values that don't fit the schema.
        not_finite: By column, the share of rows with NaN or an infinite number.
        labels: Rows by label: 0, 1, -1 for any other value, None where it is missing.
        train: Rows to learn from of label 0 and 1.
        held_out: Rows held out of label 0 and 1.
        keyless: Rows without a key.
        repeated: Rows whose key an earlier row has.
        has_split_columns: Whether the silo has the columns that send rows to train or
            eval.
    """

    bad: dict[str, Bad]
    not_finite: dict[str, float]
    labels: Counter[int | None]
    train: tuple[int, int] = (0, 0)
    held_out: tuple[int, int] = (0, 0)
    keyless: int = 0
    repeated: int = 0
    has_split_columns: bool = True


def look(data: pathlib.Path, label: str, null_values: Sequence[str]) -> list[Looked]:
    """Look at all silos; one that can't be read says so in its `unreadable`.

    Args:
        data: Folder that holds a folder for each silo.
        label: The label's column.
        null_values: How CSV files write a missing value.

    Raises:
        SettingsError: There is no such folder, no silo in it, or none can be read.
    """
    if not data.is_dir():
        raise SettingsError(f"--data {data}: found no such folder")
    try:
        folders = sorted(filter(discovery.may_be_silo, data.iterdir()))
    except OSError as error:
        raise SettingsError(
            f"--data {data}: can't be read ({error.strerror})"
        ) from None
    if not folders:
        raise SettingsError(
            f"--data {data}: found no folder in it, expected one for each silo",
            "put each silo's Parquet or CSV files into a folder of its own",
        )
    silos = [_look(folder, label, null_values) for folder in folders]
    if not any(silo.columns for silo in silos):
        told = "\n".join(f"  {reason}" for silo in silos for reason in silo.unreadable)
        raise SettingsError(f"--data {data}: no silo can be read:\n{told}")
    return silos


def _look(folder: pathlib.Path, label: str, null_values: Sequence[str]) -> Looked:
    name = folder.name.encode("utf-8", "backslashreplace").decode("utf-8")
    unreadable: list[str] = []
    tables, passed_over = {}, []
    try:
        check_id(folder.name)
        found = files.find(folder, ALL_FILES)
        passed_over = files.passed_over(folder, [path for _, path in found])
        for path, table in _tables(folder, null_values, unreadable):
            tables[path] = table
    except SettingsError as error:
        unreadable.append(error.message)
    except OSError as error:
        unreadable.append(f"silo `{name}`: its folder can't be read ({error.strerror})")
    strangers = _strangers(tables, label)
    for path in strangers:
        unreadable.append(f"silo `{name}`: {path.name}: {NO_HEADER}")
        del tables[path]
    if not tables and not unreadable:
        also = f", only {few(passed_over)}; {UNPACK}" if passed_over else ""
        unreadable.append(f"silo `{name}`: found no Parquet or CSV file{also}")
    rows = sum(table.num_rows for table in tables.values())
    names = dict.fromkeys(n for table in tables.values() for n in table.column_names)
    columns = {
        column: _column(
            {path: t[column] for path, t in tables.items() if column in t.column_names},
            rows,
        )
        for column in names
    }
    counts: Counter[str] = Counter()
    for table in tables.values():
        if label in table.column_names:
            counts.update(_label_values(table[label]))
    counts = Counter(dict(counts.most_common(MAX_LABEL_VALUES + 1)))
    return Looked(
        name,
        folder,
        rows,
        columns,
        counts,
        {path.name: digests.of_file(path) for path, t in tables.items() if t.num_rows},
        tuple(unreadable),
        tuple(passed_over),
    )


def _strangers(
    tables: Mapping[pathlib.Path, pa.Table], label: str
) -> list[pathlib.Path]:
    """Return the files that share no column with those that have the label."""
    known = {
        name
        for table in tables.values()
        if label in table.column_names
        for name in table.column_names
    }
    return [p for p, t in tables.items() if known and not known & {*t.column_names}]


def _tables(
    folder: pathlib.Path, null_values: Sequence[str], unreadable: list[str]
) -> Iterator[tuple[pathlib.Path, pa.Table]]:
    for _, path in files.find(folder, ALL_FILES):
        try:
            yield path, files.read(folder.name, path, null_values)
        except SiloError as error:
            unreadable.append(f"{error.message}; {error.hint}")
        except OSError as error:
            reason = f"can't be read ({error.strerror})"
            unreadable.append(f"silo `{folder.name}`: {path.name}: {reason}")


def _column(parts: Mapping[pathlib.Path, pa.ChunkedArray], rows: int) -> Column:
    by_file = {
        path.name: vote(part, parse=files.is_untyped(path))
        for path, part in parts.items()
    }
    weights = [len(part) for part in parts.values()]
    agreed = settle(zip(by_file.values(), weights, strict=True))
    filled, texts = 0, []
    for part, one in zip(parts.values(), by_file.values(), strict=True):
        if one.kind is Kind.NUMBER:
            conformed = conform(part, NUMBERS)
            finite = _finite(conformed.column)
            filled += len(finite) + conformed.num_bad
            texts.append(finite.cast(pa.string()))
        elif one.kind is Kind.UNSUPPORTED:
            filled += len(part) - part.null_count
        else:
            texts.append(conform(part, TEXT).column.drop_null())
            filled += len(texts[-1])
    values = pa.chunked_array([c for t in texts for c in t.chunks], pa.string())
    unique = pc.unique(values)
    kind = agreed.kind if agreed else Kind.EMPTY
    is_unique = kind in {Kind.WHOLE, Kind.LARGE, Kind.TEXT} and filled == rows == len(
        unique
    )
    return Column(
        agreed,
        by_file,
        filled,
        len(unique),
        unique[0].as_py() if len(unique) == 1 and len(values) == rows else None,
        is_unique,
        is_unique and _is_identifier(values, agreed),
    )


def _finite(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the numbers that a run does not take as missing."""
    usable = pc.less_equal(pc.abs(column), LARGEST)  # false for NaN
    return column.filter(pc.fill_null(usable, False))


def _is_identifier(values: pa.ChunkedArray, agreed: Vote | None) -> bool:
    if agreed is None or agreed.kind is Kind.TEXT:
        return bool(pc.all(pc.match_substring_regex(values, IDENTIFIER)).as_py())
    if agreed.wide or agreed.kind is Kind.LARGE:
        return True
    ends = pc.min_max(conform(values, WHOLES).column).as_py()
    return bool(ends["max"] - ends["min"] < 2 * len(values))


def _label_values(column: pa.ChunkedArray) -> dict[str, int]:
    """Return the rows of each value; 1, 1.0 and true are the same."""
    if kind_of(column, parse=False) is Kind.UNSUPPORTED:
        return {f"a {column.type}": len(column)}
    whole = conform(column, WHOLES)
    if not whole.num_bad:
        column = whole.column.cast(pa.string())
    elif pa.types.is_floating(column.type):
        column = column.cast(pa.string())
    else:
        column = conform(column, TEXT).column
    found = pc.value_counts(pc.utf8_trim_whitespace(column.drop_null()))
    return {item["values"]: item["counts"] for item in found.to_pylist()}


def measure(silo: Looked, schema: schema_pb2.Schema, rows: RowsSettings) -> Measured:
    """Bring a silo's rows to the schema, as a run will, and count what it will find.

    Args:
        silo: The silo.
        schema: The columns and their types.
        rows: The settings of rows; `split_by` or `key` sends them to train or eval.
    """
    bad: dict[str, list[Bad]] = defaultdict(list)
    tables = []
    for path, table in _tables(silo.folder, rows.null_values, []):
        found = columns_of(table, schema, rows)
        for name, one in found.items():
            if one.num_bad:
                values = table.num_rows - table[name].null_count
                words = one.found.removeprefix("other ")
                bad[name].append(Bad(one.num_bad, values, words, (path.name,)))
        tables.append(pa.table({name: one.column for name, one in found.items()}))
    plain = pa.concat_tables(tables, promote=True) if tables else pa.table({})
    return _counted(plain, {name: _sum(parts) for name, parts in bad.items()}, rows)


def _sum(parts: Sequence[Bad]) -> Bad:
    return Bad(
        sum(one.num for one in parts),
        sum(one.values for one in parts),
        max(parts, key=lambda one: one.num).found,
        tuple(name for one in parts for name in one.files),
    )


def _counted(plain: pa.Table, bad: dict[str, Bad], rows: RowsSettings) -> Measured:
    columns = rows.split_by or rows.key
    has_columns = {*columns} <= {*plain.column_names}
    floats = [one.name for one in plain.schema if pa.types.is_floating(one.type)]
    not_finite = {
        name: (len(column) - column.null_count - len(_finite(column))) / len(column)
        for name in floats
        if len(column := plain[name])
    }
    if rows.label not in plain.column_names:
        return Measured(bad, not_finite, Counter(), has_split_columns=has_columns)
    label = plain[rows.label]
    found = pc.value_counts(label).to_pylist()
    counts = Counter({item["values"]: item["counts"] for item in found})
    if not has_columns:
        return Measured(bad, not_finite, counts, has_split_columns=False)
    labelled = plain.filter(label.is_valid())
    mask = splits.held_out_rows(labelled, columns, rows.eval_share)
    values = labelled[rows.label].to_numpy()
    keyless = repeated = 0
    if rows.key and {*rows.key} <= {*plain.column_names}:
        keys = plain.select([*rows.key]).drop_null()
        keyless = plain.num_rows - keys.num_rows
        names = splits.identities(keys, rows.key)
        repeated = keys.num_rows - pc.count_distinct(names).as_py()
    return Measured(
        bad,
        not_finite,
        counts,
        _by_label(values[~mask]),
        _by_label(values[mask]),
        keyless,
        repeated,
    )


def _by_label(values: NDArray[np.int64]) -> tuple[int, int]:
    return int((values == 0).sum()), int((values == 1).sum())
