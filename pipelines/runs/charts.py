"""Charts of the site as places in an SVG; templates draw them, without a script.

Each stands above a table of the same numbers, so it is hidden from screen readers.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

WIDTH, HEIGHT = 640, 190
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 14, 40
LABEL_WIDTH = 84  # of a run below the axis
Points = Sequence[float | None]


@dataclasses.dataclass(frozen=True)
class Mark:
    """A bar at `x` from `y` down to `y2`; where those are one, a circle or a sign."""

    x: float
    y: float
    y2: float
    kind: str  # class of its style
    title: str  # what a pointer on it shows
    sign: str = ""


@dataclasses.dataclass(frozen=True)
class Chart:
    """Marks, lines (class and points) and labels (place and text) of one chart."""

    caption: str
    marks: tuple[Mark, ...] = ()
    lines: tuple[tuple[str, str], ...] = ()
    x_labels: tuple[tuple[float, tuple[str, ...]], ...] = ()
    y_labels: tuple[tuple[float, str], ...] = ()
    width: int = WIDTH
    height: int = HEIGHT


class Axes:
    """Places of runs, left to right, and of values, from the bottom up.

    Args:
        labels: Lines below each run.
        values: All values that are drawn.
        titles: What a pointer on a run's marks shows.
        height: Of the SVG.
    """

    def __init__(
        self,
        labels: Sequence[tuple[str, ...]],
        values: Points,
        titles: Sequence[str],
        height: int = HEIGHT,
    ) -> None:
        self.height = height
        self._labels, self._titles = labels, titles
        self._step = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
        known = [value for value in values if value is not None]
        low, high = min(known, default=0.0), max(known, default=0.0)
        raw = (high - low) / 4 or 1.0
        unit = 10.0 ** math.floor(math.log10(raw))
        self._tick = next(t * unit for t in (1, 2, 5, 10) if t * unit >= raw * 0.999)
        self._low = math.floor(low / self._tick + 1e-9) * self._tick
        high = math.ceil(high / self._tick - 1e-9) * self._tick
        self._high = high if high > self._low else self._low + self._tick

    def x(self, place: int) -> float:
        """Return the middle of a run."""
        return round(LEFT + self._step * (place + 0.5), 1)

    def y(self, value: float) -> float:
        """Return the height of a value; y goes down."""
        share = (value - self._low) / (self._high - self._low)
        return round(self.height - BOTTOM - share * (self.height - TOP - BOTTOM), 1)

    def line(self, values: Points, kind: str) -> tuple[str, str]:
        """Return a line through the values that there are."""
        known = [(self.x(n), self.y(v)) for n, v in enumerate(values) if v is not None]
        return kind, " ".join(f"{x:g},{y:g}" for x, y in known)

    def dots(self, values: Points, kind: str) -> list[Mark]:
        """Return a dot at each value that there is."""
        return [
            Mark(self.x(n), self.y(v), self.y(v), kind, self._titles[n])
            for n, v in enumerate(values)
            if v is not None
        ]

    def bars(self, lows: Points, highs: Points, kind: str) -> list[Mark]:
        """Return a bar from low to high where both are there and differ."""
        return [
            Mark(self.x(n), self.y(high), self.y(low), kind, self._titles[n])
            for n, (low, high) in enumerate(zip(lows, highs, strict=True))
            if low is not None and high is not None and low != high
        ]

    def chart(
        self, caption: str, marks: Sequence[Mark], *lines: tuple[str, str]
    ) -> Chart:
        """Return a chart with as many labels of runs as have room."""
        every = math.ceil(LABEL_WIDTH / self._step)
        below = tuple(
            (self.x(n), tuple(map(_cut, label)))
            for n, label in enumerate(self._labels)
            if n % every == 0
        )
        number = round((self._high - self._low) / self._tick)
        ticks = (self._low + n * self._tick for n in range(number + 1))
        beside = tuple((self.y(value), f"{abs(value):.6g}") for value in ticks)
        return Chart(caption, tuple(marks), lines, below, beside, height=self.height)


def dumbbells(rows: Sequence[tuple[str, float, float, str]]) -> Chart | None:
    """Return two values of each row, from a hollow dot to a full one; None for none.

    Args:
        rows: Name, value before, value after and class of each row, top to bottom.
    """
    if not rows:
        return None
    values = [value for _, before, after, _ in rows for value in (before, after)]
    low, high = min(values), max(values)

    def place(value: float) -> float:
        return round(200 + (WIDTH - 230) * (value - low) / ((high - low) or 1.0), 1)

    marks, lines, names = [], [], []
    for number, (name, before, after, kind) in enumerate(rows):
        y, title = 18.0 + 24 * number, f"{name}: {before:.3f} to {after:.3f}"
        lines.append((kind, f"{place(before):g},{y:g} {place(after):g},{y:g}"))
        marks.append(Mark(place(before), y, y, "hollow", title))
        marks.append(Mark(place(after), y, y, kind, title))
        names.append((y, _cut(name, 24)))
    ends = tuple((place(value), (f"{value:.3f}",)) for value in sorted({low, high}))
    return Chart(
        "Before (hollow) and after (full)",
        tuple(marks),
        tuple(lines),
        ends,
        tuple(names),
        height=24 * len(rows) + 40,
    )


def _cut(name: str, most: int = 12) -> str:
    """Return a long name cut in its middle: names tend to differ at their ends."""
    half = most // 2
    return name if len(name) <= most else f"{name[: half - 1]}…{name[-half:]}"
