r"""Score bins: what leaves a silo for the AUC of totals over silos.

A bin shows of at least `k` rows how many have each label, where their mean score lies
and how far around it the bin reaches, and in how many pairs of a positive and a
negative the positive scores higher. It shows no row's score. A silo's bins are as fine
as its rows allow, so those of two silos overlap.

In a total the rows of a bin lie evenly over its range, those of each label around the
mean rank that the ordered pairs give: with $U$ of them, $n_0$ negatives and $n_1$
positives, $D = U / (n_0 n_1) - 1/2$, the mean ranks over $k = n_0 + n_1$ are
$1/2 + n_0 D / k$ for positives and $1/2 - n_1 D / k$ for negatives (Mann and Whitney
1947). How far off the AUC of totals is stands in docs/decisions/0003-score-sketches.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FIELDS = 5  # start, stop, negatives, positives, twice the ordered pairs (ties: one)


def place(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return each score's place among all float32 numbers from 0 on, rising."""
    return (scores.astype(np.float32) + np.float32(0)).view(np.int32).astype(np.int64)


def make(
    places: NDArray[np.int64], labels: NDArray[np.int64], least: int, most: int
) -> NDArray[np.int64]:
    """Return the bins of rows, shape `(FIELDS, bins)`.

    Args:
        places: The places of their scores, rising, at least one.
        labels: 0 or 1.
        least: Fewest rows of a bin, where there are as many.
        most: Most bins, about.
    """
    begins, ends, edges = _edges(places, least, most)
    sizes, positives = np.diff(edges), np.add.reduceat(labels, edges[:-1])
    first, last = places[edges[:-1]], places[edges[1:] - 1]
    halfway = (last[:-1] + first[1:] + 1) // 2
    mean = np.add.reduceat(places, edges[:-1]) / sizes
    reach = np.minimum(
        mean - np.concatenate([[-np.inf], halfway]),
        np.concatenate([halfway, [np.inf]]) - mean,
    )
    reach = np.where(first == last, 0.0, np.minimum(reach, last - first))
    start = np.maximum(0, np.floor(mean - reach)).astype(np.int64)
    stop = np.maximum(start + 1, np.ceil(mean + reach).astype(np.int64))
    # Ordered pairs, from the rows of each score and the negatives below it.
    hits = np.add.reduceat(labels, begins)
    misses = ends - begins - hits
    below = np.cumsum(misses) - misses
    which = np.searchsorted(edges, begins, side="right") - 1
    below -= below[np.searchsorted(begins, edges[:-1])][which]
    ordered = np.bincount(which, hits * (2 * below + misses)).astype(np.int64)
    return np.stack([start, stop, sizes - positives, positives, ordered])


def _edges(
    values: NDArray[Any], least: int, most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return where rows of equal value begin and end, and where bins of them do."""
    least = max(least, -(-len(values) // most))
    ends = np.flatnonzero(np.diff(values, append=-1)) + 1
    begins = np.concatenate([[0], ends[:-1]])
    large = np.searchsorted(ends, begins + least).tolist()  # by begin, the end to take
    edges, at = [0], 0
    while at < len(ends) and large[at] < len(ends):
        at = large[at] + 1
        edges.append(int(ends[at - 1]))
    inner = edges[: max(1, len(edges) - 1)]
    return begins, ends, np.array([*inner, ends[-1]])


def cuts(
    scores: NDArray[np.float64], labels: NDArray[np.int64], least: int, most: int
) -> NDArray[np.float64]:
    """Return rising scores between groups of rows, and rows of each label above them.

    Arguments as those of `make`, with the scores in place of their places.
    """
    *_, at = _edges(scores, least, most)
    between = (scores[at[1:-1] - 1] + scores[at[1:-1]]) / 2
    found = [np.nextafter(scores[0], -1.0), *between, scores[-1]]
    positives = np.concatenate([[0], np.cumsum(labels)])[at]
    passed = np.array([len(scores), positives[-1]])[:, None] - [at, positives]
    return np.stack([found, passed[0] - passed[1], passed[1]])


def pooled(bins: NDArray[np.int64], least: int, most: int) -> NDArray[np.int64]:
    """Return bins of several silos, those of single scores with few rows made anew."""
    rows = bins[2:4].sum(axis=0)
    of_one_score = bins[1] == bins[0] + 1
    few = of_one_score & (rows < least)
    if not few.any():
        return bins
    if rows[few].sum() < least:
        few = of_one_score
    start, _, negatives, positives, _ = bins[:, few]
    counts = np.concatenate([negatives, positives])
    places = np.repeat(np.tile(start, 2), counts)
    labels = np.repeat([0, 1], [negatives.sum(), positives.sum()])
    order = np.argsort(places, kind="stable")
    made = make(places[order], labels[order], least, most)
    return np.concatenate([bins[:, ~few], made], axis=1)


def spread(bins: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the rows of each label in ranges of rising scores, of one silo or many."""
    start, stop, negatives, positives, ordered = bins.astype(np.float64)
    rows, pairs = negatives + positives, negatives * positives
    distance = np.divide(ordered / 2, pairs, out=0.5 + 0 * rows, where=pairs > 0) - 0.5
    sides = []
    for own, shift in (
        (negatives, -positives * distance / rows),
        (positives, negatives * distance / rows),
    ):
        middle = 0.5 + shift
        # A single row fills its rank alone, all rows of a bin fill all of it.
        alone = (0.5 / rows) ** 2
        half = np.sqrt(alone + (1 - 1 / np.maximum(own, 1)) * (0.25 - alone))
        half = np.minimum(half, np.minimum(middle, 1 - middle))
        low = start + (middle - half) * (stop - start)
        high = start + (middle + half) * (stop - start)
        sides.append((low, np.maximum(high, np.nextafter(low, np.inf)), own))
    ends = np.unique([side[:2] for side in sides])
    found = []
    for low, high, own in sides:
        first, last = np.searchsorted(ends, low), np.searchsorted(ends, high)
        share = own / (ends[last] - ends[first])
        changes = np.bincount(first, share, len(ends))
        changes -= np.bincount(last, share, len(ends))
        found.append(np.diff(ends) * np.maximum(0.0, np.cumsum(changes)[:-1]))
    return found[0], found[1]
