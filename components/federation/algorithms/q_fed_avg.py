r"""q-FedAvg: silos with large losses count more, as the power q says.

$$\Delta_k = F_k^q(w^t) \frac{w^t - w_k^t}{\eta_l}, \qquad
h_k = q F_k^{q-1}(w^t) \left\|\frac{w^t - w_k^t}{\eta_l}\right\|^2
    + \frac{F_k^q(w^t)}{\eta_l}, \qquad
w^{t+1} = w^t - \frac{\sum_k p_k \Delta_k}{\sum_k p_k h_k}$$

$F_k$ is silo k's loss, $w_k^t$ its weights after local SGD. Li et al. (2020), Fair
Resource Allocation in Federated Learning, Algorithm 2 with $L = 1 / \eta_l$,
<https://arxiv.org/abs/1905.10497>. As a weighted mean: each silo sends
$\Delta_k / h_k$ with the weight $p_k h_k$, of which a factor is left out that all silos
share, $\bar F^q / \eta_l$ with $\bar F$ the loss of the round before.

Departures: all silos take part, weighted by $p_k$ of `weighting.py` (there: a sample
drawn in proportion to rows, weighted alike). The loss is that of
`LocalTraining.loss`, of at most 4,096 rows that lie evenly apart; as in the authors'
code, 1e-10 is added to it.
"""

from __future__ import annotations

import functools

from components.federation.algorithms.coordinator import ToMeanLoss
from components.federation.client_work import LocalWork
from components.federation.plan import TrainingPlan
from components.federation.tff_types import Value

COORDINATOR = ToMeanLoss
SMALL = 1e-10


def local(plan: TrainingPlan) -> LocalWork:
    """Return what a silo does otherwise: it rescales its update by its loss."""
    rate = plan.client_learning_rate
    return LocalWork(rescale=functools.partial(rescale, plan.algorithm.q, rate))


def rescale(
    q: Value, rate: float, loss: Value, reference: Value, squares: Value
) -> tuple[Value, Value]:
    r"""Return what the update and its weight are multiplied by.

    Args:
        q: The power; a number, or an array of several.
        rate: Of local SGD, $\eta_l$.
        loss: $F_k(w^t)$; a number, an array or a tensor, as what follows.
        reference: $\bar F$; any positive number gives the same mean.
        squares: $\|w^t - w_k^t\|^2$.
    """
    shrunk = 1 + q * squares / (rate * (loss + SMALL))
    return 1 / shrunk, ((loss + SMALL) / (reference + SMALL)) ** q * shrunk
