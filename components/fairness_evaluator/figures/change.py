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

import dataclasses
import math
from collections.abc import Iterator, Sequence

from components.fairness_evaluator.figures import roc
from components.fairness_evaluator.figures.found import Found
from components.fairness_evaluator.figures.slices import LARGEST_LOSS, Measures
from components.fairness_evaluator.sketches.cells import Cell, Pair
from components.scoring import intervals
from components.scoring.intervals import Interval

ROUNDING = 1e-9  # of sums of products, by the sums themselves

RATES = {"tpr": [1], "fpr": [0], "positive_rate": [0, 1]}  # of which labels


@dataclasses.dataclass(frozen=True)
class Both:
    """Two models on the rows of one slice.

    Attributes:
        candidate: What is known of it by the candidate's scores.
        baseline: And by the baseline's, of the same rows.
        cells: The slice by the scores of each.
        pair: Both together.
    """

    candidate: Measures
    baseline: Measures
    cells: tuple[Cell, Cell]
    pair: Pair

    def squares(self, loss: str) -> float:
        """Return the sum over rows of the squared difference of a loss."""
        each = sum(getattr(cell, f"{loss}_squares") for cell in self.cells)
        return float(each - 2.0 * getattr(self.pair, f"{loss}_products"))

    @property
    def alike(self) -> bool:
        """Whether both models scored each row alike: their losses differ nowhere."""
        return all(
            self.squares(loss)
            <= ROUNDING * sum(getattr(cell, f"{loss}_squares") for cell in self.cells)
            for loss in ("log_loss", "brier")
        )

    @property
    def correlation(self) -> float:
        """That of both AUC; NaN where it is not known."""
        found = self.pair.auc_correlation
        return 1.0 if math.isnan(found) and self.alike else found


def figures(both: Both, thresholds: Sequence[float]) -> Iterator[Found]:
    """Yield the changes of one slice.

    Args:
        both: The two models.
        thresholds: The thresholds, in the order that all have them.
    """
    now, before = both.candidate, both.baseline
    rows, positives = now.rows, now.positives
    area = None
    if now.auc and before.auc:
        freedom = roc.freedom(positives, rows - positives)
        change = roc.difference(now.auc, before.auc, both.correlation, freedom)
        area = _cut(change, 1.0)
    yield Found("auc", None, area)
    yield Found("log_loss", None, _cut(_mean("log_loss", both), LARGEST_LOSS))
    yield Found("brier", None, _cut(_mean("brier", both), 1.0))
    counts = (rows - positives, positives)
    for index, threshold in enumerate(thresholds):
        for metric, labels in RATES.items():
            shared = int(both.pair.both_above[labels, index].sum())
            value = intervals.paired_difference(
                int(now.above[labels, index].sum()) - shared,
                int(before.above[labels, index].sum()) - shared,
                sum(counts[label] for label in labels),
            )
            yield Found(metric, threshold, value)


def _mean(loss: str, both: Both) -> Interval:
    """Return the change of a mean loss."""
    rows = both.candidate.rows
    now, before = (getattr(cell, loss) for cell in both.cells)
    value = (now - before) / rows
    if rows == 1:
        return Interval(value, -LARGEST_LOSS, LARGEST_LOSS)  # one row tells nothing
    variance = (both.squares(loss) / rows - value * value) / (rows - 1)
    return intervals.normal(value, variance)


def _cut(change: Interval, most: float) -> Interval:
    return change._replace(low=max(-most, change.low), high=min(most, change.high))
