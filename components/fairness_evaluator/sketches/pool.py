"""The pool: small values of all silos, told only added up.

A value with too few rows in a silo does not leave it under the silo's name. It is
put into a pool, and the pool's sum counts in the value's total over all silos.

Who sees what: the engine that runs the silo tasks (`silos/engine.py`) makes the sum,
and where one operator computes for all silos, as here, that is the operator's own
process. It holds the parts while they are merged. Only sums are written and handed
on, and only those of values that at least three silos put in (one of two would get
the other's by subtracting its own) and that hold enough rows; the parts of all others
end here. Silos that are small as a whole put in all that they have: where their
rows may not be told even together, nothing of theirs counts. Silos on their own
premises need a secure sum in the place of `merge`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar

from components.fairness_evaluator.sketches import cells, pairs, suppression, told
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.pairs import Pair
from components.fairness_evaluator.sketches.told import Told

MIN_SILOS = 3

Slice = tuple[tuple[str, ...], tuple[str, ...]]  # columns, values
Item = TypeVar("Item", Cell, Pair)


def merge(parts: Sequence[bytes]) -> bytes:
    """Add up what silos put into the pool, and drop what may not be told.

    Args:
        parts: What each silo put in (`Told`), in a fixed order: sums of floats
            depend on it.

    Returns:
        The sums of the released values (`Told`). A second model's, and the pairs,
        are released where they are of as many rows as the first model's: else the
        difference would tell of the silos that could not score both.
    """
    everyone = [told.from_bytes(part) for part in parts]
    least = max((part.min_rows for part in everyone), default=1)
    put = _without_small_silos(everyone, least)
    if not put:
        return Told(least, {}, []).to_bytes()
    first, *others = max((part.cells for part in put), key=len)
    released = _released(
        _by_slice(cell for part in put for cell in part.cells[first]), least
    )
    sums = {first: released}
    for model in others:
        found = _by_slice(cell for part in put for cell in part.cells.get(model, ()))
        sums[model] = _alike([cells.add(found[s]) for s in found], released)
    by_slice = _by_slice(pair for part in put for pair in part.pairs)
    both = [pairs.add(by_slice[s]) for s in by_slice]
    return Told(least, sums, _alike(both, released)).to_bytes()


def _without_small_silos(put: list[Told], least: int) -> list[Told]:
    """Leave out silos that are small as a whole, if they are so together, too."""
    totals = [_total(part) for part in put]
    rows = [total.rows for total in totals if total and total.rows]
    if len(rows) >= MIN_SILOS and sum(rows) >= least:
        return put
    return [part for part, total in zip(put, totals, strict=True) if not total]


def _total(part: Told) -> Cell | None:
    """Return the cell of all rows; only silos that are small as a whole put it in."""
    return next(
        (cell for cell in next(iter(part.cells.values())) if not cell.columns), None
    )


def _released(found: dict[Slice, list[Cell]], least: int) -> list[Cell]:
    """Return the sums that may be told, so that the others don't follow from them."""
    sums = {each: cells.add(put) for each, put in found.items()}
    rows: dict[tuple[str, ...], dict[tuple[str, ...], int]] = defaultdict(dict)
    kept: dict[tuple[str, ...], set[tuple[str, ...]]] = defaultdict(set)
    for (columns, values), cell in sums.items():
        rows[columns][values] = cell.rows
        if len(found[columns, values]) < MIN_SILOS or cell.rows < least:
            kept[columns].add(values)
    hidden = suppression.hide_families(rows, kept, least)
    return [
        cell
        for (columns, values), cell in sums.items()
        if values not in hidden[columns]
    ]


def _by_slice(items: Iterable[Item]) -> dict[Slice, list[Item]]:
    found: dict[Slice, list[Item]] = defaultdict(list)
    for item in items:
        found[item.columns, item.values].append(item)
    return dict(sorted(found.items()))


def _alike(sums: Iterable[Item], released: Iterable[Cell]) -> list[Item]:
    rows = {(cell.columns, cell.values): cell.rows for cell in released}
    return [item for item in sums if rows.get((item.columns, item.values)) == item.rows]
