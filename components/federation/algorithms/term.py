r"""TERM: silos with large losses count more, exponentially.

$$\min_w \frac{1}{t} \log \sum_k p_k e^{t F_k(w)}, \qquad
w^{t+1} = w^t - \eta \, opt\left(\sum_k a_k (w^t - w_k^t)\right), \qquad
a_k \propto p_k e^{t F_k(w^t)}$$

with the tilt t; the $a_k$ are the weights of the silos' gradients in that of the
objective. Li et al. (2021), Tilted Empirical Risk Minimization,
<https://arxiv.org/abs/2007.01162>, with silos as groups.

Departures: the paper tilts the losses of batches or groups in central training; here
updates of local SGD take the place of gradients. The loss is that of
`LocalTraining.loss`, of at most 4,096 rows that lie evenly apart. Exponents are taken
relative to the loss of the round before, a factor that all silos share, and cut at 50
either way, so that none overflows.
"""

from __future__ import annotations

import tensorflow as tf

from components.federation.algorithms.coordinator import ToMeanLoss
from components.federation.client_work import LocalWork
from components.federation.plan import TrainingPlan
from components.federation.tff_types import Value

COORDINATOR = ToMeanLoss
LARGEST = 50.0


def local(plan: TrainingPlan) -> LocalWork:
    """Return what a silo does otherwise: it weighs its update by its loss."""

    def rescale(loss: Value, reference: Value, squares: Value) -> tuple[Value, Value]:
        del squares
        exponent = plan.algorithm.tilt * (loss - reference)
        return 1.0, tf.exp(tf.clip_by_value(exponent, -LARGEST, LARGEST))

    return LocalWork(rescale=rescale)
