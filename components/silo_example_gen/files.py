"""A silo's own files as Arrow tables: read with care, never written.

Types are narrowed to what statistics and features know: integers, floats and
strings. Months of one silo often disagree on types (a column without values, or
integers that got a fraction); `unify` brings them together or names the file.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from components import circumstances
from components.errors import SiloError
from components.silo_example_gen.settings import SPAN
from components.silos.findings import Finding

SUFFIXES = (".parquet", ".csv")
ONE_TYPE = "export the column with one type in all files"


def find(folder: pathlib.Path, pattern: str) -> list[tuple[str, pathlib.Path]]:
    """Return a silo's files as `(span, path)`, sorted; span is empty without one.

    Args:
        folder: The silo's own folder.
        pattern: As in the settings, below the folder.

    Raises:
        OSError: The folder can't be listed.
    """
    list(folder.iterdir())  # glob() passes over what it may not read
    regex = _regex(pattern)
    found = []
    for path in sorted(folder.glob(pattern.replace(SPAN, "*"))):
        match = regex.fullmatch(path.relative_to(folder).as_posix())
        is_data = path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
        if match and is_data and path.is_file():
            found.append((match.groupdict().get("span") or "", path))
    return sorted(found)


def _regex(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\{span\}|\*\*|\*|\?)", pattern)
    known = {SPAN: "(?P<span>[^/]+?)", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts))


def read(silo: str, path: pathlib.Path) -> pa.Table:
    """Read one file.

    Raises:
        SiloError: It is empty, corrupt, or holds nested columns.
    """
    place = path.name
    if not path.stat().st_size:
        raise SiloError(
            silo,
            place,
            "an empty file (0 bytes)",
            "a table",
            "export what is named here again",
        )
    try:
        if path.suffix.lower() == ".csv":
            # An empty field is a missing value, in a column of strings too.
            options = pyarrow.csv.ConvertOptions(strings_can_be_null=True)
            table = pyarrow.csv.read_csv(path, convert_options=options)
        else:
            table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        if circumstances.is_of_the_machine(error):
            raise
        # Arrow's own text may quote a cell; only the kind of fault is told.
        kind = "CSV" if path.suffix.lower() == ".csv" else "Parquet"
        raise SiloError(
            silo,
            place,
            f"a corrupt file ({type(error).__name__}, {path.stat().st_size:,} bytes)",
            f"a readable {kind} file",
            "export what is named here again",
        ) from None
    if len(set(table.column_names)) < table.num_columns:
        raise SiloError(
            silo,
            place,
            f"{table.num_columns - len(set(table.column_names))} columns whose name "
            "another column has too",
            "a name of its own for each column",
            "export what is named here again, with a header row",
        )
    return pa.table(
        {name: _plain(silo, place, name, table[name]) for name in table.column_names}
    )


def _plain(
    silo: str, place: str, name: str, column: pa.ChunkedArray
) -> pa.ChunkedArray:
    try:
        plain = _narrowed(column)
    except pa.ArrowException:  # a number beyond int64, or a rare type; may be quoted
        plain = None
    if plain is None:
        raise SiloError(
            silo,
            place,
            f"{_named(place, name)} of type {column.type}",
            "64-bit numbers, strings, dates and truth values",
            "leave the column out, or export it as plain values",
        )
    return plain


def _named(place: str, column: str) -> str:
    # Without a header row, the names of a CSV's columns are its first row's values.
    return "a column" if place.lower().endswith(".csv") else f"column `{column}`"


def _narrowed(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_boolean(kind):
        return column.cast(pa.int8()).cast(pa.int64())
    if pa.types.is_integer(kind):
        return column.cast(pa.int64())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_temporal(kind) or pa.types.is_large_string(kind):
        return column.cast(pa.string())
    if pa.types.is_string(kind) or pa.types.is_null(kind):
        return column
    return None


def unify(tables: Sequence[tuple[str, pa.Table]]) -> tuple[pa.Table, list[Finding]]:
    """Put a silo's tables below each other.

    Args:
        tables: Pairs of a file's name and its table.

    Returns:
        The whole table, and a finding for each file that had to be left out because
        a column of it has another type than in the files before.
    """
    kept: list[pa.Table] = []
    kinds: dict[str, pa.DataType] = {}
    refused: list[Finding] = []
    for name, table in tables:
        clash = _clash(kinds, table)
        if clash:
            refused.append(Finding(f"{name}: {clash}", ONE_TYPE))
            continue
        for field in table.schema:
            kinds[field.name] = _wider(kinds.get(field.name), field.type)
        kept.append(table)
    schema = pa.schema(list(kinds.items()))
    return pa.concat_tables([_cast(table, schema) for table in kept]), refused


def _clash(kinds: dict[str, pa.DataType], table: pa.Table) -> str:
    for field in table.schema:
        known = kinds.get(field.name)
        if known is not None and _wider(known, field.type) is None:
            return f"column `{field.name}` is {field.type}, but {known} in files before"
    return ""


def _wider(known: pa.DataType | None, kind: pa.DataType) -> pa.DataType | None:
    if known is None or pa.types.is_null(known) or known == kind:
        return kind
    if pa.types.is_null(kind):
        return known
    if pa.types.is_string(known) or pa.types.is_string(kind):
        return None
    return pa.float64()


def _cast(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        table[field.name].cast(field.type, safe=False)  # of large integers to floats
        if field.name in table.column_names
        else pa.chunked_array([pa.nulls(table.num_rows, field.type)])
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def relabel(column: pa.ChunkedArray, values: tuple[str, str] | None) -> pa.ChunkedArray:
    """Return the label as numbers: 0, 1, null, or -1 for any other value.

    Args:
        column: The label as found.
        values: Its negative and positive value; None where it is 0 and 1 already.
    """
    if values is None or pa.types.is_null(column.type):
        return column
    index = pc.index_in(
        pc.utf8_trim_whitespace(column.cast(pa.string())), pa.array(values)
    )
    codes = pc.fill_null(index.cast(pa.int64()), -1)
    return pc.if_else(column.is_null(), pa.scalar(None, pa.int64()), codes)
