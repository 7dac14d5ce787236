"""What `bench validation` plants, and where it can show.

Silos differ legitimately, so a fault shows only where it is larger than what the rows
of all silos differ by: that is judged here, by rules of its own. To add a fault, add it
to `FAULTS`.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2

from components.silo_validator import units
from pipelines.benchmarks import faults

CLEAR = 4.0  # times what the silos' medians differ by, at least, for a factor to show
MOVED = 5.0  # the same of a shift, which also is this many times the deviation by two
ROWS = 100  # with a value in a column, at least; in both silos of a copy
OVERLAP = 0.9  # share of values that another silo has, for another list to show
RARE = 0.6  # of a column's commonest value, at most, for a constant column to show
SKETCHED = 4096  # rows, of which ...
COPIED = 20  # ... are copied, at least, for a copy to show
ALIKE = 0.01  # share of rows like another one, below, in both silos and most others
TIMES = {"sched_dep", "sched_arr", "minute"}  # only in `minute` silos are alike
UNITS = {
    f"{factor:.6g} times as {size}": {"slope": slope, "offset": 0.0}
    for factor in (slope for slope, offset in units.CHANGES if not offset)
    for slope, size in ((factor, "large"), (1 / factor, "small"))
}
SHIFTS = {
    said: {"slope": a, "offset": b}
    for slope, offset in {(1.8, 32.0), (1.0, 273.15), (1.0, 25569.0)}
    for words in [units.CHANGES[slope, offset]]
    for said, a, b in (
        (words, slope, offset),
        (units.inverse(words), 1 / slope, -offset / slope),
    )
}
WRITTEN: dict[str, dict[str, Callable[[str, int], str]]] = {
    "case": {"write": lambda text, _: text.swapcase()},
    "blanks": {"write": lambda text, _: f"{text} "},
    "codes": {"write": lambda _, place: f"K{place:02d}"},
}
ZONES = {f"{h} hours later in the day": {"minutes": 60 * h} for h in range(4, 9)}
CONSTANT: dict[str, dict[str, object]] = {"found one value": {}}
FILLERS = {f"found `{value}`": {"value": value} for value in (0, -1, -999, 9999)}
SHARED = "rows of another silo"


@dataclasses.dataclass(frozen=True, eq=False)
class Federation:
    """All silos' training rows, and the schema of the measured columns."""

    tables: dict[str, pa.Table]
    schema: schema_pb2.Schema

    @functools.cached_property
    def rows(self) -> dict[str, pd.DataFrame]:
        """The same rows."""
        return {silo: table.to_pandas() for silo, table in self.tables.items()}


class Fault(NamedTuple):
    """A change of a silo's rows.

    `places` yields the columns that it may change in a silo, or the donors of rows, and
    `ways` are the change's other arguments, by what a finding says of them. `shows`
    tells of a silo, a place and a way whether it can be told from honest differences.
    """

    places: Callable[[Federation, str], Iterator[tuple[str, ...]]]
    change: Callable[..., pd.DataFrame]
    ways: Mapping[str, Mapping[str, Any]]
    shows: Callable[..., bool]


class Planted(NamedTuple):
    """The rows of a silo with a fault, and what a finding of it says."""

    rows: pa.Table
    names: tuple[str, ...]  # of columns, or what was found of rows
    words: str  # of the cause
    donor: str


def plant(
    fault: Fault, fed: Federation, silo: str, rng: np.random.Generator, clear: bool
) -> Planted | None:
    """Plant a fault in a random place and way: where it can show, or in any.

    Returns None where the silo has no such place.
    """
    found = [
        (place, words, way)
        for place in fault.places(fed, silo)
        for words, way in fault.ways.items()
        if not clear or fault.shows(fed, silo, *place, **way)
    ]
    if not found:
        return None
    place, words, way = found[int(rng.integers(len(found)))]
    columns, donor = ((), place[0]) if fault.places is _donors else (place, "")
    case = faults.Case(rng, fed.rows.get(donor, faults.NO_ROWS))
    changed = fault.change(fed.rows[silo], case, *columns, **way)
    names = tuple(f"`{name}`" for name in columns) or (words,)
    table = faults.to_arrow(changed, fed.tables[silo].schema)
    return Planted(table, names, words, donor)


