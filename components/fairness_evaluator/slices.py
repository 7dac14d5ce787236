"""Merges the silos' sketches into the slices that are evaluated.

A silo's cell of all rows counts overall and for the silo; its cell of a value
counts for the value over all silos and for the value in the silo. Nothing is
counted twice, and totals come from cells that are always told.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence

from components.fairness_evaluator import cells
from components.fairness_evaluator.cells import TOO_FEW, Cell


@dataclasses.dataclass(frozen=True, order=True)
class Key:
    """Which rows a slice holds.

    Attributes:
        silo: The silo's id; empty for all silos.
        column: The slice's column; empty for all rows.
        value: Its value; `TOO_FEW` for the values that are too small, together.
    """

    silo: str = ""
    column: str = ""
    value: str = ""


def merge(sketches: Mapping[str, Sequence[Cell]], min_rows: int) -> dict[Key, Cell]:
    """Return all slices by key, sorted.

    Args:
        sketches: The cells of each silo.
        min_rows: Slices with fewer rows keep their row count alone.

    Returns:
        Overall, by silo, by value and by silo and value; the order in which
        silos are given does not matter.
    """
    parts: dict[Key, list[Cell]] = defaultdict(list)
    for silo, told in sorted(sketches.items()):
        for cell in told:
            value = TOO_FEW if cell.too_few else cell.value
            parts[Key("", cell.column, value)].append(cell)
            parts[Key(silo, cell.column, value)].append(cell)
    merged = {}
    for key, found in sorted(parts.items()):
        total = cells.add(found)
        small = total.too_few or total.rows < min_rows
        merged[key] = total.hidden() if small else total
    return merged
