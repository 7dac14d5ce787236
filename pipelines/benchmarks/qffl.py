"""q-FedAvg on the hybrid synthetic data of its authors, with the product's rescaling.

Li et al. (2020), <https://arxiv.org/abs/1905.10497>: 100 devices, 60 features, 10
classes, softmax regression; half of the devices share one distribution, each of the
others has its own. Ten devices a round, drawn in proportion to their rows, weighted
alike; 80 % of a device's rows to train on, 10 % to test on. With so few devices a round
the last model is one of many: figures are means over the second half of the rounds.

Devices, draws and softmax are of this bench alone, and so is the mean; what an update
and its weight are multiplied by comes from `algorithms/q_fed_avg.py`. All q are trained
side by side, over the same draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from components.federation.algorithms import q_fed_avg

Array = NDArray[np.float64]

POWERS = (0.0, 1.0)
DEVICES, FEATURES, CLASSES = 100, 60, 10
DEVICES_A_ROUND, BATCH, RATE = 10, 10, 0.1
MEASURED = 5  # times, evenly over the second half of the rounds
KEYS = ("mean", "worst_tenth", "best_tenth", "variance")
LEAST_FALL = 0.25  # of the variance
PUBLISHED = [
    {"q": 0.0, "variance": 724.0, "worst_tenth": 18.8},
    {"q": 1.0, "variance": 472.0, "worst_tenth": 31.1},
]


class Rows(NamedTuple):
    """A device's rows: features with a 1 at their end, and classes."""

    features: Array
    classes: NDArray[np.int64]

    def part(self, chosen: NDArray[np.int64]) -> Rows:
        """Return some of the rows."""
        return Rows(self.features[chosen], self.classes[chosen])


def bench_qffl(rounds: int, seeds: int) -> dict[str, Any]:
    """Train with each q over several draws of the data.

    Args:
        rounds: Rounds of each training; the authors' command has 20,000.
        seeds: Draws of the data, 0 to `seeds` - 1.

    Returns:
        `rows`: for each seed and q the devices' accuracy on test rows, unit: percent:
        `mean`, `worst_tenth`, `best_tenth` and `variance` over devices; `means` over
        the seeds; `variance_falls_by`, 0 to 1, and `worst_tenth_rises_by`, of the
        means; `passed`: whether the first is at least `LEAST_FALL` and the second not
        below 0; `published`, for comparison.
    """
    rows: list[dict[str, Any]] = []
    measured = {rounds - index * (rounds // 10) for index in range(MEASURED)}
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        devices = [_split(device, rng) for device in hybrid(rng)]
        found: dict[float, list[dict[str, float]]] = {q: [] for q in POWERS}
        trained = train([train for train, _ in devices], rounds, rng)
        for number, weights in enumerate(trained, 1):
            if number in measured:
                for q, own in zip(POWERS, weights, strict=True):
                    accuracies = [100 * _accuracy(own, test) for _, test in devices]
                    found[q].append(_summary(np.array(accuracies)))
        rows += [{"seed": seed, "q": q, **_means(many)} for q, many in found.items()]
    plain, fair = (_means([row for row in rows if row["q"] == q]) for q in POWERS)
    fall = 1 - fair["variance"] / plain["variance"]
    rise = fair["worst_tenth"] - plain["worst_tenth"]
    return {
        "rounds": rounds,
        "rows": rows,
        "means": [{"q": q, **of} for q, of in zip(POWERS, (plain, fair), strict=True)],
        "published": PUBLISHED,
        "variance_falls_by": fall,
        "worst_tenth_rises_by": rise,
        "passed": bool(fall >= LEAST_FALL and rise >= 0),
    }


def hybrid(rng: np.random.Generator) -> list[Rows]:
    """Return the devices' rows, drawn as the authors' `generate_hybrid.py` does."""
    sizes = rng.lognormal(4, 1, DEVICES).astype(int) + 50
    of_model, of_rows = rng.normal(size=(2, DEVICES))
    deviations = np.arange(1, FEATURES + 1) ** -0.6
    shared = rng.normal(size=(FEATURES + 1, CLASSES))
    devices = []
    for index, size in enumerate(sizes):
        if index < DEVICES // 2:
            center, model = np.zeros(FEATURES), shared
        else:
            center = rng.normal(of_rows[index], 1, FEATURES)
            model = rng.normal(of_model[index], 1, (FEATURES + 1, CLASSES))
        drawn = center + rng.normal(size=(size, FEATURES)) * deviations
        features = np.column_stack([drawn, np.ones(size)])
        devices.append(Rows(features, np.argmax(features @ model, axis=1)))
    return devices


def train(
    devices: list[Rows], rounds: int, rng: np.random.Generator
) -> Iterator[Array]:
    """Yield the weights after each round: `(powers, features + 1, classes)`."""
    q = np.array(POWERS)
    limit = np.sqrt(6 / (FEATURES + CLASSES))
    first = rng.uniform(-limit, limit, (FEATURES + 1, CLASSES))
    first[-1] = 0
    weights = np.array([first] * len(POWERS))
    sizes = np.array([len(device.classes) for device in devices])
    for _ in range(rounds):
        drawn = rng.choice(
            len(devices), DEVICES_A_ROUND, replace=False, p=sizes / sizes.sum()
        )
        total, divisor = np.zeros_like(weights), np.zeros(len(POWERS))
        for index in drawn:
            rows = devices[index]
            order = rng.permutation(sizes[index])
            update = weights - _local_sgd(weights, rows.part(order))
            squares = np.sum(update**2, axis=(1, 2))
            loss = _loss(weights, rows)
            by, weight = q_fed_avg.rescale(q, RATE, loss, 1.0, squares)
            total += (weight * by)[:, np.newaxis, np.newaxis] * update
            divisor += weight
        weights = weights - total / divisor[:, np.newaxis, np.newaxis]
        yield weights


def _local_sgd(weights: Array, rows: Rows) -> Array:
    """Return weights after one pass over a device's rows in their order."""
    hot = np.eye(CLASSES)[rows.classes]
    for start in range(0, len(hot), BATCH):
        batch = rows.features[start : start + BATCH]
        errors = _probabilities(weights, batch) - hot[start : start + BATCH]
        weights = weights - RATE / len(batch) * (batch.T @ errors)
    return weights


def _probabilities(weights: Array, features: Array) -> Array:
    logits = features @ weights
    logits -= logits.max(axis=-1, keepdims=True)
    exponentials = np.exp(logits)
    found: Array = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return found


def _loss(weights: Array, rows: Rows) -> Array:
    """Return the mean cross-entropy for each of `POWERS`."""
    found = _probabilities(weights, rows.features)
    of_class = found[:, np.arange(len(rows.classes)), rows.classes]
    loss: Array = -np.log(of_class + 1e-12).mean(axis=1)
    return loss


def _split(device: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Return rows to train on and to test on; a tenth between them is for neither."""
    order = rng.permutation(len(device.classes))
    first, last = int(0.8 * len(order)), int(0.9 * len(order))
    return device.part(order[:first]), device.part(order[last:])


def _accuracy(weights: Array, rows: Rows) -> float:
    return float(np.mean(np.argmax(rows.features @ weights, axis=1) == rows.classes))


def _summary(accuracies: Array) -> dict[str, float]:
    ordered = np.sort(accuracies)
    tenth = len(ordered) // 10
    found = ordered.mean(), ordered[:tenth].mean(), ordered[-tenth:].mean()
    return dict(zip(KEYS, map(float, (*found, ordered.var())), strict=True))


def _means(summaries: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: float(np.mean([one[key] for one in summaries])) for key in KEYS}
