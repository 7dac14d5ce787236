r"""The numbers of example-level privacy: those of all silos, and those of one.

A step draws each unit (a row, or a person with all their rows) by itself, with
probability $q$: where 32 random bits, read as an int32, are below `threshold`. Of more
than `cap` units, a random subset of `cap` is taken.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_HALF = 2**31
_ALL = 2**32


@dataclasses.dataclass(frozen=True)
class PrivateTraining:
    """What is the same for all silos."""

    clip: float  # norm to which a unit's gradient is cut
    canaries: int = 0  # see `private_steps.py`
    people: bool = False  # whether a unit is a person, see `tensor_files.UNITS`


class PrivateSilo(NamedTuple):
    """What a silo is told beside its seed and weight."""

    noise: float  # standard deviation of a step's noise, unit: the clip norm
    threshold: int  # int32
    steps: int  # of a round
    batch: float  # units of a step on average; sums of gradients are divided by it
    cap: int  # most units of a step
    coins: NDArray[np.bool_]  # which canaries take part, `(canaries,)`

    @property
    def rate(self) -> float:
        """Probability that a step draws a unit, exactly."""
        return (self.threshold + _HALF) / _ALL


def threshold_of(rate: float) -> int:
    """Return the threshold for a probability, 0 to 1, rounded down."""
    return min(int(rate * _ALL), _ALL - 1) - _HALF


def coins_of(seed: int, silo: str, canaries: int) -> NDArray[np.bool_]:
    """Return which of a silo's canaries take part in a training, each with 1/2.

    Whoever attacks guesses them from what the silo sent, and does not look here.
    """
    content = hashlib.sha256(f"{seed}/canaries/{silo}".encode()).digest()
    generator = np.random.default_rng(int.from_bytes(content, "little"))
    coins: NDArray[np.bool_] = generator.random(canaries) < 0.5
    return coins
