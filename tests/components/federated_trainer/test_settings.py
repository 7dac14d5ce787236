"""The trainer's settings keep their bounds."""

from __future__ import annotations

import pydantic
import pytest

from components.federated_trainer.settings import TrainingSettings


def test_settings_survive_json():
    settings = TrainingSettings(rounds=3)
    text = settings.model_dump_json()
    assert TrainingSettings.model_validate_json(text) == settings


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rounds", 0),
        ("local_epochs", 0),
        ("batch_size", 0),
        ("client_learning_rate", 0),
        ("quorum_per_round", 0),
        ("round_timeout_s", 0),
        ("seed", -1),
        ("server_optimizer", {"name": "yogi"}),
        ("server_optimizer", {"momentum": 1.0}),
        ("epochs", 1),
    ],
)
def test_value_out_of_bounds_is_refused(key, value):
    with pytest.raises(pydantic.ValidationError, match=key):
        TrainingSettings(**{key: value})


def test_unknown_algorithm_is_refused_with_the_known_ones():
    with pytest.raises(pydantic.ValidationError, match=r"expected one of \['fed_avg'"):
        TrainingSettings(algorithm="fedavg")
