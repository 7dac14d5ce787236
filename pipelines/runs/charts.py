"""Small charts of the site, as shapes in an SVG (`components/dashboard/section.py`).

Tables on the same page hold the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from components.dashboard.section import Drawing, Label

WIDTH, HEIGHT, LEFT = 320, 120, 44
LABEL_WIDTH = 78  # of a run below the axis
ROW = 34  # of a verdict or a silo
Values = Sequence[float | None]


class Axes:
    """Places of runs, left to right, and of values, from the bottom up."""

    def __init__(self, labels: Sequence[str], *values: Values) -> None:
        self._labels = labels
        self._step = (WIDTH - LEFT) / max(1, len(labels))
        known = [value for each in values for value in each if value is not None]
        low, high = min(known, default=0.0), max(known, default=0.0)
        raw = (high - low) / 4 or 1.0
        unit = 10.0 ** math.floor(math.log10(raw))
        tick = next(t * unit for t in (1, 2, 5, 10) if t * unit >= raw * 0.999)
        first = math.floor(low / tick + 1e-9)
        last = max(math.ceil(high / tick - 1e-9), first + 1)
        self._ticks = [number * tick for number in range(first, last + 1)]

    def x(self, place: int) -> float:
        """Return the middle of a run."""
        return LEFT + self._step * (place + 0.5)

    def y(self, value: float) -> float:
        """Return the height of a value; y goes down."""
        low, high = self._ticks[0], self._ticks[-1]
        return HEIGHT * (high - value) / (high - low)

    def line(self, values: Values) -> str:
        """Return the path of a line through the values that there are."""
        places = [f"{x:.1f} {y:.1f}" for x, y in self._places(values)]
        return "M" + "L".join(places) if places else ""

    def dots(self, values: Values) -> str:
        """Return the path of a dot at each value that there is."""
        return "".join(_dot(x, y) for x, y in self._places(values))

    def bars(self, lows: Values, highs: Values, width: float) -> str:
        """Return the path of a bar from low to high where both are there."""
        return "".join(
            f"M{self.x(n) - width / 2:.1f} {self.y(high):.1f}h{width:.1f}"
            f"V{self.y(low):.1f}h{-width:.1f}z"
            for n, (low, high) in enumerate(zip(lows, highs, strict=True))
            if low is not None and high is not None and low != high
        )

    @property
    def bar(self) -> float:
        """The width of a bar that leaves a gap to the next."""
        return min(8.0, 0.7 * self._step)

    def drawing(self, title: str, *shapes: tuple[str, str]) -> Drawing | None:
        """Return the chart of shapes, class and path each; None for empty paths."""
        if not any(path for _, path in shapes):
            return None
        ticks = [(self.y(value), f"{abs(value):.6g}") for value in self._ticks]
        grid = [("axis", f"M{LEFT} {y:.1f}H{WIDTH}") for y, _ in ticks]
        values = [_label(LEFT - 4, y + 4, text, "end") for y, text in ticks]
        labels = (*values, *self._below(HEIGHT))
        return Drawing(title, title, HEIGHT + 44, (*grid, *shapes), labels)

    def signs(self, title: str, signs: Sequence[tuple[str, str]]) -> Drawing:
        """Return the chart of a sign for each run, a row for each verdict."""
        rows = {
            name: ROW * n for n, name in enumerate(dict.fromkeys(n for n, _ in signs))
        }
        labels = [_label(-10, y, name, "start") for name, y in rows.items()]
        labels += [
            _label(self.x(place), rows[name] + 16, sign)
            for place, (name, sign) in enumerate(signs)
        ]
        height = ROW * len(rows)
        labels += self._below(height)
        return Drawing(title, title, height + 44, (), tuple(labels))

    def _places(self, values: Values) -> list[tuple[float, float]]:
        return [
            (self.x(n), self.y(value))
            for n, value in enumerate(values)
            if value is not None
        ]

    def _below(self, height: float) -> list[Label]:
        """Return as many labels of runs as have room."""
        every = math.ceil(LABEL_WIDTH / self._step)
        return [
            _label(self.x(place), height + 18, _cut(self._labels[place], 14))
            for place in range(0, len(self._labels), every)
        ]


def dumbbells(title: str, rows: Sequence[tuple[str, float, float, str]]) -> Drawing:
    """Return the chart of two values of each row, from a hollow dot to a full one.

    A row has a name, both values and a class.
    """
    values = [value for _, before, after, _ in rows for value in (before, after)]
    low, high = min(values), max(values)

    def x(value: float) -> float:
        return 110 + (WIDTH - 110) * (value - low) / ((high - low) or 1.0)

    shapes, labels = [], []
    for number, (name, before, after, kind) in enumerate(rows):
        y = number * ROW / 2
        labels.append(_label(-10, y + 4, _cut(name, 18), "start"))
        line = "axis" if kind == "bar" else kind
        shapes.append((line, f"M{x(before):.1f} {y:.1f}H{x(after):.1f}"))
        shapes.append(("curve", _dot(x(before), y)))
        shapes.append((kind, _dot(x(after), y)))
    bottom = len(rows) * ROW / 2
    labels += [_label(x(end), bottom + 12, f"{end:.3f}") for end in sorted({low, high})]
    height = round(bottom) + 40
    return Drawing(title, title, height, tuple(shapes), tuple(labels))


def _label(
    x: float, y: float, text: str, anchor: Literal["start", "middle", "end"] = "middle"
) -> Label:
    return Label(x, y, text, anchor)


def _dot(x: float, y: float) -> str:
    return f"M{x - 3:.1f} {y:.1f}a3 3 0 1 0 6 0a3 3 0 1 0-6 0z"


def _cut(name: str, most: int) -> str:
    """Return a long name cut in its middle: names tend to differ at their ends."""
    half = most // 2
    return name if len(name) <= most else f"{name[: half - 1]}…{name[-half:]}"
