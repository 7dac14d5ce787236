"""A silo's own files as Arrow tables, exactly as they are: read, never written.

A CSV file says nothing of types, so all its columns are read as text; `conform.py`
turns the columns of either kind of file into what the schema asks for.
"""

from __future__ import annotations

import codecs
import csv
import functools
import gzip
import io
import pathlib
import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from components import temporary_faults
from components.errors import SiloError
from components.silo_example_gen.settings import SPAN

CSV = (".csv", ".csv.gz")
SUFFIXES = (".parquet", *CSV)
# Hidden files, marks such as _SUCCESS, and texts about the data.
NO_DATA = re.compile(r"(^|/)[._]|\.(md|rst|crc)$|(^|/)(readme|licen[cs]e)[^/]*$", re.I)
Fault: TypeAlias = Callable[[str, str, str], SiloError]
"""Makes the error of a file, of what was found and expected, and a hint."""

EXPORT_AGAIN_HINT = "export what is named here again"
UTF_8 = "export the file in UTF-8 (in a spreadsheet: `CSV UTF-8`)"
COMMAS = "export the file with commas between the columns and a point in decimals"
_SAMPLE = 65_536  # bytes
_LARGEST_BLOCK = 2**30  # bytes
_PANDAS_INDEX = re.compile(r"__index_level_\d+__")


def find(folder: pathlib.Path, pattern: str) -> list[tuple[str, pathlib.Path]]:
    """Return a silo's files as `(span, path)`, sorted; span is empty without one.

    Raises:
        OSError: The folder can't be listed.
    """
    list(folder.iterdir())  # glob() passes over what it may not read
    regex = _regex(pattern)
    found = []
    for path in folder.glob(pattern.replace(SPAN, "*")):
        match = regex.fullmatch(path.relative_to(folder).as_posix())
        if match and is_data(path) and path.is_file():
            found.append((match.groupdict().get("span") or "", path))
    return sorted(found)


def passed_over(folder: pathlib.Path, found: Iterable[pathlib.Path]) -> list[str]:
    """Return the paths below a silo's folder that `find` did not find, sorted."""
    read = set(found)
    return sorted(
        str(place)
        for path in folder.rglob("*")
        if path not in read
        and path.is_file()
        and not NO_DATA.search((place := path.relative_to(folder)).as_posix())
    )


def _regex(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\{span\}|\*\*|\*|\?)", pattern)
    known = {SPAN: "(?P<span>[^/]+?)", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts))


def is_data(path: pathlib.Path) -> bool:
    """Return whether a file's name is one of those that are read."""
    return path.name.lower().endswith(SUFFIXES) and not path.name.startswith(".")


def is_untyped(path: pathlib.Path) -> bool:
    """Return whether a file's columns have no types of their own."""
    return path.name.lower().endswith(CSV)


def read(silo: str, path: pathlib.Path, null_values: Sequence[str] = ("",)) -> pa.Table:
    """Read a silo's file: Parquet with its own types, CSV with all columns as text.

    Raises:
        SiloError: It is empty, damaged, or in an encoding or with separators that
            are not read.
        OSError: It can't be opened.
    """
    return parse(silo, path, path.read_bytes(), null_values)


def parse(
    silo: str, path: pathlib.Path, data: bytes, null_values: Sequence[str] = ("",)
) -> pa.Table:
    """Return the table in a file's bytes; see `read`."""
    fault = functools.partial(SiloError, silo, path.name)
    if data and path.name.lower().endswith(".gz"):
        try:
            data = gzip.decompress(data)
        except (EOFError, OSError, zlib.error):
            found = f"a damaged or cut gzip file ({len(data):,} bytes)"
            raise fault(found, "a whole one", EXPORT_AGAIN_HINT) from None
    if not data:
        raise fault("an empty file (0 bytes)", "a table", EXPORT_AGAIN_HINT)
    try:
        if is_untyped(path):
            table = _parse_csv(data, null_values, fault)
        else:
            table = _parse_parquet(data)
    except (pa.ArrowException, OSError) as error:
        if temporary_faults.is_of_the_machine(error):
            raise
        # Arrow's own text may quote a cell; only the kind of fault is told.
        kind = "CSV" if is_untyped(path) else "Parquet"
        found = f"a corrupt file ({type(error).__name__}, {len(data):,} bytes)"
        raise fault(found, f"a readable {kind} file", EXPORT_AGAIN_HINT) from None
    if repeated := table.num_columns - len(set(table.column_names)):
        raise fault(
            f"{repeated} columns whose name another column has too",
            "a name of its own for each column",
            f"{EXPORT_AGAIN_HINT}, with a header row",
        )
    return table


def _parse_parquet(data: bytes) -> pa.Table:
    table = pq.ParquetFile(pa.BufferReader(data)).read()
    # The row numbers that pandas keeps in a file are no column of it.
    table = table.drop([n for n in table.column_names if _PANDAS_INDEX.fullmatch(n)])
    for index, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            plain = table[index].cast(field.type.value_type)
            table = table.set_column(index, field.name, plain)
    return table


def _parse_csv(data: bytes, null_values: Sequence[str], fault: Fault) -> pa.Table:
    names = _header(data, fault)
    try:
        table = _as_text(data, names, null_values)
        if not all(pa.types.is_string(kind) for kind in table.schema.types):
            # The names are others, such as behind an empty line or a long header.
            table = _as_text(data, table.column_names, null_values)
    except pa.ArrowInvalid:
        _check_utf_8(data, fault)  # the likely cause, which Arrow does not tell apart
        raise
    return table


def _as_text(data: bytes, names: Sequence[str], null_values: Sequence[str]) -> pa.Table:
    """Read a CSV file; columns of these names as text, others as they look."""
    return pyarrow.csv.read_csv(
        pa.BufferReader(data),
        # One block: Arrow refuses rows that reach over two ends of blocks, and its
        # threads may then wait for ever.
        pyarrow.csv.ReadOptions(
            use_threads=False, block_size=min(len(data) + 1, _LARGEST_BLOCK)
        ),
        pyarrow.csv.ParseOptions(newlines_in_values=True),
        pyarrow.csv.ConvertOptions(
            column_types={name: pa.string() for name in names},
            strings_can_be_null=True,
            null_values=list(null_values),
        ),
    )


def _header(data: bytes, fault: Fault) -> list[str]:
    """Return the names of a CSV file's columns, in UTF-8 and separated by commas."""
    head = data[:_SAMPLE]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in head:
        raise fault("text in UTF-16, or no text at all", "UTF-8", UTF_8)
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        _check_utf_8(data, fault)
        raise
    names = next(csv.reader(io.StringIO(text, newline="")), [])
    if len(names) == 1:
        for separator, name in {";": "semicolons", "\t": "tabs", "|": "bars"}.items():
            if separator in names[0]:
                raise fault(f"columns separated by {name}", "commas", COMMAS)
    return names


def _check_utf_8(data: bytes, fault: Fault) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"text that is not UTF-8, first in line {line:,}"
        probably = "probably Latin-1 or Windows-1252"
        raise fault(f"{found} ({probably})", "UTF-8", UTF_8) from None
