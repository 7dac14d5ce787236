r"""MR-MTL with private pupils on School, against the figures of its authors' code.

Liu et al. (2022), <https://arxiv.org/abs/2206.07902>, `private-cross-silo-fl`: 139
schools, 28 features of a pupil, a linear model of the grade, 201 rounds of one pass.
Pupils have an epsilon of 6 against all who see what their school sends. In `mr_mtl`
each school trains a model of its own, drawn to $\bar w$, which the schools' updates
move, weighted by pupils: $w_k \leftarrow w_k - \eta (g(w_k) + \lambda (w_k - \bar w))$.

Steps, noise and accounting are those of silos, with a squared loss; the loop over
schools and the mean are of this bench alone. Noise is the least by privacy loss
distributions, as for silos (`pld`), or by Renyi accounting, as the authors' is (`rdp`):
with that, figures are compared. Departures: pupils are drawn anew for each batch, where
the authors shuffle; and the pull to the mean is not a part of what is cut.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import pathlib
import statistics
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from scipy import io, optimize

from components.federation import model
from components.federation.local_training import Rows
from components.federation.private import PrivateTraining, threshold_of
from components.federation.private_steps import PrivateSteps
from components.federation.tff_types import Value
from components.privacy import accounting
from components.privacy.accounting import Mechanism
from pipelines.benchmarks.fairness import half_of

PUBLISHED = {"fed_avg": 0.02564, "local": 0.02628, "mr_mtl": 0.02394}  # with `rdp`
FARTHEST = 2.0  # from what is published, unit: percent
COMPARED = ("fed_avg", "mr_mtl")  # `local` moves by 0.9 % with the noise alone
NOISES = ("none", "pld", "rdp")

DATA = pathlib.Path(__file__).with_suffix(".mat")
WIDTH = 28 + 1  # features, and a 1
ROUNDS, BATCH, RATE, STRENGTH = 201, 32, 0.01, 1.0
EPSILON, DELTA, CLIP = 6.0, 1e-3, 1.0


class Schools(NamedTuple):
    """Pupils, school after school, and how many are of each."""

    rows: Rows
    sizes: NDArray[np.int32]


def bench_school(seeds: int) -> dict[str, Any]:
    """Train by each method without noise, with ours and with that of the authors.

    Returns:
        `rows`: the mean squared error over all pupils to test on, with half its 95 %
        interval over the authors' seeds, and by how much it is `off` what is published;
        `farthest` of `COMPARED` with `rdp`; `passed`: it is at most `FARTHEST`.
    """
    splits = [read(100 + 1000 * number) for number in range(seeds)]
    rows, farthest = [], 0.0
    for noise in NOISES:
        told = told_of(splits[0][0].sizes, noise)  # alike with all seeds
        for method, published in PUBLISHED.items():
            training = Training(method, 1e6 if noise == "none" else CLIP)
            errors = [error(training.run(train, told), test) for train, test in splits]
            mean = statistics.mean(errors)
            off = 100 * (mean / published - 1)
            row = {"noise": noise, "method": method, "published": published}
            row["error"] = f"{mean:.5f} ± {half_of(errors):.5f}"
            rows.append(row | {"off": "" if noise == "none" else f"{off:+.1f} %"})
            if noise == "rdp" and method in COMPARED:
                farthest = max(farthest, abs(off))
    return {"rows": rows, "farthest": farthest, "passed": farthest <= FARTHEST}


def read(seed: int) -> tuple[Schools, Schools]:
    """Return pupils to train on, and a fifth to test on, as scikit-learn splits them.

    Features are standardised by the former, without privacy; grades become 0 to 1.
    """
    content = io.loadmat(DATA)
    parts: tuple[list[Any], list[Any]] = ([], [])
    for features, grades in zip(content["X"][0], content["Y"][0], strict=True):
        order = np.random.RandomState(seed).permutation(len(grades))
        test, train = np.split(order, [-(-len(grades) // 5)])
        mean, deviation = features[train].mean(0), features[train].std(0)
        scaled = (features - mean) / np.where(deviation > 0, deviation, 1)
        for part, chosen in zip(parts, (train, test), strict=True):
            part.append((scaled[chosen], (grades[chosen, 0] - 1.0) / 69))
    return together(parts[0]), together(parts[1])


def together(schools: list[Any]) -> Schools:
    """Return schools, each features and labels, as one."""
    features, labels = (np.concatenate(part) for part in zip(*schools, strict=True))
    floats = np.column_stack([features, np.ones(len(labels))]).astype(np.float32)
    rows = Rows(floats, np.zeros((len(labels), 0), np.int32), np.float32(labels))
    return Schools(rows, np.array([len(grades) for _, grades in schools], np.int32))


def told_of(sizes: NDArray[np.int32], noise: str) -> dict[str, NDArray[Any]]:
    """Return the fields of schools' `PrivateSilo` for one of `NOISES`."""
    batches = np.minimum(BATCH, sizes)
    steps, rates = sizes // batches, batches / sizes
    of_school = zip(*(x.tolist() for x in (sizes, rates, steps * ROUNDS)), strict=True)
    return {
        "noise": np.array([_noise(*each, noise) for each in of_school]),
        "threshold": np.array([*map(threshold_of, rates)], np.int32),
        "steps": steps,
        "batch": batches.astype(np.float64),
        "cap": sizes,  # no batch is cut
        "coins": np.zeros((len(sizes), 0), np.bool_),
    }


