r"""What a silo's update repeats: what it was sent, its own last one, another silo's.

Of the updates $\Delta_k^t$ of round t with weights $a_k$:

$$echo_i = \cos\Big(\Delta_i^t, \sum_{k \ne i} a_k \Delta_k^{t-1}\Big), \qquad
repeat_i = \cos(\Delta_i^t, \Delta_i^{t-1}), \qquad
twin_i = \max_{k \ne i} \cos(\Delta_i^t, \Delta_k^t)$$

A free rider without rows sends back what it got: the last change of the model (Lin et
al. (2019), Free-riders in Federated Learning: Attacks and Defenses, the delta weights
attack, <https://arxiv.org/abs/1911.12560>), or the model itself, with noise or without
(Fraboni et al. (2021), Free-rider Attacks on Model Aggregation in Federated Learning,
<https://arxiv.org/abs/2006.11901>). The silo's own update is left out of the sum, or an
honest one that outweighs the others would echo itself; so are copies of it in another's
name, or who is copied would seem to echo the copy.

Figures, no verdicts: updates of honest silos are alike too. All are of float32, as the
updates are kept, so a resumed training has the same.
"""

from __future__ import annotations

import hashlib
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TINY = 1e-12
SAME = 0.9999  # cosine of updates that are one and the same


class Updates(NamedTuple):
    """The updates that a round merged."""

    silos: NDArray[np.str_]  # ids, `(silos,)`
    vectors: NDArray[np.float32]  # `(silos, parameters)`
    weights: NDArray[np.float64]  # that they counted with, `(silos,)`


NONE = Updates(np.zeros(0, np.str_), np.zeros((0, 0), np.float32), np.zeros(0))


class Repeats(NamedTuple):
    """The fields of these names in `payloads.model_run.SiloRecord`."""

    echo: float | None
    repeat: float | None
    twin: float | None
    digest: str


def compare(updates: Updates, before: Updates = NONE) -> list[Repeats]:
    """Return what each update repeats.

    A cosine is None where there is nothing to compare with, and 0 for a zero update.

    Args:
        updates: Of a round.
        before: Of the round before it, if any.
    """
    places = {silo: place for place, silo in enumerate(before.silos)}
    own = before.vectors.astype(np.float64)
    total = np.einsum("k,kn->n", before.weights, own)
    found = []
    alike = _cosines(before.vectors) > SAME
    np.fill_diagonal(alike, True)  # also of a zero update
    cosines = _cosines(updates.vectors)
    np.fill_diagonal(cosines, -np.inf)
    pairs = zip(updates.silos, updates.vectors, cosines, strict=True)
    for silo, update, to_others in pairs:
        wide = update.astype(np.float64)
        place = places.get(silo)
        others, weights, repeat = total, before.weights, None
        if place is not None:
            repeat = _cosine(wide, own[place])
            same = alike[place]
            others = total - np.einsum("k,kn->n", weights[same], own[same])
            weights = weights[~same]
        # What is left of equal sums is rounding.
        moved = _dot(others, others) > TINY**2 * _dot(total, total)
        echo = _cosine(wide, others) if moved and weights.any() else None
        twin = float(np.clip(to_others.max(), -1.0, 1.0)) if len(cosines) > 1 else None
        found.append(Repeats(echo, repeat, twin, digest(update)))
    return found


def digest(update: NDArray[np.float32]) -> str:
    """Return the start of the SHA-256 of an update's bytes, little-endian float32."""
    return hashlib.sha256(update.astype("<f4").tobytes()).hexdigest()[:16]


def _cosines(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosines of all pairs, `(silos, silos)`; to a zero vector 0."""
    squares = np.einsum("kn,kn->k", vectors, vectors, dtype=np.float64)
    has_norm = squares > float(np.finfo(np.float32).tiny) ** 2  # that float32 can hold
    norms = np.sqrt(np.where(has_norm, squares, 1.0)).astype(np.float32)
    units = vectors / norms[:, np.newaxis]
    found: NDArray[np.float32] = units @ units.T
    return found


def _cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    norms = math.sqrt(_dot(one, one) * _dot(other, other))
    return min(1.0, max(-1.0, _dot(one, other) / norms)) if norms else 0.0


def _dot(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    # Not by `@`, which sums in another order on another number of cores.
    return float(np.einsum("n,n->", one, other))