def _numbers(fed: Federation, silo: str) -> Iterator[tuple[str]]:
    """Yield the number columns that hold more than a few values in a silo."""
    for one in fed.schema.feature:
        if one.type != schema_pb2.BYTES and not one.int_domain.is_categorical:
            values = fed.rows[silo].get(one.name, pd.Series())
            if values.nunique() > 9 and values.count() >= ROWS:
                yield (one.name,)


def _texts(fed: Federation, silo: str) -> Iterator[tuple[str]]:
    for one in fed.schema.feature:
        if one.type == schema_pb2.BYTES and one.name in fed.rows[silo]:
            yield (one.name,)


def _columns(fed: Federation, silo: str) -> Iterator[tuple[str]]:
    return itertools.chain(_numbers(fed, silo), _texts(fed, silo))


def _times(fed: Federation, silo: str) -> Iterator[tuple[str]]:
    return (place for place in _numbers(fed, silo) if place[0] in TIMES)


def _pairs(fed: Federation, silo: str) -> Iterator[tuple[str, ...]]:
    types = fed.tables[silo].schema
    for places in (_numbers(fed, silo), _texts(fed, silo)):
        for one, other in itertools.combinations(sorted(n for (n,) in places), 2):
            if types.field(one).type == types.field(other).type:
                yield one, other


def _donors(fed: Federation, silo: str) -> Iterator[tuple[str]]:
    large = {one for one, table in fed.tables.items() if table.num_rows >= ROWS}
    return ((one,) for one in sorted(large - {silo}) if silo in large)


def _factor(fed: Federation, silo: str, name: str, slope: float, **_: float) -> bool:
    medians = _described(fed, name)["50%"].abs()
    spread = np.log(medians.max() / medians.min()) if medians.min() else np.inf
    is_whole = pa.types.is_integer(fed.tables[silo].schema.field(name).type)
    if is_whole and slope < 1 and medians.median() * slope / 100 <= 0.1:
        return False  # rounding leaves little
    return abs(np.log(slope)) > CLEAR * spread and _is_typical(fed, silo, name)


def _shift(fed: Federation, silo: str, name: str, slope: float, offset: float) -> bool:
    found = _described(fed, name)
    moved = abs(found["50%"].median() * (slope - 1) + offset)
    differ = max(np.ptp(found["50%"]), found["std"][silo] / 2)
    return moved > MOVED * differ and _is_typical(fed, silo, name)


def _filler(fed: Federation, silo: str, name: str, value: float) -> bool:
    found = _described(fed, name)
    far = 3 * found["std"].max() + np.ptp(found["50%"])
    outside = not found["min"].min() <= value <= found["max"].max()
    apart = abs(value - found["50%"].median())
    return outside and apart > far and _is_typical(fed, silo, name)


def _swap(fed: Federation, silo: str, *names: str) -> bool:
    """Return whether two columns lie clearly apart in all silos."""
    if pa.types.is_string(fed.tables[silo].schema.field(names[0]).type):
        one, other = ({*_shares(fed, name).index} for name in names)
        return not one & other and all(_is_shared(fed, name) for name in names)
    if not all(_is_typical(fed, silo, name) for name in names):
        return False
    one, other = (_described(fed, name)["50%"] for name in names)
    gap = max(one.min() - other.max(), other.min() - one.max())
    return bool(gap > CLEAR * max(np.ptp(one), np.ptp(other)))


def _other_list(fed: Federation, silo: str, name: str, **_: object) -> bool:
    return _shares(fed, name)[silo].count() > 1 and _is_shared(fed, name)


