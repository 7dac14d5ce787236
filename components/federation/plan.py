"""What a training is told to do: plain numbers, no engine, no data."""

from __future__ import annotations

import dataclasses
from typing import Literal


@dataclasses.dataclass(frozen=True)
class ServerOptimizer:
    """How the coordinator applies the mean of the silos' updates.

    Attributes:
        name: `sgd`, with or without momentum, or `adam`.
        learning_rate: Its step, > 0; with `sgd` 1.0 takes the mean as it is.
        momentum: Of `sgd`, 0 (none) to below 1.
        epsilon: Of `adam`, its degree of adaptivity, > 0.
    """

    name: Literal["sgd", "adam"] = "sgd"
    learning_rate: float = 1.0
    momentum: float = 0.0
    epsilon: float = 1e-3


@dataclasses.dataclass(frozen=True)
class TrainingPlan:
    """All that decides a training, beside model and data.

    Attributes:
        algorithm: Its name in `algorithms/registry.py`.
        rounds: Rounds, >= 1.
        local_epochs: Passes over a silo's rows in a round, >= 1.
        batch_size: Rows a local step, >= 1.
        client_learning_rate: Step of the silos' local SGD, > 0.
        server_optimizer: How the mean update is applied.
        seed: Seed of initial weights and shuffles.
        quorum: Silos that must answer in each round, >= 1.
        round_timeout_s: Time that a silo has for a round, unit: seconds.
    """

    algorithm: str = "fed_avg"
    rounds: int = 10
    local_epochs: int = 1
    batch_size: int = 64
    client_learning_rate: float = 0.1
    server_optimizer: ServerOptimizer = ServerOptimizer()
    seed: int = 0
    quorum: int = 2
    round_timeout_s: float = 600.0
