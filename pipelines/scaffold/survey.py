"""Reads a new use case's data, silo by silo: what its columns hold, what a run finds.

This runs for the data scientist who holds the data. Rows of two silos are never
put together: each silo is read, measured and let go before the next. It is read twice:
`survey` returns what its columns hold; `measure` brings them to the schema, as a run
will, and applies a run's checks.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import schema_pb2

from components import digests
from components.errors import SettingsError, SiloError
from components.payloads.findings import Finding
from components.payloads.silo import check_id
from components.silo_example_gen import discovery, files, splits
from components.silo_example_gen.conform import columns_of, conform
from components.silo_example_gen.settings import RowsSettings
from components.silo_validator import checks
from components.silo_validator.checks import LabelCounts
from components.silo_validator.settings import ValidationSettings
from pipelines.scaffold.options import listed
from pipelines.scaffold.votes import Kind, Vote, majority, vote

NO_HEADER = "found none of the columns of the silo's other files; is there a header?"
MAX_LABEL_VALUES = 20
IDENTIFIER = r"^[\pL\pN._:/+-]{1,64}$"
MAX_NON_FINITE = ValidationSettings().max_non_finite_share
NUMBERS = schema_pb2.Feature(type=schema_pb2.FLOAT)
WHOLES = schema_pb2.Feature(type=schema_pb2.INT)
TEXT = schema_pb2.Feature(type=schema_pb2.BYTES)
NONE = LabelCounts(0, 0, 0)


@dataclasses.dataclass(frozen=True)
class Column:
    """What a silo's files hold of a column."""

    vote: Vote | None  # of most rows; None where two sides are equally large
    by_file: dict[str, Vote]
    filled: int = 0  # rows with a value
    distinct: int = 0  # different values
    only: str | None = None  # the value, where all rows have the same, none is empty
    is_unique: bool = False  # each row has a value that no other has
    # Whether the values look like names of rows: short text without spaces, whole
    # numbers without large gaps, or numbers of 2^53 and more.
    is_identifier: bool = False

    @property
    def spellings(self) -> list[str]:
        """What may stand for a missing value among numbers."""
        return sorted({word for one in self.by_file.values() for word in one.spellings})


# What each silo holds, by column and silo.
Columns: TypeAlias = Mapping[str, Mapping[str, Column]]


@dataclasses.dataclass(frozen=True)
class Silo:
    """What a silo holds in the files that can be read."""

    name: str
    folder: pathlib.Path
    rows: int
    columns: dict[str, Column]  # in their order
    labels: Counter[str]  # rows of each label value, for the most frequent ones
    files: dict[str, str]  # digests of files with rows, by name
    unreadable: tuple[str, ...]  # why files, or the whole silo, can't be read
    not_read: tuple[str, ...]  # files in formats that are not read


@dataclasses.dataclass(frozen=True)
class Measured:
    """What a run will find in a silo."""

    # By column, what doesn't fit the schema, a sentence a file.
    misfits: Mapping[str, list[str]] = dataclasses.field(default_factory=dict)
    # By column, too many numbers that are NaN or infinite.
    non_finite: Mapping[str, Finding] = dataclasses.field(default_factory=dict)
    train: LabelCounts = NONE
    held_out: LabelCounts = NONE
    keys: Finding | None = None  # keys that name no row, or two


