"""Folds a silo's rows into the cells and pairs of all slices.

The log loss clips scores to [CLIP, 1 - CLIP], as scikit-learn's `log_loss` clips
float32 scores: to the distance between 1 and the next float32, 1.19e-7.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from components.fairness_evaluator.figures import calibration, precision_recall, roc
from components.fairness_evaluator.sketches import bins
from components.fairness_evaluator.sketches.cells import LOSSES, Cell, Exact, Pair
from components.fairness_evaluator.sketches.rows import Rows

CLIP = float(np.finfo(np.float32).eps)


@dataclasses.dataclass(frozen=True)
class Detail:
    """How much is told.

    Attributes:
        thresholds: Scores above one count as positive, rising.
        min_slice_rows: Fewest rows of a bin of a calibration curve that is shown.
        rows_per_bin: Fewest rows of a score bin.
        bins: Most score bins of a cell.
        silo_thresholds: Whether all rows tell what lies above scores between them.
    """

    thresholds: Sequence[float]
    min_slice_rows: int
    rows_per_bin: int
    bins: int
    silo_thresholds: bool = False


def losses(
    labels: NDArray[np.int64], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each row's log loss, unit: nats, at most 15.9, and squared error."""
    clipped = np.clip(scores, CLIP, 1.0 - CLIP)
    likelihood = np.where(labels == 1, clipped, 1.0 - clipped)
    return -np.log(likelihood), (scores - labels) ** 2


def cells(
    rows: Rows, model: str, families: Sequence[tuple[str, ...]], detail: Detail
) -> Iterator[Cell]:
    """Yield the cell of each slice, by family sorted by values.

    It has both the finished figures and the bins; `own` and `part` take from it what
    leaves the silo.

    Args:
        rows: The rows.
        model: The model.
        families: The columns of each family of slices; none for all rows.
        detail: How much is told.
    """
    order = np.argsort(rows.scores[model], kind="stable")
    scores, labels = rows.scores[model][order], rows.labels[order]
    log_loss, brier = losses(labels, scores)
    sums = dict(zip(LOSSES, (log_loss, log_loss**2, brier, brier**2), strict=True))
    places = bins.place(scores)
    for columns in families:
        codes, values = rows.groups(columns)
        for inside, named in _groups(codes[order], values):
            small = len(inside) < detail.min_slice_rows
            least = 1 if small else detail.rows_per_bin
            inner = places[inside], labels[inside], least, detail.bins
            curve = calibration.curve(scores[inside], labels[inside])
            exact = _exact(labels[inside], scores[inside], curve, detail.min_slice_rows)
            if columns:  # the curves of a silo's groups are shown nowhere
                exact = dataclasses.replace(exact, curve=exact.curve[:, :0])
            elif detail.silo_thresholds:
                cuts = bins.cuts(scores[inside], *inner[1:])
                exact = dataclasses.replace(exact, cuts=cuts)
            yield Cell(
                columns,
                named,
                len(inside),
                too_few=False,
                positives=int(labels[inside].sum()),
                scores=float(scores[inside].sum()),
                **{name: float(each[inside].sum()) for name, each in sums.items()},
                above=_above(labels[inside], scores[inside], detail.thresholds),
                exact=exact,
                curve=curve,
                bins=bins.make(*inner),
            )


def pairs(
    rows: Rows, families: Sequence[tuple[str, ...]], detail: Detail
) -> Iterator[Pair]:
    """Yield the pair of each slice; arguments as those of `cells`."""
    first, second = rows.scores.values()
    products = [
        one * other
        for one, other in zip(
            losses(rows.labels, first), losses(rows.labels, second), strict=True
        )
    ]
    lower = np.minimum(first, second)
    for columns in families:
        codes, values = rows.groups(columns)
        for inside, named in _groups(codes, values):
            labels = rows.labels[inside]
            yield Pair(
                columns,
                named,
                len(inside),
                auc_correlation=roc.correlation(first[inside], second[inside], labels),
                log_loss_products=float(products[0][inside].sum()),
                brier_products=float(products[1][inside].sum()),
                both_above=_above(labels, lower[inside], detail.thresholds),
            )


def own(cell: Cell) -> Cell:
    """Return what a slice of the silo tells under its name: finished figures."""
    empty = Cell((), (), 0)
    return dataclasses.replace(cell, curve=empty.curve, bins=empty.bins)


def part(cell: Cell, detail: Detail) -> Cell:
    """Return what a slice of the silo adds to the total over silos.

    One with fewer rows than `min_slice_rows` has a bin for each score: it is only
    told added up, and `totals.py` makes bins with rows enough of that.
    """
    curve = cell.curve
    if cell.rows >= detail.min_slice_rows:
        curve = calibration.blurred(curve, detail.rows_per_bin)
    return dataclasses.replace(cell, exact=None, curve=curve)


def _groups(
    codes: NDArray[np.int64], values: Sequence[tuple[str, ...]]
) -> Iterator[tuple[NDArray[np.int64], tuple[str, ...]]]:
    """Yield the rows of each group, in their order, by sorted values."""
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(len(values) + 1))
    for code in sorted(range(len(values)), key=values.__getitem__):
        yield order[ends[code] : ends[code + 1]], values[code]


def _above(
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    thresholds: Sequence[float],
) -> NDArray[np.int64]:
    """Return the rows of each label above each threshold."""
    passed = np.searchsorted(thresholds, scores, side="left")
    steps = len(thresholds) + 1
    found = np.bincount(labels * steps + passed, minlength=2 * steps).reshape(2, steps)
    above: NDArray[np.int64] = found[:, :0:-1].cumsum(axis=1)[:, ::-1]
    return above


def _exact(
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    curve: calibration.Curve,
    min_rows: int,
) -> Exact:
    """Return the figures of rows in rising order of their scores."""
    begins = np.flatnonzero(np.diff(scores, prepend=-1.0))
    positives = np.add.reduceat(labels, begins)
    negatives = np.diff(begins, append=len(scores)) - positives
    return Exact(
        *roc.area(negatives, positives),
        precision_recall.average_precision(negatives, positives),
        *calibration.error(curve),
        calibration.joined(curve, min_rows),
    )
