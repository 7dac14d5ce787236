"""What kind of values a column of a silo's file holds, to propose a schema from."""

from __future__ import annotations

import enum

import pyarrow as pa
import pyarrow.compute as pc

INT64_MAX = 2**63 - 1

WHOLE = r"^[+-]?(0|[1-9][0-9]*)$"  # a leading zero makes a code, not a number
NUMBER = r"^[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
NOT_FINITE = r"(?i)^([+-]?inf(inity)?|nan)$"
TRUTH = r"(?i)^(true|false)$"
TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}.*)?$"


class Kind(enum.StrEnum):
    """Kinds of columns, in words for people."""

    EMPTY = "no value at all"
    TRUTH = "truth values"
    WHOLE = "whole numbers"
    LARGE = "whole numbers beyond 64 bits"
    NUMBER = "numbers"
    TIME = "dates or times"
    TEXT = "text"
    UNSUPPORTED = "unsupported"


def is_time(kind: pa.DataType) -> bool:
    """Return whether a type is that of dates, times of day or instants."""
    return bool(
        pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_time(kind)
    )


def kind_of(column: pa.ChunkedArray, *, parse: bool) -> Kind:
    """Return what a column holds.

    Args:
        column: As `files.read` gave it.
        parse: Whether text is looked at for what it stands for, as in a CSV file;
            in a Parquet file text is meant to be text.
    """
    kind = column.type
    if column.null_count == len(column):
        return Kind.EMPTY
    if pa.types.is_boolean(kind):
        return Kind.TRUTH
    if pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale <= 0):
        ends = pc.min_max(column).as_py()
        fits = ends["min"] >= -INT64_MAX - 1 and ends["max"] <= INT64_MAX
        return Kind.WHOLE if fits else Kind.LARGE
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Kind.NUMBER
    if is_time(kind):
        return Kind.TIME
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _kind_of_text(column) if parse else Kind.TEXT
    return Kind.UNSUPPORTED


def _kind_of_text(column: pa.ChunkedArray) -> Kind:
    values = pc.utf8_trim_whitespace(pc.unique(column.drop_null()).cast(pa.string()))

    def all_match(pattern: str) -> bool:
        return bool(pc.all(pc.match_substring_regex(values, pattern)).as_py())

    if all_match(TRUTH):
        return Kind.TRUTH
    if all_match(WHOLE):
        large = any(abs(int(value)) > INT64_MAX for value in values.to_pylist())
        return Kind.LARGE if large else Kind.WHOLE
    if all_match(f"{NUMBER}|{NOT_FINITE}"):
        return Kind.NUMBER
    return Kind.TIME if all_match(TIME) else Kind.TEXT
