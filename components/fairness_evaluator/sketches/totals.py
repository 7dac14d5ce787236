"""Adds up what silos disclose into totals over silos, before anything is written.

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
from collections import Counter, defaultdict
from collections.abc import Sequence, Set

from components.fairness_evaluator.sketches import bins, cells, suppression
from components.fairness_evaluator.sketches.cells import Cell, Sketch, Slice

MIN_SILOS = 3
COMPARED = "compared with "  # and a model: the first over the silos that know it


def merge(contents: Sequence[bytes]) -> bytes:
    """Return the totals (`Sketch`) of what each silo adds, in a fixed order.

    They are of each model, and where some silos lack another model, of the first over
    the others as `COMPARED`. `too few` is what does not count.
    """
    parts = [Sketch.of_bytes(part) for part in contents]
    min_rows = parts[0].min_rows if parts else 1
    parts = _without_small_silos(parts, min_rows)
    if not parts:
        return Sketch({}).to_bytes()
    first, *others = dict.fromkeys(model for part in parts for model in part.cells)
    released = _released(parts, first, min_rows)
    totals = {first: _total(parts, first, released)}
    for other in others:
        known = [part for part in parts if other in part.cells]
        # The difference would disclose the hidden slices in silos that lack the model.
        released_of_both = released - {
            cell.slice
            for part in parts
            if other not in part.cells
            for cell in part.cells[first]
            if cell.is_hidden
        }
        totals[other] = _total(known, other, released_of_both)
        if len(known) < len(parts):
            totals[COMPARED + other] = _total(known, first, released_of_both)
    return Sketch(totals).to_bytes()


def _without_small_silos(parts: list[Sketch], min_rows: int) -> list[Sketch]:
    """Leave out silos that are small as a whole, if they are so together, too."""
    small = [
        (part, cell.rows)
        for part in parts
        for cell in next(iter(part.cells.values()))
        if cell.is_hidden and not cell.columns
    ]
    if len(small) >= MIN_SILOS and sum(rows for _, rows in small) >= min_rows:
        return parts
    left_out = {id(part) for part, _ in small}
    return [part for part in parts if id(part) not in left_out]


def _released(parts: Sequence[Sketch], model: str, min_rows: int) -> set[Slice]:
    """Return the slices whose hidden parts count."""
    silos: Counter[Slice] = Counter()
    rows: dict[tuple[str, ...], Counter[tuple[str, ...]]] = defaultdict(Counter)
    for part in parts:
        for cell in part.cells[model]:
            if cell.is_hidden:
                silos[cell.slice] += 1
                rows[cell.columns][cell.values] += cell.rows
    stay_hidden = {
        columns: {
            values
            for values, num in family.items()
            if silos[columns, values] < MIN_SILOS or num < min_rows
        }
        for columns, family in rows.items()
    }
    hidden = suppression.hide_families(rows, stay_hidden, min_rows)
    return {
        (columns, values) for columns, values in silos if values not in hidden[columns]
    }


def _total(parts: Sequence[Sketch], model: str, released: Set[Slice]) -> list[Cell]:
    counted: dict[Slice, list[Cell]] = defaultdict(list)
    uncounted_rows: Counter[tuple[str, ...]] = Counter()
    for part in parts:
        for cell in part.cells[model]:
            if cell.is_hidden and cell.slice not in released:
                uncounted_rows[cell.columns] += cell.rows
            else:
                counted[cell.slice].append(cell)
    found = [cells.add(counted[each]) for each in sorted(counted)]
    limits = parts[0].rows_per_bin, parts[0].bins
    return [
        *(
            dataclasses.replace(cell, bins=bins.pooled(cell.bins, *limits))
            for cell in found
        ),
        *(
            cells.too_few_cell(columns, rows)
            for columns, rows in sorted(uncounted_rows.items())
        ),
    ]
