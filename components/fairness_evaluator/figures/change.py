r"""Changes: the candidate's figure minus the baseline's over the same rows, paired.

Both models scored the same rows, so what is hard for one is mostly hard for the
other, and the change is known better than either figure. AUC after DeLong, see
`roc.py`; losses by the normal interval of the mean difference, whose variance is that
of both sums of squares less twice the sum of products; rates after Bonett and Price,
see `intervals.py`.

Two models without a mistake have no correlation of their AUC, as neither varies.
Where they scored every row alike it is 1, and nothing changed; else it is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from components.fairness_evaluator.figures import roc
from components.fairness_evaluator.figures.measures import LARGEST_LOSS, Measures
from components.fairness_evaluator.figures.place import Place
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.pairs import Pair
from components.payloads.table import Figure
from components.scoring import intervals
from components.scoring.intervals import Interval

ROUNDING = 1e-9  # of sums of products, by the sums themselves

RATES = {"tpr": slice(1, 2), "fpr": slice(0, 1), "positive_rate": slice(0, 2)}


def figures(
    place: Place,
    candidate: Measures,
    baseline: Measures,
    pair: Pair,
    thresholds: Sequence[float],
) -> Iterator[Figure]:
    """Yield the changes of one slice.

    Args:
        place: The slice.
        candidate: What is known of it by the candidate's scores.
        baseline: And by the baseline's, of the same rows.
        pair: Both together.
        thresholds: The thresholds, in the order that all have them.
    """
    area = (
        roc.difference(
            candidate.auc,
            baseline.auc,
            _correlation(candidate.cell, baseline.cell, pair),
        )
        if candidate.auc and baseline.auc
        else None
    )
    yield place.figure("auc", None, area and _cut(area, 1.0))
    for metric, most in (("log_loss", LARGEST_LOSS), ("brier", 1.0)):
        change = _mean(metric, candidate.cell, baseline.cell, pair)
        yield place.figure(metric, None, _cut(change, most))
    for index, threshold in enumerate(thresholds):
        for metric, labels in RATES.items():
            both = int(pair.both_above[labels, index].sum())
            rows = int(candidate.cell.counts[labels].sum())
            value = intervals.paired_difference(
                int(candidate.above[labels, index].sum()) - both,
                int(baseline.above[labels, index].sum()) - both,
                rows,
            )
            yield place.figure(metric, threshold, value)


def _correlation(candidate: Cell, baseline: Cell, pair: Pair) -> float:
    """Return that of both AUC; NaN where it is not known."""
    if math.isnan(pair.auc_correlation) and _alike(candidate, baseline, pair):
        return 1.0
    return pair.auc_correlation


def _alike(candidate: Cell, baseline: Cell, pair: Pair) -> bool:
    """Return whether both models scored each row alike: their losses differ nowhere."""
    for metric in ("log_loss", "brier"):
        squares = sum(
            getattr(cell, f"{metric}_squares") for cell in (candidate, baseline)
        )
        apart = squares - 2.0 * getattr(pair, f"{metric}_products")  # sum of squares
        if apart > ROUNDING * squares:
            return False
    return True


def _mean(metric: str, candidate: Cell, baseline: Cell, pair: Pair) -> Interval:
    """Return the change of a mean loss."""
    rows = candidate.rows
    sums = [getattr(cell, metric) for cell in (candidate, baseline)]
    squares = sum(
        getattr(cell, f"{metric}_squares") for cell in (candidate, baseline)
    ) - 2.0 * getattr(pair, f"{metric}_products")
    value = (sums[0] - sums[1]) / rows
    if rows == 1:
        return Interval(value, -LARGEST_LOSS, LARGEST_LOSS)  # one row tells nothing
    return intervals.normal(value, (squares / rows - value * value) / (rows - 1))


def _cut(change: Interval, most: float) -> Interval:
    return change._replace(low=max(-most, change.low), high=min(most, change.high))
