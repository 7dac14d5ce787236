"""The plan: frozen, and plain FedAvg unless told otherwise."""

from __future__ import annotations

import dataclasses

import pytest

from components.federation.plan import ServerOptimizer, TrainingPlan


def test_default_is_plain_fed_avg():
    plan = TrainingPlan()
    assert plan.algorithm == "fed_avg"
    assert plan.server_optimizer == ServerOptimizer("sgd", 1.0, 0.0)


def test_plan_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainingPlan().rounds = 3  # type: ignore[misc]
