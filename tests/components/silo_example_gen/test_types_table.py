"""Each row of the tables in docs/data.md is what the code does."""

from __future__ import annotations

import codecs
import datetime
import decimal
import gzip
import pathlib
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from components.errors import SettingsError, SiloError
from components.silo_example_gen import files
from components.silo_example_gen.conform import conform
from pipelines.scaffold.options import Options
from pipelines.scaffold.proposal import propose

DOCS = pathlib.Path(__file__).parents[3] / "docs" / "data.md"
ROWS = 120
D, DAY, NOON = decimal.Decimal, datetime.date(2024, 1, 31), datetime.time(12)
BERLIN = pa.timestamp("s", "Europe/Berlin")
INSTANTS = pa.array([1_706_702_400, 1_706_788_800]).cast(pa.timestamp("s")).cast(BERLIN)
# By the first cell of its row: some values that a column repeats.
PARQUET: dict[str, pa.Array] = {
    "integers": pa.array([7, 8, 9], pa.int16()),
    "integers of 2^53 and more": pa.array([2**53 + 1, 7, 8]),
    "unsigned integers of 2^63 and more": pa.array([2**64 - 1, 7, 8], pa.uint64()),
    "whole numbers that write a day": pa.array([20240131, 20240201, 20231231]),
    "floats": pa.array([7.5, 8.0], pa.float64()),
    "whole floats, as pandas writes integers with missing ones": pa.array([7.0, None]),
    "whole floats of 2^53 and more": pa.array([2.0**53, 8.0]),
    "decimals": pa.array([D("7.50"), D("8.00")]),
    "decimals without a fraction": pa.array([D(7), D(8)]),
    "truth values": pa.array([True, False]),
    "text": pa.array(["north", "south"]),
    "text in a dictionary (pandas: category)": pa.array(
        ["north", "south"]
    ).dictionary_encode(),
    "large text": pa.array(["north", "south"], pa.large_string()),
    "numbers written as text": pa.array(["7", "8.5"]),
    "codes with leading zeros": pa.array(["007", "010"]),
    "dates": pa.array([DAY, DAY.replace(day=1)]),
    "instants, with or without a zone": INSTANTS,
    "times of day": pa.array([NOON, NOON.replace(hour=9)], pa.time32("s")),
    "durations": pa.array([datetime.timedelta(1), None]),
    "lists": pa.array([[7], None]),
    "structs": pa.array([{"a": 7}, None]),
    "bytes": pa.array([b"a", b"b"]),
    "null, in all rows": pa.nulls(2),
}
CSV: dict[str, list[str]] = {
    "whole numbers": ["7", "8"],
    "whole numbers of 2^53 and more": [str(2**53 + 1), "7"],
    "whole numbers beyond 64 bits": [str(2**64), "7"],
    "numbers": ["7.50", "8e3"],
    "truth values": ["true", "FALSE"],
    "text": ["north", "south"],
    "numbers and marks of missing values": ["?", "7", "8"],
    "numbers with a decimal comma": ["7,50", "8,25"],
    "codes with leading zeros": ["007", "010"],
    "dates of any form": ["31.01.2024", "01.02.2024"],
    "times of day": ["12:00", "09:00"],
    "an empty field": ["", "7", "8"],
}


def _rows_of(heading: str) -> dict[str, list[str]]:
    """Return the cells of a table behind its first, by that one."""
    table = DOCS.read_text("utf-8").split(f"| {heading} |")[1].split("\n\n")[0]
    lines = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {first: cells for first, *cells in lines}


def _column(values: pa.Array) -> pa.ChunkedArray:
    return pa.chunked_array(
        [values.take(pa.array(i % len(values) for i in range(ROWS)))]
    )


