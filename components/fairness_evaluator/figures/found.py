"""A figure before it has its place in the table, and the ends of figures by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from components.scoring import intervals
from components.scoring.intervals import Interval


class Found(NamedTuple):
    """A figure: metric, threshold, value (None: there is none), what it is about."""

    metric: str
    threshold: float | None
    value: Interval | float | None
    about: str = ""


def ends(values: Mapping[str, Interval]) -> tuple[str, str]:
    """Return the names of the lowest and the highest value.

    Args:
        values: At least one, by name; of equal ones the first name counts.
    """
    names = sorted(values)
    return (
        min(names, key=lambda name: values[name].value),
        max(names, key=lambda name: values[name].value),
    )


def gap(values: Mapping[str, Interval]) -> tuple[Interval, str]:
    """Return the highest minus the lowest value, and what it is of.

    The ends are chosen by looking, so the gap of many is wide by chance alone; the
    interval is that of two values that were named before.
    """
    lowest, highest = ends(values)
    if len(values) == 1:
        return Interval(0.0, 0.0, 0.0), ""
    return (
        intervals.absolute(intervals.difference(values[highest], values[lowest])),
        two(highest, values[highest], lowest, values[lowest]),
    )


def two(one: str, value: Interval, other: str, other_value: Interval) -> str:
    """Return two names with their values, such as `Male (0.31) and Female (0.12)`."""
    digits = 2 if abs(value.value - other_value.value) >= 0.01 else 3
    return (
        f"{one} ({value.value:.{digits}f}) and {other} ({other_value.value:.{digits}f})"
    )
