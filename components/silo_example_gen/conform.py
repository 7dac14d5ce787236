"""Brings a column of a silo's file to the type that the schema gives, exactly.

Every value keeps its meaning or counts as bad: `007` is not the number 7, `12,50` is
no number, and a whole number of 2^53 or more in floating point may have lost its last
digits. Bad values are counted, never cast.

What each type of the schema takes is listed in this folder's README. For INT and
BYTES, a NaN is a missing value: pandas writes one.
"""

from __future__ import annotations

import dataclasses
import re

import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import schema_pb2

from components.payloads.findings import Finding
from components.silo_example_gen.settings import RowsSettings

INT64_MAX = 2**63 - 1
WHOLE = r"^[+-]?(0|[1-9][0-9]*)$"  # a leading zero makes a code, not a number
NUMBER = r"^[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
NOT_FINITE = r"(?i)^([+-]?inf(inity)?|nan)$"
TRUTH = r"(?i)^(true|false)$"
EXACT = 2.0**53  # at and beyond, doubles are not all the integers
# What stands for a missing value; other text among numbers is not shown to anyone.
PLACEHOLDER = (
    r"(?i)^([^\pL\pN]{1,5}|#?n\.?[/ ]?a\.?n?|k\.?a\.?|null|nil|none|void|missing|"
    r"unknown|undefined|empty|not available)$"
)
TYPES = {
    schema_pb2.INT: pa.int64(),
    schema_pb2.FLOAT: pa.float64(),
    schema_pb2.BYTES: pa.string(),
}
EXPECTED = {
    schema_pb2.INT: "whole numbers",
    schema_pb2.FLOAT: "numbers",
    schema_pb2.BYTES: "text",
}
BEYOND = "whole numbers beyond 64 bits"
FRACTIONS = "numbers with fractions"
ROUNDED = "whole numbers of 2^53 or more in floating point, which may have been rounded"
INEXACT = "whole numbers of 2^53 or more, which floating point would round,"
MARKS = "marks such as ? or n/a"
TYPE_HINT = (
    "export the column as the schema expects it; if it holds codes rather than "
    "quantities, or keys beyond 64 bits, the operator gives it the type BYTES in the "
    "schema"
)
MARKS_HINT = (
    "export a missing value as an empty field (in Parquet: null), or the operator "
    "lists how CSV files write it in `rows.null_values`"
)
HEADER_HINT = "export the file with a header row that holds the schema's column names"
EXTRA_COLUMN_HINT = (
    "nothing has to be done if the model needs no such column; otherwise the operator "
    "adds it to the schema"
)
_LOOKS_LIKE = (
    (r"^[+-]?[0-9]+,[0-9]+$", "numbers with a decimal comma"),
    (r"^[+-]?[0-9]{1,3}(,[0-9]{3})+\.[0-9]*$", "numbers with a comma in thousands"),
    (r"^[+-]?0[0-9]+$", "codes with a leading zero"),
    (WHOLE, BEYOND),
    (NUMBER, FRACTIONS),
    (PLACEHOLDER, MARKS),
)


@dataclasses.dataclass(frozen=True)
class Conformed:
    """A column of the schema's type."""

    column: pa.ChunkedArray  # int64, float64 or string; null if missing or bad
    num_bad: int = 0  # values that can't be brought to the type
    found: str = ""  # what most of them are, in words


def conform(column: pa.ChunkedArray, feature: schema_pb2.Feature) -> Conformed:
    """Bring a column, as `files.read` gave it, to an INT, FLOAT or BYTES feature."""
    kind, wanted = column.type, TYPES[feature.type]
    if column.null_count == len(column):
        return Conformed(pa.chunked_array([pa.nulls(len(column), wanted)]))
    if pa.types.is_boolean(kind):
        plain = column if pa.types.is_string(wanted) else column.cast(pa.int8())
        return Conformed(plain.cast(wanted))
    if pa.types.is_integer(kind):
        return _of_integers(column, wanted)
    if pa.types.is_floating(kind):
        return _of_floats(column.cast(pa.float64()), wanted)
    if pa.types.is_decimal(kind):
        return _of_decimals(column, wanted)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        text = column.cast(pa.string())
        return Conformed(text) if pa.types.is_string(wanted) else _parsed(text, wanted)
    if pa.types.is_string(wanted) and is_time(kind):
        if pa.types.is_timestamp(kind) and kind.tz:
            column = column.cast(pa.timestamp(kind.unit, "UTC"))
        return Conformed(column.cast(wanted))
    nothing = pa.chunked_array([pa.nulls(len(column), wanted)])
    return Conformed(nothing, len(column) - column.null_count, f"the type {kind}")


