r"""FedProx: local training that is drawn to the round's model.

$$w_k^{t} \approx \arg\min_w F_k(w) + \frac{\mu}{2} \|w - w^t\|^2$$

by local SGD on the sum; the rest is `fed_avg.py`. Li et al. (2020), Federated
Optimization in Heterogeneous Networks, Algorithm 2, <https://arxiv.org/abs/1812.06127>.

Departures: all silos take part, weighted as in `weighting.py` (there: a sample drawn in
proportion to rows, averaged alike), and each makes the same number of passes, where the
paper lets them stop at any inexactness.
"""

from __future__ import annotations

from components.federation.algorithms.coordinator import Coordinator
from components.federation.client_work import LocalWork
from components.federation.plan import TrainingPlan

COORDINATOR = Coordinator


def local(plan: TrainingPlan) -> LocalWork:
    """Return what a silo does otherwise: it is drawn to the model by `mu`."""
    return LocalWork(strength=plan.algorithm.mu)
