"""Adds up what silos tell into totals over silos, before anything is written.

A value with too few rows in a silo does not leave it under the silo's name, yet counts
in the value's total over all silos. Only the totals are handed on: the engine that
runs the silo tasks calls `merge` with the parts of all silos, and holds them while it
does. Silos on their own premises need a secure sum in its place.

Parts of slices with few rows have a bin for each score; of their sum, bins are made
that have rows enough. A part of a slice that its silo hides counts where at least
three silos hide one of the same slice (of two, each would get the other's by
subtracting its own), where these hold enough rows together, and where no other hidden
sum follows from it. Silos that are small as a whole hide everything: there must be
three of them with enough rows together, or nothing of theirs counts.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence

from components.fairness_evaluator.sketches import bins, cells, suppression
from components.fairness_evaluator.sketches.cells import Cell, Pair, Sketch, Slice

MIN_SILOS = 3
COMPARED = "compared"  # the candidate over the silos where the baseline is known too

ALL: Slice = ((), ())


def merge(parts: Sequence[bytes]) -> bytes:
    """Return the totals over silos.

    Args:
        parts: What each silo adds (`Sketch`), in a fixed order: sums of floats
            depend on it.

    Returns:
        The totals (`Sketch`) of each model, and as the model `compared` of the
        candidate where some silos lack the baseline. `too few` is what does not count.
    """
    everyone = [Sketch.of_bytes(part) for part in parts]
    min_rows = max((part.min_rows for part in everyone), default=1)
    least = max((part.rows_per_bin for part in everyone), default=1)
    most = min((part.bins for part in everyone), default=1)
    put = _without_small_silos(everyone, min_rows)
    if not put:
        return Sketch({}).to_bytes()
    first, *others = max((part.cells for part in put), key=len)
    released = _released(put, first, min_rows)
    totals = {first: _total(put, first, released, least, most)}
    both = [part for part in put if len(part.cells) > 1]
    if not others or not both:
        return Sketch(totals).to_bytes()
    # The difference would tell of the hidden slices in silos that lack the baseline.
    for part in put:
        if len(part.cells) == 1:
            released -= part.hidden
    totals[others[0]] = _total(both, others[0], released, least, most)
    if len(both) < len(put):
        totals[COMPARED] = _total(both, first, released, least, most)
    pairs: dict[Slice, list[Pair]] = defaultdict(list)
    for part in both:
        for pair in part.pairs:
            if pair.slice not in part.hidden - released:
                pairs[pair.slice].append(pair)
    summed = [cells.add_pairs(pairs[each]) for each in sorted(pairs)]
    return Sketch(totals, summed).to_bytes()


def _without_small_silos(put: list[Sketch], min_rows: int) -> list[Sketch]:
    """Leave out silos that are small as a whole, if they are so together, too."""
    small = [part for part in put if ALL in part.hidden]
    rows = [cell.rows for part in small for cell in _first(part) if not cell.columns]
    if len(rows) >= MIN_SILOS and sum(rows) >= min_rows:
        return put
    return [part for part in put if ALL not in part.hidden]


def _first(part: Sketch) -> list[Cell]:
    return next(iter(part.cells.values()))


def _released(put: Sequence[Sketch], model: str, min_rows: int) -> frozenset[Slice]:
    """Return the slices whose hidden parts count."""
    found: dict[Slice, list[int]] = defaultdict(list)
    for part in put:
        for cell in part.cells[model]:
            if cell.slice in part.hidden:
                found[cell.slice].append(cell.rows)
    rows: dict[tuple[str, ...], dict[tuple[str, ...], int]] = defaultdict(dict)
    kept: dict[tuple[str, ...], set[tuple[str, ...]]] = defaultdict(set)
    for (columns, values), each in found.items():
        rows[columns][values] = sum(each)
        if len(each) < MIN_SILOS or sum(each) < min_rows:
            kept[columns].add(values)
    hidden = suppression.hide_families(rows, kept, min_rows)
    return frozenset(
        (columns, values) for columns, values in found if values not in hidden[columns]
    )


def _total(
    put: Sequence[Sketch],
    model: str,
    released: frozenset[Slice],
    least: int,
    most: int,
) -> list[Cell]:
    counted: dict[Slice, list[Cell]] = defaultdict(list)
    few: Mapping[tuple[str, ...], list[int]] = defaultdict(list)
    for part in put:
        for cell in part.cells[model]:
            if cell.slice in part.hidden - released:
                few[cell.columns].append(cell.rows)
            else:
                counted[cell.slice].append(cell)
    found = [cells.add(counted[each]) for each in sorted(counted)]
    return [
        *(
            dataclasses.replace(cell, bins=bins.pooled(cell.bins, least, most))
            for cell in found
        ),
        *(cells.few(columns, sum(rows)) for columns, rows in sorted(few.items())),
    ]
