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

from components.fairness_evaluator.figures.slices import LARGEST_LOSS, Found, Measures
from components.fairness_evaluator.sketches.cells import Cell
from components.payloads.interval import Interval
from components.scoring import intervals, roc

ROUNDING = 1e-9  # of sums of products, by the sums themselves

RATES = {"tpr": [1], "fpr": [0], "positive_rate": [0, 1]}  # of which labels
LOSSES = {"log_loss": LARGEST_LOSS, "brier": 1.0}  # and the largest of one row


def figures(
    now: Measures, before: Measures, thresholds: Sequence[float]
) -> Iterator[Found]:
    """Yield the changes of one slice from `before` to `now`.

    Both are of the same rows; `before` is paired with the first model, which is `now`.
    """
    cell, other = now.cell, before.cell
    area = None
    if now.auc and before.auc:
        correlation = other.auc_correlation
        if math.isnan(correlation) and _alike(cell, other):
            correlation = 1.0
        freedom = roc.freedom(cell.positives, cell.negatives)
        area = _cut(roc.difference(now.auc, before.auc, correlation, freedom), 1.0)
    yield Found("auc", None, area)
    for loss, most in LOSSES.items():
        yield Found(loss, None, _cut(_mean(loss, cell, other), most))
    counts = (cell.negatives, cell.positives)
    for index, threshold in enumerate(thresholds):
        for metric, labels in RATES.items():
            shared = int(other.both_above[labels, index].sum())
            value = intervals.paired_difference(
                int(cell.above[labels, index].sum()) - shared,
                int(other.above[labels, index].sum()) - shared,
                sum(counts[label] for label in labels),
            )
            yield Found(metric, threshold, value)


def _squares(loss: str, now: Cell, before: Cell) -> tuple[float, float]:
    """Return the sum over rows of the squared difference of a loss, and of squares."""
    each = getattr(now, f"{loss}_squares") + getattr(before, f"{loss}_squares")
    return each - 2.0 * getattr(before, f"{loss}_products"), each


def _alike(now: Cell, before: Cell) -> bool:
    """Return whether both scored each row alike: their losses differ nowhere."""
    squares = [_squares(loss, now, before) for loss in LOSSES]
    return all(apart <= ROUNDING * each for apart, each in squares)


def _mean(loss: str, now: Cell, before: Cell) -> Interval:
    """Return the change of a mean loss."""
    value = (getattr(now, loss) - getattr(before, loss)) / now.rows
    if now.rows == 1:
        return Interval(value, -LARGEST_LOSS, LARGEST_LOSS)  # one row tells nothing
    apart, _ = _squares(loss, now, before)
    return intervals.normal(value, (apart / now.rows - value * value) / (now.rows - 1))


def _cut(change: Interval, most: float) -> Interval:
    return change._replace(low=max(-most, change.low), high=min(most, change.high))