def columns_of(
    table: pa.Table, schema: schema_pb2.Schema, rows: RowsSettings
) -> dict[str, Conformed]:
    """Bring a file's columns to the schema's types, by name in the schema's order.

    Columns outside the schema are left out; the label becomes 0 and 1 (-1 for any
    other value).
    """
    found = {}
    for feature in schema.feature:
        if feature.name not in table.column_names or feature.type not in TYPES:
            continue
        found[feature.name] = conform(table[feature.name], feature)
        if feature.name == rows.label:
            codes = labels(table[feature.name], rows.label_values)
            found[feature.name] = Conformed(codes.cast(TYPES[feature.type]))
    return found


def to_schema(
    table: pa.Table, schema: schema_pb2.Schema, rows: RowsSettings
) -> tuple[pa.Table, list[Finding]]:
    """Bring a file's table to the schema's columns and types; see `columns_of`.

    Returns:
        The table, without columns that the file lacks, and why it can't be used: a
        finding for each column with bad values.
    """
    found = columns_of(table, schema, rows)
    expected = {feature.name: EXPECTED.get(feature.type) for feature in schema.feature}
    faults = [
        Finding(
            f"column `{name}`: found {one.found} in {one.num_bad:,} of "
            f"{table.num_rows - table[name].null_count:,} values, expected "
            f"{expected[name]}",
            MARKS_HINT if one.found == MARKS else TYPE_HINT,
        )
        for name, one in found.items()
        if one.num_bad
    ]
    if not found:
        # Without a header row, the names would be the first row's values.
        none = f"none of the schema's columns among its {table.num_columns:,}"
        faults.append(
            Finding(f"found {none}, expected them in a header row", HEADER_HINT)
        )
    return pa.table({name: one.column for name, one in found.items()}), faults


def not_in_schema(table: pa.Table, schema: schema_pb2.Schema) -> list[Finding]:
    """Return a note for each column that no model can use, as no schema names it."""
    known = {feature.name: plain_name(feature.name) for feature in schema.feature}
    alike = {plain: name for name, plain in known.items()}
    found = []
    for name in table.column_names:
        if name in known:
            continue
        meant = alike.get(plain_name(name))
        if meant and meant not in table.column_names:
            sentence = f"not read, as the schema writes it `{meant}`"
            hint = f"rename the column to `{meant}` in the silo's export"
        else:
            sentence, hint = "not in the schema, so it is not read", EXTRA_COLUMN_HINT
        found.append(Finding(f"column `{name}`: {sentence}", hint))
    return found


def plain_name(column: str) -> str:
    """Return a column's name without its case and the blanks around it."""
    return column.strip().casefold()


def labels(column: pa.ChunkedArray, values: tuple[str, str] | None) -> pa.ChunkedArray:
    """Return a label as int64: 0, 1, null where it is missing, another for all else.

    What is neither of `values`, negative and positive, is -1; without them, whole
    numbers stay as they are.
    """
    whole = all(re.fullmatch(WHOLE, value) for value in values or ())
    wanted = schema_pb2.INT if whole else schema_pb2.BYTES
    codes = conform(column, schema_pb2.Feature(type=wanted)).column
    if values:  # 1, 1.0 and true are the same value, as they are without a mapping
        known = pa.array([int(value) for value in values] if whole else values)
        if not whole and pa.types.is_floating(column.type):
            codes = pc.coalesce(codes, column.cast(pa.string()))  # 0.5 is a name here
        codes = codes if whole else pc.utf8_trim_whitespace(codes)
        codes = pc.index_in(codes, known).cast(pa.int64())
    missing = column.is_null(nan_is_null=pa.types.is_floating(column.type))
    return pc.if_else(missing, pa.scalar(None, pa.int64()), pc.fill_null(codes, -1))


def is_time(kind: pa.DataType) -> bool:
    """Return whether a type is that of dates, times of day or instants."""
    return bool(
        pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_time(kind)
    )


def _of_integers(column: pa.ChunkedArray, wanted: pa.DataType) -> Conformed:
    if pa.types.is_string(wanted):
        return Conformed(column.cast(wanted))
    if pa.types.is_floating(wanted):
        exact = pc.less(pc.abs(column.cast(wanted, safe=False)), EXACT)
        return _kept(column, exact, wanted, INEXACT)
    if not pa.types.is_uint64(column.type):
        return Conformed(column.cast(wanted))
    largest = pa.scalar(INT64_MAX, pa.uint64())
    return _kept(column, pc.less_equal(column, largest), wanted, BEYOND)


