"""A threshold for each silo with which it reaches the overall TPR.

Equal opportunity (Hardt et al. 2016, "Equality of opportunity in supervised
learning", NeurIPS) by calibration: what each silo would get with a threshold of its
own. It is evaluated, never imposed: the model and its thresholds stay as they are.
The threshold is the highest edge of the score bins with which the silo's TPR is at
least the overall TPR at the middle configured threshold; the lowest edge where none
is. It is chosen on the rows that it is evaluated on, so the TPR is met by design.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from components.fairness_evaluator.figures import measures
from components.fairness_evaluator.figures.measures import Measures
from components.fairness_evaluator.figures.place import Place
from components.fairness_evaluator.sketches.cells import Cell
from components.payloads.table import Figure

RATES = ("tpr", "fpr", "positive_rate")


def target(overall: Measures, thresholds: Sequence[float]) -> float | None:
    """Return the TPR to reach; None where no row is positive.

    Args:
        overall: What is known of all silos together.
        thresholds: Rising; the middle one counts, the lower of two in the middle.
    """
    found = overall.found["tpr", thresholds[(len(thresholds) - 1) // 2]]
    return found and found.value


def figures(
    place: Place, cell: Cell, edges: NDArray[np.float64], reached: float
) -> Iterator[Figure]:
    """Yield a silo's own threshold and its rates with it.

    Args:
        place: The silo.
        cell: All its rows.
        edges: Edges between the score bins.
        reached: The TPR to reach.
    """
    if not cell.positives:
        return
    left = cell.positives - np.concatenate([[0], np.cumsum(cell.counts[1])])
    # The first of the occupied bins that are above the threshold.
    first = int(np.flatnonzero(left / cell.positives >= reached)[-1])
    edge = int(cell.bins[first]) - 1 if first < len(cell.bins) else len(edges) - 1
    edge = max(0, edge)
    hits = cell.counts[:, cell.bins > edge].sum(axis=1).tolist()
    yield place.figure("own_threshold", None, float(edges[edge]))
    rates = measures.rates((cell.negatives, cell.positives), hits)
    for rate in RATES:
        yield place.figure(f"own_threshold_{rate}", None, rates[rate])