def _constant(fed: Federation, silo: str, name: str) -> bool:
    """Return whether a column is varied everywhere, in a silo with varied columns."""
    commonest = [_shares(fed, one)[silo].max() for one in fed.rows[silo]]
    is_varied = sum(not share <= 0.99 for share in commonest) <= 2
    return is_varied and bool(_shares(fed, name).max().fillna(1.0).max() < RARE)


def _copy(
    fed: Federation,
    silo: str,
    donor: str,
    share: float = 1.0,
    without: Sequence[int | None] = (None,),
    **_: float,
) -> bool:
    """Return whether the donor has enough rows, and few rows are alike by chance."""
    own, theirs = (fed.tables[one].num_rows for one in (silo, donor))
    sketched = share * own * min(1.0, SKETCHED / max(own, theirs))
    alike = max(
        max(found[silo], found[donor], found.median())
        for found in (_repeated(fed, third) for third in without)
    )
    return bool(sketched >= COPIED and share * own <= theirs and alike < ALIKE)


CELLS = {SHARED: {"cells": 0.01}}
FAULTS = {
    "another unit": Fault(_numbers, faults.scaled, UNITS, _factor),
    "shifted scale or epoch": Fault(_numbers, faults.scaled, SHIFTS, _shift),
    "another time zone": Fault(
        _times, faults.later, ZONES, lambda *place, **_: "minute" in place
    ),
    "swapped columns": Fault(_pairs, faults.swapped, {"swapped": {}}, _swap),
    "another code list": Fault(_texts, faults.written, WRITTEN, _other_list),
    "constant column": Fault(_columns, faults.constant, CONSTANT, _constant),
    "filler": Fault(_numbers, faults.filled, FILLERS, _filler),
    **{
        f"copied rows {share} %": Fault(
            _donors, faults.copied, {SHARED: {"share": share / 100}}, _copy
        )
        for share in (100, 50, 10)
    },
    "copied rows, 1 % of cells changed": Fault(
        _donors, faults.copied_cells, CELLS, _copy
    ),
    "copied rows, one column changed": Fault(
        _donors,
        faults.copied_but_column,
        {SHARED: {}},
        functools.partial(_copy, without=range(3)),
    ),
}


@functools.cache
def _described(fed: Federation, name: str) -> pd.DataFrame:
    """Return count, mean, std, min, 50% and max of a number column, by silo."""
    found = pd.DataFrame({silo: own[name].describe() for silo, own in fed.rows.items()})
    return found.T[found.T["count"] > 0]


@functools.cache
def _is_typical(fed: Federation, silo: str, name: str) -> bool:
    """Return whether a silo's column is, honestly, neither narrow, wide nor apart."""
    found = _described(fed, name)
    own, usual = found.loc[silo], found["std"].median()
    apart = abs(own["mean"] - found["mean"].median())
    return bool(usual / 2 < own["std"] < 2 * usual and apart < usual / 2)


@functools.cache
def _shares(fed: Federation, name: str) -> pd.DataFrame:
    """Return the share of each value of a column, by silo; missing where not there."""
    return pd.DataFrame(
        {silo: own[name].value_counts(normalize=True) for silo, own in fed.rows.items()}
    )


@functools.cache
def _is_shared(fed: Federation, name: str) -> bool:
    """Return whether nearly all of each silo's values are another silo's, too."""
    shares = _shares(fed, name)
    elsewhere = shares[shares.count(axis="columns") > 1]
    return bool((elsewhere.sum() >= OVERLAP).all())


@functools.cache
def _repeated(fed: Federation, without: int | None) -> pd.Series:
    """Return the share of rows like an earlier one, by silo.

    Of all columns, or without every third one, as row sketches are.
    """
    names = [one.name for one in fed.schema.feature]
    kept = [name for i, name in enumerate(names) if i % 3 != without]
    return pd.Series({s: r[kept].duplicated().mean() for s, r in fed.rows.items()})