@functools.cache
def _noise(size: int, rate: float, steps: int, by: str) -> float:
    """Return the least noise for which pupils have `EPSILON`, unit: the clip norm."""
    asked = Mechanism(0.0, steps, size, rate, size if rate < 1 else 0)
    if by != "rdp":
        ours = accounting.calibrated(EPSILON, DELTA, asked) if by == "pld" else asked
        return ours.noise

    def excess(noise: float) -> float:
        tried = dataclasses.replace(asked, noise=noise)
        return accounting.epsilon_rdp([tried], DELTA) - EPSILON

    return float(optimize.brentq(excess, 0.1, 100.0, xtol=1e-3))


class Training:
    """Rounds over the schools by a method: `fed_avg`, `local` or `mr_mtl`."""

    def __init__(self, method: str, clip: float) -> None:
        self._is_shared = method == "fed_avg"
        pull = STRENGTH if method == "mr_mtl" else 0.0
        start, cut = model.initialise(_linear, WIDTH, 0, 0), PrivateTraining(clip)
        self._steps = PrivateSteps(start, cut, RATE, pull, _squares)
        self._round = tf.function(self._one_round)

    def run(self, schools: Schools, told: dict[str, Any]) -> NDArray[np.float32]:
        """Return the weights that schools use in the end: `(schools, WIDTH, 1)`."""
        shares = (schools.sizes / schools.sizes.sum()).astype(np.float32)
        mean = np.zeros((WIDTH, 1), np.float32)
        own = np.zeros((len(shares), WIDTH, 1), np.float32)
        for _ in range(ROUNDS):
            begin = np.broadcast_to(mean, own.shape) if self._is_shared else own
            secret = np.frombuffer(os.urandom(32), "<i8")
            own = self._round(schools, told, begin, mean, secret).numpy()
            mean = mean + np.tensordot(shares, own - begin, 1)
        return np.broadcast_to(mean, own.shape) if self._is_shared else own

    def _one_round(
        self, schools: Schools, told: Value, begin: Value, mean: Value, secret: Value
    ) -> Value:
        def of_school(each: Value) -> Value:
            number, end, size, own, numbers = each
            rows = Rows(*(part[end - size : end] for part in schools.rows))
            told = (None, numbers, secret, number, [mean])
            return self._steps.train([own], rows, *told)[0][0]

        sizes, numbers = schools.sizes, tf.range(begin.shape[0], dtype=tf.int64)
        each = (numbers, tf.cumsum(sizes), sizes, begin, told)
        # One after another: the model's variables are the same.
        return tf.map_fn(
            of_school, each, parallel_iterations=1, fn_output_signature=tf.float32
        )


def error(weights: NDArray[np.float32], test: Schools) -> float:
    """Return the mean squared error over all pupils."""
    of_pupil = np.repeat(weights[..., 0], test.sizes, 0)
    guesses = np.sum(test.rows.floats * of_pupil, 1)
    return float(np.mean((guesses - test.rows.labels) ** 2))


def _linear() -> Any:  # noqa: ANN401  Keras has no types
    floats, ids = tf.keras.Input((WIDTH,)), tf.keras.Input((0,), dtype=tf.int32)
    outputs = tf.keras.layers.Dense(1, use_bias=False)(floats)
    return tf.keras.Model([floats, ids], outputs)


def _squares(keras_model: Value, rows: Rows, training: bool) -> Value:
    guesses = keras_model([rows.floats, rows.ids], training=training)[:, 0]
    return (guesses - rows.labels) ** 2 / 2
