r"""Loss gap: silos count more that the model serves worse than their own would.

$$a_k \propto p_k e^{t (F_k(w^t) - F_k(w_k^*))}$$

$w_k^*$ is silo k's model of its own rows alone, and t the tilt; the rest is `term.py`.
After the abstract of Erraji et al. (2026), Loss Gap Parity for Fairness in
Heterogeneous Federated Learning (EAGLE), <https://arxiv.org/abs/2603.29818>: the silos
that are furthest from their own best loss count most, where `term`, `afl` and
`q_fed_avg` also favour one whose rows are hard for any model.

Departures: EAGLE adds the variance of the gaps to the objective; the exponential
weights are ours. $w_k^*$ is the pass that is best on the rows to choose by, no true
minimum. Its loss is of all training rows, the model's of those of `LocalTraining.loss`,
at most 4,096.
"""

from __future__ import annotations

from components.federation.algorithms import term
from components.federation.algorithms.coordinator import Coordinator

local = term.local  # against another reference


class ToOwnLoss(Coordinator):
    """Tells each silo the loss of its own model, which it needs of all."""

    def __post_init__(self) -> None:
        """Refuse silos of which no loss is known."""
        super().__post_init__()
        if missing := sorted(set(self.rows) - set(self.references)):
            raise ValueError(
                f"silo `{missing[0]}`: found no loss of its model of its own rows "
                "alone, expected one of each silo"
            )


COORDINATOR = ToOwnLoss
