"""Complementary suppression: which values to hide so that small ones stay hidden.

Who knows a total and all its parts but one knows that one too. So where a value is
hidden, others of the same total, of the same *margin*, are hidden with it: in each
margin no value is hidden, or all are, or at least two that together hold enough
rows. Of crossed columns the margins are the total and the values of each column.

Each margin is guarded by itself. A reader who solves all margins of crossed columns
at once may still narrow a hidden value down. The choice is greedy: the least number
of values is not sought.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping, Set

Columns = tuple[str, ...]
Values = tuple[str, ...]
Margin = tuple[str | None, ...]  # None stands for any value


def hide_families(
    rows: Mapping[Columns, Mapping[Values, int]],
    hidden: Mapping[Columns, Set[Values]],
    least: int,
) -> dict[Columns, set[Values]]:
    """Return which values to hide in families whose columns overlap.

    A value that one family hides must not follow from another that crosses its
    column: what lies under it is hidden there too.

    Args:
        rows: Rows by family and value.
        hidden: Values that must be hidden, by family.
        least: See `hide`.
    """
    found: dict[Columns, set[Values]] = {}
    for columns in sorted(rows, key=lambda columns: (len(columns), columns)):
        under = [
            ([columns.index(column) for column in other], values)
            for other, values in found.items()
            if set(other) < set(columns)
        ]
        own = {
            values
            for values in rows[columns]
            if values in hidden[columns]
            or any(tuple(values[i] for i in places) in above for places, above in under)
        }
        found[columns] = hide(rows[columns], own, least)
    return found


def hide(rows: Mapping[Values, int], hidden: Set[Values], least: int) -> set[Values]:
    """Return which values of a family to hide: `hidden` and others with it.

    Args:
        rows: Rows of each value; of crossed columns, of each crossed value.
        hidden: Values that must be hidden, such as those with few rows.
        least: Fewest rows that the hidden values of a margin hold together, where
            some are shown.
    """
    members: dict[Margin, list[Values]] = defaultdict(list)
    for values in sorted(rows):
        for margin in _margins(values):
            members[margin].append(values)
    found: set[Values] = set()
    hidden_values: Counter[Margin] = Counter()
    hidden_rows: Counter[Margin] = Counter()
    waiting: dict[Margin, None] = {}  # in order, each once

    def add(values: Values) -> None:
        found.add(values)
        for margin in _margins(values):
            hidden_values[margin] += 1
            hidden_rows[margin] += rows[values]
            waiting[margin] = None

    def cost(values: Values) -> tuple[int, int]:
        """Few margins that hide nothing yet, then few rows."""
        margins = _margins(values)
        return sum(not hidden_values[margin] for margin in margins), rows[values]

    for values in sorted(hidden):
        add(values)
    while waiting:
        margin = next(iter(waiting))
        del waiting[margin]
        if hidden_values[margin] > 1 and hidden_rows[margin] >= least:
            continue
        shown = [values for values in members[margin] if values not in found]
        if shown:
            add(min(shown, key=cost))
    return found


def _margins(values: Values) -> list[Margin]:
    """Return the margins that a value lies in: each column open, but not none."""
    every = itertools.product(*((None, value) for value in values))
    return [margin for margin in every if None in margin]
