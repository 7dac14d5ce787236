"""A threshold for each silo with which it reaches the overall TPR.

Equal opportunity (Hardt et al. 2016, "Equality of opportunity in supervised
learning", NeurIPS) by calibration: what each silo would get with a threshold of its
own. It is evaluated, never imposed: the model and its thresholds stay as they are.
Of the scores between groups of at least `rows_per_bin` of its rows, the threshold is
the highest with which the silo's TPR is at least the overall TPR at the middle
configured threshold. It is chosen on the rows that it is evaluated on, so the TPR is
met by design.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from components.fairness_evaluator.figures import slices
from components.fairness_evaluator.figures.found import Found
from components.fairness_evaluator.figures.slices import RATES, Measures
from components.fairness_evaluator.sketches.cells import Cell

OF_OWN = ("tpr", "fpr", "positive_rate")


def target(overall: Measures, thresholds: Sequence[float]) -> float | None:
    """Return the TPR to reach; None where no row is positive.

    Args:
        overall: What is known of all silos together.
        thresholds: Rising; the middle one counts, the lower of two in the middle.
    """
    found = overall.found["tpr", thresholds[(len(thresholds) - 1) // 2]]
    return found and found.value


def figures(cell: Cell, reached: float) -> Iterator[Found]:
    """Yield a silo's own threshold and its rates with it.

    Args:
        cell: All rows of the silo.
        reached: The TPR to reach.
    """
    if not cell.positives or not cell.exact:
        return
    passed = cell.exact.cuts[2] / cell.positives >= reached
    threshold, *hits = cell.exact.cuts[:, np.flatnonzero(passed)[-1]].tolist()
    yield Found("own_threshold", None, threshold)
    labels = (cell.negatives, cell.positives)
    rates = slices.rates(labels, [int(each) for each in hits])
    for rate in OF_OWN:
        yield Found(f"own_threshold_{rate}", None, rates[RATES[rate]])