def survey(data: pathlib.Path, label: str, null_values: Sequence[str]) -> list[Silo]:
    """Survey all silos; one that can't be read says so in its `unreadable`.

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
    silos = [_survey(folder, label, null_values) for folder in folders]
    if not any(silo.columns for silo in silos):
        found = "\n".join(f"  {reason}" for silo in silos for reason in silo.unreadable)
        raise SettingsError(f"--data {data}: no silo can be read:\n{found}")
    return silos


def _survey(folder: pathlib.Path, label: str, null_values: Sequence[str]) -> Silo:
    name = folder.name.encode("utf-8", "backslashreplace").decode("utf-8")
    unreadable: list[str] = []
    not_read: list[str] = []
    tables: dict[pathlib.Path, pa.Table] = {}
    try:
        check_id(folder.name)
        found = files.find(folder, "*")
        not_read = files.passed_over(folder, [path for _, path in found])
        tables.update(_tables(folder, null_values, unreadable))
    except SettingsError as error:
        unreadable.append(error.message)
    except OSError as error:
        unreadable.append(f"silo `{name}`: its folder can't be read ({error.strerror})")
    with_label = [t.column_names for t in tables.values() if label in t.column_names]
    known = {column for names in with_label for column in names}
    for path, table in [*tables.items()]:
        if known and not known & {*table.column_names}:
            unreadable.append(f"silo `{name}`: {path.name}: {NO_HEADER}")
            del tables[path]
    if not tables and not unreadable:
        also = f", only {listed(not_read)}" if not_read else ""
        unreadable.append(f"silo `{name}`: found no Parquet or CSV file{also}")
    parts: dict[str, dict[pathlib.Path, pa.ChunkedArray]] = defaultdict(dict)
    for path, table in tables.items():
        for column in table.column_names:
            parts[column][path] = table[column]
    rows = sum(table.num_rows for table in tables.values())
    labels: Counter[str] = Counter()
    for part in parts.get(label, {}).values():
        labels.update(_label_values(part))
    return Silo(
        name,
        folder,
        rows,
        {column: _column(held, rows) for column, held in parts.items()},
        Counter(dict(labels.most_common(MAX_LABEL_VALUES + 1))),
        {path.name: digests.of_file(path) for path, t in tables.items() if t.num_rows},
        tuple(unreadable),
        tuple(not_read),
    )


def _tables(
    folder: pathlib.Path, null_values: Sequence[str], unreadable: list[str]
) -> Iterator[tuple[pathlib.Path, pa.Table]]:
    for _, path in files.find(folder, "*"):
        try:
            yield path, files.read(folder.name, path, null_values)
        except SiloError as error:
            unreadable.append(f"{error.message}; {error.hint}")
        except OSError as error:
            reason = f"can't be read ({error.strerror})"
            unreadable.append(f"silo `{folder.name}`: {path.name}: {reason}")


def _column(parts: Mapping[pathlib.Path, pa.ChunkedArray], rows: int) -> Column:
    by_file, filled, chunks = {}, 0, []
    for path, part in parts.items():
        one = by_file[path.name] = vote(part, parse=files.is_untyped(path))
        if one.kind is Kind.UNSUPPORTED:
            filled += len(part) - part.null_count
            continue
        found = conform(part, NUMBERS if one.kind is Kind.NUMBER else TEXT)
        kept = found.column
        if one.kind is Kind.NUMBER:
            kept = kept.filter(pc.invert(checks.is_unusable(kept)))
        kept = kept.drop_null().cast(pa.string())
        filled += len(kept) + found.num_bad
        chunks += kept.chunks
    agreed = majority(zip(by_file.values(), map(len, parts.values()), strict=True))
    values = pa.chunked_array(chunks, pa.string())
    unique = pc.unique(values)
    said = agreed or Vote(Kind.EMPTY)
    is_unique = said.kind in {Kind.WHOLE, Kind.LARGE, Kind.TEXT} and (
        filled == rows == len(unique)
    )
    return Column(
        agreed,
        by_file,
        filled,
        len(unique),
        unique[0].as_py() if len(unique) == 1 and len(values) == rows else None,
        is_unique,
        is_unique and _is_identifier(values, said),
    )


def _is_identifier(values: pa.ChunkedArray, said: Vote) -> bool:
    if said.kind is Kind.TEXT:
        return bool(pc.all(pc.match_substring_regex(values, IDENTIFIER)).as_py())
    if said.wide or said.kind is Kind.LARGE:
        return True
    ends = pc.min_max(conform(values, WHOLES).column).as_py()
    return bool(ends["max"] - ends["min"] < 2 * len(values))


def _label_values(column: pa.ChunkedArray) -> dict[str, int]:
    """Return the rows of each value; 1, 1.0 and true are the same."""
    if vote(column, parse=False).kind is Kind.UNSUPPORTED:
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


def measure(silo: Silo, schema: schema_pb2.Schema, rows: RowsSettings) -> Measured:
    """Bring a silo's rows to the schema, as a run will, and apply a run's checks."""
    misfits: dict[str, list[str]] = defaultdict(list)
    tables = []
    for path, table in _tables(silo.folder, rows.null_values, []):
        found = columns_of(table, schema, rows)
        for name, one in found.items():
            if one.num_bad:
                values = table.num_rows - table[name].null_count
                misfits[name].append(
                    f"{path.name}: found {one.found} in {one.num_bad:,} of "
                    f"{values:,} values"
                )
        tables.append(pa.table({name: one.column for name, one in found.items()}))
    plain = pa.concat_tables(tables, promote=True) if tables else pa.table({})
    _, non_finite = checks.non_finite(plain, MAX_NON_FINITE)
    if rows.label not in plain.column_names:
        return Measured(misfits, non_finite)
    labelled = plain.filter(plain[rows.label].is_valid())
    columns = rows.split_by or rows.key
    if not {*columns} <= {*plain.column_names}:
        return Measured(misfits, non_finite, checks.count_labels(labelled[rows.label]))
    mask = splits.held_out_rows(labelled, columns, rows.eval_share)
    chosen = splits.held_out_rows(
        labelled, columns, rows.choose_share, after=rows.eval_share
    )
    train, held_out = (
        checks.count_labels(labelled[rows.label].filter(pa.array(side)))
        for side in (~(mask | chosen), mask)
    )
    keys = checks.keys(plain, rows.key)
    return Measured(misfits, non_finite, train, held_out, keys)
