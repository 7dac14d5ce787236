"""What kind of values each file and silo gives a column, and what most of them say.

A silo counts once, however many rows it has: one silo with an odd export must not
decide the type of a column for the others.
"""

from __future__ import annotations

import dataclasses
import enum
from collections import Counter
from collections.abc import Callable, Hashable, Iterable

import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import schema_pb2

from components.features.dates import are_dates
from components.silo_example_gen.conform import (
    EXACT,
    INT64_MAX,
    NOT_FINITE,
    NUMBER,
    PLACEHOLDER,
    TRUTH,
    WHOLE,
    is_time,
)

MAX_SPELLINGS = 3
# Numbers for people: a decimal comma, separated thousands, a percent or currency sign.
_FOR_PEOPLE = (
    r"^[+-]?[€$£]? ?((0|[1-9][0-9]*)(,[0-9]+)?|[1-9][0-9]{0,2}([., '][0-9]{3})+"
    r"([.,][0-9]*)?|(0|[1-9][0-9]*)[.][0-9]+) ?[€$£%]?$"
)
NUMBERS_AS_TEXT = "numbers written as text"


class Kind(enum.StrEnum):
    """Kinds of columns, in words for people."""

    EMPTY = "no value at all"
    TRUTH = "truth values"
    WHOLE = "whole numbers"
    LARGE = "whole numbers beyond 64 bits"
    NUMBER = "numbers"
    TIME = "dates"
    TEXT = "text"
    UNSUPPORTED = "unsupported"


# The type of each kind in a schema; of kinds that go together, the first takes in
# the others.
TYPES = {
    Kind.TEXT: schema_pb2.BYTES,
    Kind.TIME: schema_pb2.BYTES,
    Kind.NUMBER: schema_pb2.FLOAT,
    Kind.LARGE: schema_pb2.BYTES,
    Kind.WHOLE: schema_pb2.INT,
    Kind.TRUTH: schema_pb2.INT,
}


@dataclasses.dataclass(frozen=True)
class Vote:
    """What a file or a silo says of a column."""

    kind: Kind
    wide: bool = False  # some whole numbers of 2^53 and more, which doubles round
    # Of a file: what stands for a missing value among numbers in CSV, if there is no
    # other text, and what is found in words.
    spellings: tuple[str, ...] = ()
    found: str = ""

    @property
    def is_numeric(self) -> bool:
        """Whether the values are numbers or truth values."""
        return self.kind in {Kind.TRUTH, Kind.WHOLE, Kind.LARGE, Kind.NUMBER}


def vote(column: pa.ChunkedArray, *, parse: bool) -> Vote:
    """Return what a file says of a column.

    A CSV column of numbers with a few other spellings, such as `?`, or with numbers
    written for people, such as `1,234.56`, counts as numbers: its values do not fit,
    but it must not make the column text for all.

    Args:
        column: As `files.read` gave it.
        parse: Whether text is looked at for what it stands for.
    """
    kind = column.type
    if column.null_count == len(column):
        return Vote(Kind.EMPTY)
    if pa.types.is_boolean(kind):
        return Vote(Kind.TRUTH)
    if pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale <= 0):
        if pa.types.is_integer(kind) and are_dates(pc.unique(column).cast(pa.string())):
            return Vote(Kind.TIME)  # such as 20241231
        ends = pc.min_max(column).as_py()
        return _of_whole(int(ends["min"]), int(ends["max"]))
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Vote(Kind.NUMBER)
    if is_time(kind):  # a time of day comes again, a day does not
        return Vote(Kind.TEXT if pa.types.is_time(kind) else Kind.TIME)
    if not pa.types.is_string(kind) and not pa.types.is_large_string(kind):
        return Vote(Kind.UNSUPPORTED, found=f"the type {str(kind).partition('<')[0]}")
    return _of_text(column.drop_null().cast(pa.string()), parse)


def _of_whole(low: int, high: int, spellings: tuple[str, ...] = ()) -> Vote:
    fits = low >= -INT64_MAX - 1 and high <= INT64_MAX
    kind = Kind.WHOLE if fits else Kind.LARGE
    return Vote(kind, fits and max(-low, high) >= EXACT, spellings)


def _of_text(text: pa.ChunkedArray, parse: bool) -> Vote:
    found = pc.value_counts(pc.utf8_trim_whitespace(text))
    values, rows = found.field("values"), found.field("counts")

    def all_match(texts: pa.Array, pattern: str) -> bool:
        return bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py())

    if are_dates(values):
        return Vote(Kind.TIME)
    if parse and all_match(values, TRUTH):
        return Vote(Kind.TRUTH)
    is_number = pc.match_substring_regex(values, f"{NUMBER}|{NOT_FINITE}|{_FOR_PEOPLE}")
    numbers, others = values.filter(is_number), values.filter(pc.invert(is_number))
    share = (pc.sum(rows.filter(is_number)).as_py() or 0) / len(text)
    with_digits = pc.any(pc.match_substring_regex(others, "[0-9]")).as_py()
    if share < 0.5 or len(others) > MAX_SPELLINGS or with_digits:
        return Vote(Kind.TEXT)
    if not parse:
        return Vote(Kind.TEXT, found=NUMBERS_AS_TEXT)
    known = all_match(others, PLACEHOLDER)
    spellings = tuple(sorted(others.to_pylist())) if known else ()
    if all_match(numbers, WHOLE):
        whole = [int(value) for value in numbers.to_pylist()]
        return _of_whole(min(whole), max(whole), spellings)
    return Vote(Kind.NUMBER, spellings=spellings)


def majority(votes: Iterable[tuple[Vote, int]]) -> Vote | None:
    """Return what most votes say.

    Numbers of all kinds go together, and so do text and times. Where whole numbers
    are too large for floating point, though, they stand against other numbers.

    Args:
        votes: Each vote with its weight: rows of a file, 1 for a silo.

    Returns:
        The vote of the larger side, with the kind that takes in all of its kinds;
        of kind EMPTY without a vote; None where two sides weigh the same.
    """
    voters = [(one, weight) for one, weight in votes if one.kind is not Kind.EMPTY]
    if not voters:
        return Vote(Kind.EMPTY)
    side = _larger(voters, lambda one: (one.is_numeric, one.kind is Kind.UNSUPPORTED))
    if any(one.wide or one.kind is Kind.LARGE for one, _ in side):
        side = _larger(side, lambda one: one.kind is Kind.NUMBER)
    if not side:
        return None
    kinds = {one.kind for one, _ in side}
    kind = next((kind for kind in TYPES if kind in kinds), Kind.UNSUPPORTED)
    return Vote(kind, any(one.wide for one, _ in side))


def _larger(
    votes: list[tuple[Vote, int]], side: Callable[[Vote], Hashable]
) -> list[tuple[Vote, int]]:
    """Return the votes of the side that weighs most; none where two weigh the same."""
    weights: Counter[Hashable] = Counter()
    for one, weight in votes:
        weights[side(one)] += weight
    (first, most), *others = weights.most_common(2)
    if others and others[0][1] == most:
        return []
    return [(one, weight) for one, weight in votes if side(one) == first]
