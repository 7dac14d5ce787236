r"""SCAFFOLD: local steps corrected for the drift of each silo.

$$y \leftarrow y - \eta_l (g_k(y) + c - c_k), \qquad
c_k^+ = c_k - c + \frac{w^t - y}{K_k \eta_l}, \qquad
c = \sum_k p_k c_k$$

after $K_k$ local steps from $w^t$. Karimireddy et al. (2020), SCAFFOLD: Stochastic
Controlled Averaging for Federated Learning, Algorithm 1 with option II,
<https://arxiv.org/abs/1910.06378>.

Departures: the coordinator keeps the variates $c_k$, which follow from the updates that
it sees anyway, and sends each silo its own difference $c - c_k$ alone; silos keep
nothing. They are weighted as in `weighting.py`, where the paper weighs them alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from components.federation.algorithms.coordinator import Coordinator
from components.federation.client_work import LocalWork
from components.federation.plan import TrainingPlan


def local(plan: TrainingPlan) -> LocalWork:
    """Return what a silo does otherwise: its gradients are shifted by $c - c_k$."""
    del plan
    return LocalWork(shifted=True)


class Variates(Coordinator):
    """Keeps the variates $c_k$, one row of `state` a silo that has rows."""

    def __post_init__(self) -> None:
        """Start from variates of zero."""
        super().__post_init__()
        self._place = {silo: index for index, silo in enumerate(self.rows)}
        self.state = np.zeros((len(self.rows), self.client_model.num_parameters))

    def shift(self, silo: str) -> tuple[NDArray[np.float32], ...]:
        """Return $c - c_k$ in the weights' shapes."""
        difference = self._mean() - self.state[self._place[silo]]
        return self.client_model.shaped(difference)

    def merged(self, updates: Mapping[str, NDArray[np.float64]]) -> None:
        """Set $c_k^+$ of the silos that were merged."""
        mean, state = self._mean(), self.state.copy()
        for silo, update in updates.items():
            place = self._place[silo]
            batches = math.ceil(self.rows[silo] / self.plan.batch_size)
            steps = batches * self.plan.local_epochs
            moved = update / (steps * self.plan.client_learning_rate)
            state[place] += moved - mean
        self.state = state

    def take_over(self, other: Coordinator) -> None:
        """Keep the variates of our silos."""
        places = [[*other.rows].index(silo) for silo in self.rows]
        self.state = other.state[places]

    def _mean(self) -> NDArray[np.float64]:
        weights = np.array([*self.scaled_weights(self.rows, ()).values()])
        found: NDArray[np.float64] = (
            np.einsum("k,kn->n", weights, self.state) / weights.sum()
        )
        return found


COORDINATOR = Variates
