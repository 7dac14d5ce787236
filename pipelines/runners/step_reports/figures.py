"""The geometry of figures on pages without a script; `figures.svg.j2` draws them.

Kubeflow's pages of single steps are small and run nothing; the run page draws with
Observable Plot. Numbers become places here and marks in the template, so that no
name ever meets SVG outside the template's escaping.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence

from components.dashboard.scores import Cell
from components.payloads.model_run import RoundRecord

CHANCE = 0.5  # the AUC of a coin


@dataclasses.dataclass(frozen=True)
class Axis:
    """A linear axis with round ticks.

    Attributes:
        low: Its lower end, in the unit of the values.
        high: Its upper end.
        ticks: Where it is labelled, ascending, within both ends.
    """

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Return where `value` lies, 0 (low) to 100 (high), unit: percent."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(max(share, 0.0), 1.0), 2)

    @property
    def decimals(self) -> int:
        """Digits that the ticks need behind the point."""
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else 1.0
        return max(0, -math.floor(math.log10(step) + 1e-9))


def axis(values: Iterable[float], num_ticks: int = 5) -> Axis:
    """Return an axis that holds all finite values, widened to round ticks.

    Args:
        values: The values; with none of them the axis goes from 0 to 1.
        num_ticks: About how many ticks.
    """
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(finite), max(finite)
    if math.isclose(low, high, abs_tol=1e-6):
        low, high = low - 0.05, high + 0.05
    step = _round_step((high - low) / num_ticks)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(index * step, 10) for index in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def _round_step(step: float) -> float:
    scale: float = 10.0 ** math.floor(math.log10(step))
    return next(scale * unit for unit in (1, 2, 5, 10) if scale * unit >= step * 0.999)


@dataclasses.dataclass(frozen=True)
class Bar:
    """A bar from chance to a value with its interval; places in percent.

    Attributes:
        start: The bar's left end.
        width: Its width.
        value: The value's place.
        low: The interval's lower end; None without an interval.
        high: Its upper end.
        baseline: The place of the baseline; None without one.
    """

    start: float
    width: float
    value: float
    low: float | None
    high: float | None
    baseline: float | None


def auc_axis(cells: Iterable[Cell | None]) -> Axis:
    """Return the axis of AUC bars: from chance, or from the lowest below it."""
    values = [CHANCE]
    for cell in cells:
        if cell is not None and cell.is_number:
            ends = [cell.value, cell.low, cell.high]
            values += [end for end in ends if end is not None]
    return axis(values)


def bar(scale: Axis, cell: Cell, baseline: Cell | None = None) -> Bar:
    """Return the bar of a cell that is a number."""
    value, chance = scale.at(cell.number), scale.at(CHANCE)
    has_interval = cell.low is not None and cell.high is not None
    return Bar(
        start=min(value, chance),
        width=round(abs(value - chance), 2),
        value=value,
        low=scale.at(cell.low) if has_interval and cell.low is not None else None,
        high=scale.at(cell.high) if has_interval and cell.high is not None else None,
        baseline=scale.at(baseline.number) if baseline and baseline.is_number else None,
    )


@dataclasses.dataclass(frozen=True)
class Curve:
    """A line over rounds; points in percent of the plot, y downwards."""

    points: tuple[tuple[float, float], ...]
    first: float | None
    last: float | None

    @property
    def path(self) -> str:
        """The line as an SVG polyline's points."""
        return " ".join(f"{x},{y}" for x, y in self.points)


@dataclasses.dataclass(frozen=True)
class Training:
    """The figures of a training.

    Attributes:
        losses: The axis of the losses, unit: nats an example.
        rounds: The axis of the rounds.
        before: Loss of the model that a round started from.
        after: Loss after the silos' own training, before merging.
    """

    losses: Axis
    rounds: Axis
    before: Curve
    after: Curve

    @property
    def description(self) -> str:
        """The figure in a sentence, for those who can't see it."""
        parts = []
        for name, curve in (("before", self.before), ("after", self.after)):
            if curve.first is not None and curve.last is not None:
                parts.append(f"{name}: from {curve.first:.3f} to {curve.last:.3f}")
        return f"Loss over {len(self.before.points)} rounds; {'; '.join(parts)}."


def training(rounds: Sequence[RoundRecord]) -> Training | None:
    """Return the figures of a training; None where no round has a loss.

    Args:
        rounds: The rounds, in order.
    """
    before = [(record.round, record.loss_before) for record in rounds]
    after = [(record.round, record.loss_after) for record in rounds]
    known = [
        loss for series in (before, after) for _, loss in series if math.isfinite(loss)
    ]
    if not known:
        return None
    losses = axis(known)
    numbers = [record.round for record in rounds]
    x = Axis(min(numbers), max(numbers, default=1), _round_ticks(numbers))
    if x.low == x.high:
        x = Axis(x.low - 1, x.high + 1, x.ticks)
    return Training(
        losses=losses,
        rounds=x,
        before=_curve(x, losses, before),
        after=_curve(x, losses, after),
    )


def _round_ticks(numbers: Sequence[int]) -> tuple[float, ...]:
    step = max(1, math.ceil((max(numbers) - min(numbers)) / 10))
    return tuple(float(n) for n in range(min(numbers), max(numbers) + 1, step))


def _curve(x: Axis, y: Axis, series: Sequence[tuple[int, float]]) -> Curve:
    known = [(n, loss) for n, loss in series if math.isfinite(loss)]
    points = tuple((x.at(n), round(100 - y.at(loss), 2)) for n, loss in known)
    if not known:
        return Curve((), None, None)
    return Curve(points, known[0][1], known[-1][1])
