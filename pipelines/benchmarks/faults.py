"""Faults in a silo's rows, as an owner would have exported them.

A change rewrites a split, and leaves what it was given as it is. `bench audit` plants
`DATA`, and `CONTROLS`, which are no faults but would mislead an unfair audit; `bench
validation` plants changes where they can show (`validation_faults.py`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from components.payloads.manifest import CHOOSE, EVAL, TRAIN

TINY_ROWS = {TRAIN: 120, CHOOSE: 40, EVAL: 40}
NO_ROWS = pd.DataFrame()


class Case(NamedTuple):
    """What a change is made with, besides the rows; each uses a part of it."""

    rng: np.random.Generator
    donor: pd.DataFrame = NO_ROWS  # the split of another silo
    split: str = TRAIN
    label: str = ""
    numbers: tuple[str, ...] = ()  # numeric features, of which the first ones change
    group: str = ""  # a column that is only sliced by
    order: str = ""  # the column that tells which rows are older; empty: none does


Change = Callable[[pd.DataFrame, Case], pd.DataFrame]


def to_arrow(rows: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """Return rows as a table, with numbers rounded where its column is of integers."""
    whole = {one.name: 0 for one in schema if pa.types.is_integer(one.type)}
    return pa.Table.from_pandas(rows.round(whole), schema, preserve_index=False)


def scaled(
    rows: pd.DataFrame, _: Case, name: str, slope: float, offset: float = 0.0
) -> pd.DataFrame:
    """Write a number column in another unit."""
    return rows.assign(**{name: slope * rows[name] + offset})


def later(rows: pd.DataFrame, _: Case, name: str, minutes: int) -> pd.DataFrame:
    """Write times of day, in minutes, as those of another time zone."""
    return rows.assign(**{name: (rows[name] + minutes) % 1440})


def swapped(rows: pd.DataFrame, _: Case, one: str, other: str) -> pd.DataFrame:
    """Swap two columns."""
    return rows.assign(**{one: rows[other], other: rows[one]})


def written(
    rows: pd.DataFrame, _: Case, name: str, write: Callable[[str, int], str]
) -> pd.DataFrame:
    """Write texts in another way, given each and its place among all."""
    places = {text: i for i, text in enumerate(sorted(rows[name].dropna().unique()))}
    return rows.assign(
        **{name: rows[name].map({text: write(text, i) for text, i in places.items()})}
    )


def constant(rows: pd.DataFrame, case: Case, name: str) -> pd.DataFrame:
    """Fill a column with one of its values."""
    return rows.assign(**{name: case.rng.choice(rows[name].dropna())})


def filled(rows: pd.DataFrame, case: Case, name: str, value: float) -> pd.DataFrame:
    """Write a filler in place of a tenth to a half of a column's values."""
    share = case.rng.uniform(0.1, 0.5)
    return rows.assign(**{name: rows[name].mask(_drawn(rows, case, share), value)})


def copied(rows: pd.DataFrame, case: Case, share: float) -> pd.DataFrame:
    """Have rows of the donor for a share of all, if it has enough."""
    number = min(round(share * len(rows)), len(case.donor))
    theirs = case.donor.sample(number, random_state=case.rng)
    kept = rows.sample(round((1 - share) * len(rows)), random_state=case.rng)
    return pd.concat([kept, theirs])


def copied_cells(rows: pd.DataFrame, case: Case, cells: float) -> pd.DataFrame:
    """Copy all rows, with a share of each column's cells from another row."""
    return copied(rows, case, 1.0).apply(
        lambda own: own.mask(_drawn(own, case, cells), case.rng.permutation(own))
    )


def copied_but_column(rows: pd.DataFrame, case: Case) -> pd.DataFrame:
    """Copy all rows, with another value of one column in each."""
    theirs = copied(rows, case, 1.0)
    name = case.rng.choice(theirs.columns)
    more = 1 if pd.api.types.is_numeric_dtype(theirs[name]) else "x"
    return theirs.assign(**{name: theirs[name] + more})


def _drawn(
    rows: pd.DataFrame | pd.Series, case: Case, share: float
) -> np.typing.NDArray[np.bool_]:
    drawn: np.typing.NDArray[np.bool_] = case.rng.random(len(rows)) < share
    return drawn


def _random_labels(rows: pd.DataFrame, case: Case, share: float) -> pd.DataFrame:
    labels, chosen = rows[case.label].to_numpy().copy(), _drawn(rows, case, share)
    labels[chosen] = case.rng.permutation(labels[chosen])
    return rows.assign(**{case.label: labels})


def _swapped(rows: pd.DataFrame, case: Case) -> pd.DataFrame:
    types = {name: rows[name].dtype.kind for name in case.numbers}
    one = next(n for n in types if [*types.values()].count(types[n]) > 1)
    other = next(n for n in types if n != one and types[n] == types[one])
    return swapped(rows, case, one, other)


def _stale(rows: pd.DataFrame, case: Case) -> pd.DataFrame:
    values = sorted(rows[case.order].unique())
    return rows[rows[case.order] <= values[len(values) // 4]]


def _rare_group(rows: pd.DataFrame, case: Case) -> pd.DataFrame:
    counts = rows[case.group].value_counts()
    large = counts[counts >= 0.15 * len(rows)]  # else too few rows are left to train
    return rows[rows[case.group] == large.index[-1]]


DATA: dict[str, Change] = {
    "random labels 100 %": functools.partial(_random_labels, share=1.0),
    "random labels 50 %": functools.partial(_random_labels, share=0.5),
    "random labels 20 %": functools.partial(_random_labels, share=0.2),
    "inverted labels": lambda r, c: r.assign(**{c.label: 1 - r[c.label]}),
    "one label": lambda r, c: r.assign(**{c.label: 0}),
    "20 rows": lambda r, c: r.sample(min(20, len(r)), random_state=c.rng),
    "copied rows 100 %": functools.partial(copied, share=1.0),
    "copied rows 50 %": functools.partial(copied, share=0.5),
    "constant features": lambda r, c: r.assign(**r[[*c.numbers]].mean()),
    "swapped columns": _swapped,
    "other unit": lambda r, c: scaled(r, c, c.numbers[0], 60),
    "stale span": _stale,
}
CONTROLS: dict[str, Change] = {
    "honest, tiny": lambda r, c: r.sample(TINY_ROWS[c.split], random_state=c.rng),
    "honest, rare group": _rare_group,
    "honest, other base rate": lambda r, c: r[(r[c.label] == 0) | _drawn(r, c, 1 / 3)],
}