def _of_floats(column: pa.ChunkedArray, wanted: pa.DataType) -> Conformed:
    if pa.types.is_floating(wanted):
        return Conformed(column)
    column = pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column)
    whole = pc.equal(pc.floor(column), column)
    exact = pc.less(pc.abs(column), EXACT)
    found = FRACTIONS
    if pc.all(whole).as_py():
        found = "infinite values" if pc.any(pc.is_inf(column)).as_py() else ROUNDED
    kept = _kept(column, pc.and_(whole, exact), pa.int64(), found)
    return dataclasses.replace(kept, column=kept.column.cast(wanted))


def _of_decimals(column: pa.ChunkedArray, wanted: pa.DataType) -> Conformed:
    if pa.types.is_floating(wanted) and column.type.scale > 0:
        return Conformed(column.cast(wanted))
    # Arrow casts no decimal to text; they are rare, and `format` is exact.
    texts = [None if v is None else format(v, "f") for v in column.to_pylist()]
    text = pa.chunked_array([pa.array(texts, pa.string())])
    return Conformed(text) if pa.types.is_string(wanted) else _parsed(text, wanted)


def _parsed(column: pa.ChunkedArray, wanted: pa.DataType) -> Conformed:
    text = pc.utf8_trim_whitespace(column)
    truth = pc.if_else(pc.equal(pc.utf8_lower(text), "true"), "1", "0")
    text = pc.if_else(pc.match_substring_regex(text, TRUTH), truth, text)
    number = pc.match_substring_regex(text, f"{NUMBER}|{NOT_FINITE}")
    # Arrow parses no plus in front, and none is needed behind an e.
    plain = pc.replace_substring(text, "+", "", max_replacements=1)
    digits = pc.match_substring_regex(text, WHOLE)
    if pa.types.is_floating(wanted):
        values = _kept(plain, number, wanted, "").column
        rounded = pc.and_(digits, pc.greater_equal(pc.abs(values), EXACT))
        number = pc.and_kleene(number, pc.invert(rounded))
        return _kept(plain, number, wanted, _words(text, number, INEXACT))
    whole = pc.and_(digits, _fits(text))
    rest = pc.and_(number, pc.invert(digits))
    floats = _of_floats(_kept(plain, rest, pa.float64(), "").column, wanted)
    good = pc.or_(whole, floats.column.is_valid())
    integers = _kept(plain, whole, wanted, "").column
    merged = pc.coalesce(integers, floats.column)
    bad = pc.sum(pc.and_(pc.is_valid(text), pc.invert(good))).as_py() or 0
    # A NaN in words is a missing value here, as one in floating point is.
    bad -= pc.sum(pc.match_substring_regex(text, r"(?i)^nan$")).as_py() or 0
    return Conformed(merged, bad, _words(text, good) if bad else "")


def _fits(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return whether whole numbers in text have 64 bits."""
    long = pc.greater(pc.utf8_length(text), 18)
    if not pc.any(long).as_py():
        return pc.invert(long)
    values = [
        value
        for value in pc.unique(text.filter(pc.fill_null(long, False))).to_pylist()
        if value.lstrip("+-").isdecimal() and -INT64_MAX - 1 <= int(value) <= INT64_MAX
    ]
    return pc.or_(pc.invert(long), pc.is_in(text, pa.array(values, pa.string())))


def _words(text: pa.ChunkedArray, good: pa.ChunkedArray, whole: str = BEYOND) -> str:
    """Return what most of the values that are not good look like."""
    bad = text.filter(pc.fill_null(pc.invert(good), False))
    for pattern, words in _LOOKS_LIKE:
        if 2 * (pc.sum(pc.match_substring_regex(bad, pattern)).as_py() or 0) > len(bad):
            return whole if words == BEYOND else words
    return "other text"


def _kept(
    column: pa.ChunkedArray, good: pa.ChunkedArray, wanted: pa.DataType, found: str
) -> Conformed:
    kept = pc.if_else(pc.fill_null(good, False), column, pa.scalar(None, column.type))
    num_bad = kept.null_count - column.null_count
    return Conformed(kept.cast(wanted), num_bad, found if num_bad else "")