def _read(folder: pathlib.Path, values: pa.Array, name: str) -> pa.ChunkedArray:
    """Write two silos with the column x, and return what is read of it."""
    for silo in ("north", "south"):
        table = pa.table(
            {
                "age": [i % 50 + len(silo) * (silo > "o") for i in range(ROWS)],
                "x": _column(values),
                "y": [i % 7 % 2 for i in range(ROWS)],
            }
        )
        path = folder / silo / name
        path.parent.mkdir()
        if files.is_untyped(path):
            table.to_pandas().to_csv(path, index=False)
        else:
            pq.write_table(table, path)
    return files.read("north", path)["x"]


def _shown(value: Any) -> str:
    return "missing" if value is None else f"`{value}`"


def _becomes(column: pa.ChunkedArray, kind: int) -> str:
    one = conform(column, schema_pb2.Feature(name="x", type=kind))
    return (
        f"refused: {one.found.strip(',')}"
        if one.num_bad
        else _shown(one.column[0].as_py())
    )


def _proposed(root: pathlib.Path) -> str:
    try:
        found = propose(Options("mine", root, "y"))
    except SettingsError as error:
        way = "`--null`" if "--null" in str(error.hint) else "`--ignore`"
        return f"asks, suggests {way}" if "column `x`" in error.message else str(error)
    if "x" in found.left_out:
        return f"not read: {found.left_out['x']}"
    if "x" in found.ignored:
        return f"left out: {found.ignored['x'].split(',')[0].split(':')[0]}"
    (kind,) = (one.type for one in found.schema.feature if one.name == "x")
    warned = any("column `x`" in note for note in found.notes)
    return schema_pb2.FeatureType.Name(kind) + ", with a warning" * warned


def _row(values: pa.Array, folder: pathlib.Path, name: str) -> list[str]:
    column = _read(folder, values, name)
    kinds = (schema_pb2.INT, schema_pb2.FLOAT, schema_pb2.BYTES)
    examples = ", ".join(_shown(v) if v != "" else "" for v in values.to_pylist())
    return [examples, *(_becomes(column, kind) for kind in kinds), _proposed(folder)]


@pytest.mark.parametrize("found", PARQUET)
def test_a_parquet_column_becomes_what_the_table_says(tmp_path, found):
    row = _row(PARQUET[found], tmp_path, "a.parquet")
    assert _rows_of("found in Parquet").get(found) == row


@pytest.mark.parametrize("found", CSV)
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_csv_column_becomes_what_the_table_says(tmp_path, found, name):
    row = _row(pa.array(CSV[found]), tmp_path, name)
    assert _rows_of("found in CSV").get(found) == row


def test_the_tables_have_no_row_without_a_case():
    assert [*_rows_of("found in Parquet")] == [*PARQUET]
    assert [*_rows_of("found in CSV")] == [*CSV]


REFUSED = {
    "semicolons, tabs or bars between the columns": b"a;b\n1;2\n",
    "Latin-1 or Windows-1252": "a,b\n1,\xf6\n".encode("latin-1"),
    "UTF-16": "a,b\n1,2\n".encode("utf-16"),
    "two columns of one name": b"a,a\n1,2\n",
    "a cut or damaged `.csv.gz`": gzip.compress(b"a,b\n1,2\n")[:-9],
}


@pytest.mark.parametrize("form", REFUSED)
def test_a_csv_file_is_refused_as_the_table_says(tmp_path, form):
    path = tmp_path / ("a.csv.gz" if "gz" in form else "a.csv")
    path.write_bytes(REFUSED[form])
    with pytest.raises(SiloError) as caught:
        files.read("north", path)
    (told,) = _rows_of("a CSV file with")[form]
    assert told.partition("refused: ")[2] in caught.value.message
    assert caught.value.hint


def test_the_other_forms_of_csv_are_read(tmp_path):
    read, *refused = _rows_of("a CSV file with")
    assert read == "line breaks or commas in quotes, a byte order mark"
    assert refused == [*REFUSED]
    text = '"a\nb",c\n"x\r\ny","1,5"\n'
    (tmp_path / "a.csv").write_bytes(codecs.BOM_UTF8 + text.encode())
    table = files.read("north", tmp_path / "a.csv")
    assert table.to_pylist() == [{"a\nb": "x\r\ny", "c": "1,5"}]
