r"""An attack on a promise: what the guesses of one training show of its epsilon.

Steinke, Nasr and Jagielski (2023), "Privacy auditing with one (1) training run",
<https://arxiv.org/abs/2305.08846>. Each of $m$ canaries takes part by the toss of a
coin. Who knows neither coins nor noise guesses $r$ of the coins, of which $v$ guesses
are right. If the training is $(\varepsilon, \delta)$-private, as many are right with a
probability of at most (the program of their appendix D)

$$P[B \ge v] + 2 m \delta \max_{1 \le i \le v} \frac{P[v > B \ge v - i]}{i}, \quad
B \sim \text{Bin}\left(r, \frac{e^\varepsilon}{1 + e^\varepsilon}\right).$$

Each epsilon is refuted for which that is below 5 %. The largest of them is a lower
bound: a better attack may show more.

The sixth of the canaries with the highest scores is guessed to be in, that with the
lowest to be out. The share is fixed, so that no coin decides it; under Gaussian noise
of epsilon 2 to 13 it shows 9/10 of what the best does for 256 canaries, 4/5 for 1,000.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

SHARE = 6  # one canary in so many is guessed to be in, another to be out


def attacked(
    scores: NDArray[np.float64], coins: NDArray[np.bool_], delta: float
) -> float:
    """Return the lower bound of epsilon that guesses by scores show, at 95 %.

    Args:
        scores: One a canary, shape `(canaries,)`: the higher, the more it looks as if
            the canary took part.
        coins: Whether it did, shape `(canaries,)`.
        delta: Of the promise.

    Returns:
        0 where nothing is shown. With `coins` as scores, the most that so many canaries
        can show.
    """
    order, each = np.argsort(scores, kind="stable"), len(scores) // SHARE
    out, inside = order[:each], order[len(order) - each :]
    correct = np.count_nonzero(coins[inside]) + np.count_nonzero(~coins[out])
    return lower_bound(int(correct), 2 * each, delta, len(scores))


def lower_bound(
    correct: int, guesses: int, delta: float, canaries: int, confidence: float = 0.95
) -> float:
    """Return the largest epsilon that guesses refute, rounded down; 0 if they do none.

    Args:
        correct: How many of the guesses are right.
        guesses: How many were made, which must not depend on the coins.
        delta: Of the promise.
        canaries: How many there are, at least as many as guesses.
        confidence: Probability that the bound is not above the true epsilon.
    """
    low, high = 0.0, 1.0
    while _p_value(correct, guesses, delta, canaries, high) < 1 - confidence:
        low, high = high, high + 1
    for _ in range(30):
        middle = (low + high) / 2
        p_value = _p_value(correct, guesses, delta, canaries, middle)
        low, high = (middle, high) if p_value < 1 - confidence else (low, middle)
    return low


def _p_value(
    correct: int, guesses: int, delta: float, canaries: int, epsilon: float
) -> float:
    """Return how probable so many right guesses are at most, see the module."""
    from scipy.stats import binom  # slow to import

    right = 1 / (1 + math.exp(-epsilon))
    fewer = np.arange(1, correct + 1)
    between = np.cumsum(binom.pmf(correct - fewer, guesses, right)) / fewer
    beta = binom.sf(correct - 1, guesses, right)
    return float(beta + 2 * canaries * delta * between.max(initial=0.0))
