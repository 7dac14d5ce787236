"""The trainer's settings keep their bounds."""

from __future__ import annotations

import pydantic
import pytest

from components.federated_trainer.settings import TrainingSettings


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"quorum_per_round": 0}, "quorum_per_round"),
        ({"seed": -1}, "seed"),
        ({"server_optimizer": {"name": "yogi"}}, "server_optimizer"),
        ({"epochs": 1}, "epochs"),
        ({"algorithm": "fedavg"}, "Input should be 'fed_avg', 'fed_prox'"),
    ],
)
def test_value_out_of_bounds_is_refused(changes, found):
    with pytest.raises(pydantic.ValidationError, match=found):
        TrainingSettings(**changes)
