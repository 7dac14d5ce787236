"""What decides a training: plain numbers, no engine, no data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from components.federation.algorithms import registry
from components.settings import Section


class ServerOptimizer(Section):
    """How the coordinator applies the mean of the silos' updates."""

    name: Literal["sgd", "adam"] = "sgd"
    """`sgd` (with `momentum`, if any) or `adam`."""

    learning_rate: float = Field(1.0, gt=0, le=100)
    """Its step; 1.0 with `sgd` takes the mean as it is, 0.01 suits `adam`."""

    momentum: float = Field(0.0, ge=0, lt=1)
    """Of `sgd`; 0 is none."""

    epsilon: float = Field(1e-3, gt=0, le=1)
    """Of `adam`: the larger, the less it adapts to single weights."""


class TrainingPlan(Section):
    """All that decides a training, beside model and data."""

    algorithm: str = "fed_avg"
    """Name of the federated algorithm."""

    rounds: int = Field(10, ge=1, le=100_000)
    """Rounds: each trains in every silo and merges once."""

    local_epochs: int = Field(1, ge=1, le=1_000)
    """Passes over a silo's rows in a round."""

    batch_size: int = Field(64, ge=1, le=1_000_000)
    """Rows a local step."""

    client_learning_rate: float = Field(0.1, gt=0, le=100)
    """Step of the silos' local SGD."""

    server_optimizer: ServerOptimizer = ServerOptimizer()
    """How the mean of the updates is applied."""

    seed: int = Field(0, ge=0, lt=2**32)
    """Decides initial weights and shuffles: the same seed, the same model."""

    quorum_per_round: int = Field(2, ge=1)
    """Silos that must answer in each round; with fewer the training stops."""

    round_timeout_s: float = Field(600.0, gt=0, le=86_400)
    """Seconds that a silo has for a round before it is dropped from it."""

    @field_validator("algorithm")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in registry.ALGORITHMS:
            raise ValueError(f"expected one of {sorted(registry.ALGORITHMS)}")
        return value
