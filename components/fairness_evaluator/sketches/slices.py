"""Merges the silos' sketches into the slices that are evaluated.

A silo's cell of all rows counts overall and for the silo; its cell of a value
counts for the value over all silos and for the value in the silo. The values that
silos hid count for the value over all silos where their pool was released (see
`pool.py`), else under `too few`. Nothing is counted twice: for each family, the
rows over all silos are the rows of its shown values and of `too few`.

Two kinds of silos are shown and counted nowhere else: those that were left out of
training, so that nothing of theirs decides over the others' model, and silos with
too few rows to be shown while the pool could not release their sum, since each
would follow from what is told of all silos and of the others.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from components.fairness_evaluator.sketches import cells, pairs
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.pairs import Pair
from components.payloads.table import CROSS, TOO_FEW, crossed


@dataclasses.dataclass(frozen=True, order=True)
class Key:
    """Which rows a slice holds.

    Attributes:
        silo: The silo's id; empty for all silos.
        columns: The slice's columns; empty for all rows.
        values: Its values, one a column; `(TOO_FEW,)` for the values that are
            too small, together.
    """

    silo: str = ""
    columns: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    @property
    def slice(self) -> str:
        """The columns as the tidy table writes them."""
        return CROSS.join(self.columns)

    @property
    def group(self) -> str:
        """The values as the tidy table writes them."""
        return crossed(self.values)


def merge(
    sketches: Mapping[str, Sequence[Cell]],
    pooled: Sequence[Cell],
    min_rows: int,
    apart: Collection[str] = (),
) -> dict[Key, Cell]:
    """Return all slices by key, sorted.

    Args:
        sketches: The cells of each silo.
        pooled: The cells that the silos released only added up.
        min_rows: Slices with fewer rows keep their row count alone.
        apart: Silos that were left out of training.

    Returns:
        Overall, by silo, by value and by silo and value; the order in which
        silos are given does not matter.
    """
    parts: dict[Key, list[Cell]] = defaultdict(list)
    if sketches:  # there may be nobody who counts
        parts[Key()].append(cells.NOTHING)
    released = any(not cell.columns for cell in pooled)
    for silo, told in sorted(sketches.items()):
        small = any(cell.too_few for cell in told if not cell.columns)
        counts = silo not in apart and (released or not small)
        for cell in told:
            parts[Key(silo, cell.columns, cell.values)].append(cell)
            if counts and not (small and not cell.columns):
                parts[Key("", cell.columns, cell.values)].append(cell)
    for cell in pooled:
        parts[Key("", cell.columns, cell.values)].append(cell)
        if cell.columns:
            few = Key("", cell.columns, (TOO_FEW,))
            parts[few].append(cells.few(cell.columns, -cell.rows))
    merged = {}
    for key, found in sorted(parts.items()):
        total = cells.add(found)
        if key.values == (TOO_FEW,) and not total.rows:
            continue  # all were released
        merged[key] = total.hidden() if total.rows < min_rows else total
    return merged


def merge_pairs(
    sketches: Mapping[str, Sequence[Pair]],
    pooled: Iterable[Pair],
    slices: Mapping[Key, Cell],
    apart: Collection[str] = (),
) -> dict[Key, Pair]:
    """Return the pairs of all slices by key, sorted; see `merge`.

    Args:
        sketches: The pairs of each silo.
        pooled: The pairs that the silos released only added up.
        slices: The slices over the same silos; pairs of those with too few rows
            keep their row count alone.
        apart: Silos that were left out of training.
    """
    parts: dict[Key, list[Pair]] = defaultdict(list)
    for silo, told in sorted(sketches.items()):
        for pair in told:
            if silo not in apart:
                parts[Key("", pair.columns, pair.values)].append(pair)
            parts[Key(silo, pair.columns, pair.values)].append(pair)
    for pair in pooled:
        parts[Key("", pair.columns, pair.values)].append(pair)
    merged = {key: pairs.add(found) for key, found in sorted(parts.items())}
    return {
        key: total.hidden() if slices[key].too_few else total
        for key, total in merged.items()
    }
