r"""Weighted federated averaging with an optimizer at the server.

$$\Delta_k^t = w^t - w_k^{t}, \qquad
\bar\Delta^t = \sum_{k \in S_t} n_k \Delta_k^t / \sum_{k \in S_t} n_k, \qquad
w^{t+1} = w^t - \eta \, opt(\bar\Delta^t)$$

$w_k^t$ are silo k's weights after its local epochs of SGD from $w^t$, and $n_k$
its rows. With `sgd`, learning rate 1 and no momentum this is FederatedAveraging:
McMahan et al. (2017), Communication-Efficient Learning of Deep Networks from
Decentralized Data, Algorithm 1, <https://arxiv.org/abs/1602.05629>. With server
momentum or `adam` it is FedAvgM or FedAdam: Reddi et al. (2021), Adaptive
Federated Optimization, Algorithm 2, <https://arxiv.org/abs/2003.00295>.

Departures: other weightings may take the place of $n_k$ (`weighting.py`; Reddi's
Algorithm 2 weighs silos alike); `adam` corrects its moments' bias and starts them from
zero.
"""

from __future__ import annotations

from components.federation.algorithms.coordinator import Coordinator
from components.federation.client_work import LocalWork
from components.federation.plan import TrainingPlan

COORDINATOR = Coordinator


def local(plan: TrainingPlan) -> LocalWork:
    """Return what a silo does otherwise; nothing, this is local SGD."""
    del plan
    return LocalWork()
