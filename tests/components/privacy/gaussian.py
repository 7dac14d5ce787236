"""Closed forms of the Gaussian mechanism, as the tests' second opinion."""

import math

from scipy import optimize, stats


def delta(epsilon, noise):
    """Return the exact delta at an epsilon: Balle & Wang (2018), theorem 8."""
    mean = 1 / noise
    return stats.norm.cdf(mean / 2 - epsilon / mean) - math.exp(
        epsilon
    ) * stats.norm.cdf(-mean / 2 - epsilon / mean)


def epsilon(target, noise):
    """Return the exact epsilon at a delta."""
    if delta(0, noise) <= target:
        return 0.0
    return optimize.brentq(lambda e: delta(e, noise) - target, 0, 200, xtol=1e-9)
