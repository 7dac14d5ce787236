r"""Agnostic federated learning: the best model for the worst mixture of the silos.

$$\min_w \max_{\lambda} \sum_k \lambda_k F_k(w), \qquad
\lambda^{t+1} = \Pi(\lambda^t + \gamma F(w^t)), \qquad
w^{t+1} = w^t - \eta \, opt\left(\sum_k \lambda_k^t (w^t - w_k^t)\right)$$

$\Pi$ is the Euclidean projection onto the simplex $\lambda_k \ge 0, \sum_k \lambda_k =
1$, and $\lambda^1$ the silos' shares of rows. Mohri et al. (2019), Agnostic Federated
Learning, the algorithm Stochastic-AFL, <https://arxiv.org/abs/1902.00146>.

Departures: updates of local SGD take the place of the model's gradient, and the last
iterate that of the iterates' mean. The loss is that of `LocalTraining.loss`, of at most
4,096 rows that lie evenly apart; a silo that was not in a round has that round's mean.
A silo whose share is 0 sends an update that counts for nothing and is recorded as zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from components.federation.algorithms.coordinator import Coordinator
from components.federation.client_work import LocalWork
from components.federation.plan import TrainingPlan
from components.payloads.model_run import RoundRecord


def local(plan: TrainingPlan) -> LocalWork:
    """Return what a silo does otherwise; nothing, the coordinator weighs it."""
    del plan
    return LocalWork()


class Ascent(Coordinator):
    """Finds the shares from the rounds' records, and so keeps nothing itself."""

    def weights(
        self, cohort: Iterable[str], records: Sequence[RoundRecord]
    ) -> dict[str, float]:
        """Return each silo's share in the next round."""
        del cohort  # a silo that is away keeps its share
        rows = np.array([*self.rows.values()], np.float64)
        shares = rows / max(rows.sum(), 1.0)
        for record in records:
            mean = record.loss_before or 0.0  # silos that don't tell it are refused
            losses = {one.silo: one.loss_before or 0.0 for one in record.silos}
            found = [losses.get(silo, mean) for silo in self.rows]
            shares = project(shares + self.plan.algorithm.step * np.array(found))
        return dict(zip(self.rows, shares.tolist(), strict=True))


def project(point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the point of the simplex that is nearest to a point, both `(silos,)`."""
    falling = np.sort(point)[::-1]
    excess = (np.cumsum(falling) - 1) / np.arange(1, len(point) + 1)
    found: NDArray[np.float64] = np.maximum(point - excess[falling > excess][-1], 0.0)
    return found


COORDINATOR = Ascent
