r"""The contribution of each silo to the others' rows, with its interval and its rank.

$$C_i = \frac{1}{R} \sum_r \frac{\sum_{j \ne i} n_j \varphi_{rij}}{\sum_{j \ne i} n_j}$$

over the $R$ audited rounds, with $n_j$ the rows of silo $j$ that were scored. A silo's
own rows are left out: what it says of itself is no evidence. The interval has two
parts, the squares of which add up:

- Coalitions that were drawn: the variance is $\sum_g q_g \hat\sigma^2_{ig}$ over the
  samples $g$, each of one size, with $q_g$ the sum of a sample's squared weights, on
  average over the players, and $\hat\sigma^2_{ig}$ the variance in it of the values
  over the others' rows. Rounds are independent. Student's t, with the degrees of
  freedom of Satterthwaite (1946), "An approximate distribution of estimates of variance
  components".
- Rows that were scored: the standard error of their mean in a round is at most
  $\sqrt{\sum_{j \ne i} \sum_{x \in j} \varphi_{ri}(x)^2} \big/ \sum_{j \ne i} n_j$.
  Rounds may score the same rows: these errors are averaged, not their squares.

Rounds are given, not drawn: an interval speaks of the rounds that were audited. As a
sample of all rounds, two would have an interval of 12.7 standard errors to each side.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from components.contribution_auditor import shapley
from components.payloads.interval import Interval
from components.scoring import intervals


@dataclasses.dataclass(frozen=True)
class AuditedRound:
    """What the silos answered in one audited round."""

    plan: shapley.Plan
    values: NDArray[np.float64]  # (models, silos): less mean log loss of a silo's rows
    squares: NDArray[np.float64]
    """Of `shapley.contributions` to single rows, the sums over the rows of a silo,
    `(players, silos)`."""


def totals(rounds: Sequence[AuditedRound], rows: NDArray[np.int64]) -> list[Interval]:
    """Return the contribution of each silo to the rows of all others.

    Args:
        rounds: At least one, of the same silos in the same order.
        rows: That each silo scored, shape `(silos,)`. Values of a silo with none are
            not used; they must be finite.

    Returns:
        By player, in the unit of the values.

    Raises:
        ValueError: Fewer than two silos scored rows.
    """
    others = weights_of_others(rows)
    effects, errors, variances, freedoms = [], [], [], []
    for one in rounds:
        contributions = shapley.contributions(one.plan, one.values)
        effects.append(np.sum(others * contributions, axis=1))
        squares = np.sum((others > 0.0) * one.squares, axis=1)
        errors.append(np.sqrt(squares) / (rows.sum() - rows))
        values = one.values @ others.T
        for sample in range(1, one.plan.samples.max() + 1):
            drawn = one.plan.samples == sample
            weight = np.sum(one.plan.weights[:, drawn] ** 2) / len(rows)
            variance = weight * values[drawn].var(axis=0, ddof=1)
            variances.append(variance / len(rounds) ** 2)
            freedoms.append(drawn.sum() - 1)
    value = np.mean(effects, axis=0)
    half = intervals.Z * np.mean(errors, axis=0)
    if variances:
        half = np.hypot(half, _half(np.array(variances), np.array(freedoms)))
    found = np.stack([value, value - half, value + half], axis=1)
    return [Interval(*one) for one in found.tolist()]


def weights_of_others(rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return for each player the shares of the others' rows, `(players, silos)`."""
    if np.count_nonzero(rows) < 2:
        raise ValueError(
            f"found {np.count_nonzero(rows)} silos with scored rows, expected at least "
            "2; a contribution is what one does for the others' rows"
        )
    others: NDArray[np.float64] = rows * (1.0 - np.eye(len(rows)))
    others /= (rows.sum() - rows)[:, None]
    return others


def ranks(found: Sequence[Interval]) -> list[tuple[int, int]]:
    """Return the best and the worst rank that each may have, from 1, the highest.

    One is surely above another where their intervals lie apart.
    """
    return [
        (
            1 + sum(other.low > one.high for other in found),
            len(found) - sum(other.high < one.low for other in found),
        )
        for one in found
    ]


def _half(
    variances: NDArray[np.float64], freedoms: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return half the width of intervals of sums of parts, `(parts, players)`."""
    variance = variances.sum(axis=0)
    spread = np.sum(variances**2 / freedoms[:, None], axis=0)
    freedom = variance**2 / np.maximum(spread, np.finfo(float).tiny)
    half: NDArray[np.float64] = np.sqrt(variance)
    half *= [intervals.student(max(1, int(one))) for one in freedom]
    return half
