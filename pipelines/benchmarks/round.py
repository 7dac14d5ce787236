"""Measures a federated round against a pass over the same rows in one place.

Sixteen silos as unequal as the airlines of `flights`, their workers started here; the
default model. A round is all that `training.train` does between two records. Against it
stand a pass of Keras' own `fit` and a loop of SGD compiled whole by XLA, both over all
rows together, in this process. All are taken from the second on, as the median; the
first round, in which workers start and trace, is given by itself.
"""

from __future__ import annotations

import pathlib
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from components.federation import model, tensor_files, training
from components.federation.local_training import Rows
from components.federation.plan import TrainingPlan
from components.payloads.silo import Silo
from components.silos import homes

SILOS = 16
ROWS = 330_000
NUM_FLOATS = 12
CATEGORIES = (16, 3, 105, 12, 7)
PLAN = TrainingPlan(rounds=7, batch_size=256)
PASSES = 4
KEY = "bench"


def bench_round(rows: int = ROWS) -> dict[str, float]:
    """Return how much longer a federated round takes than passes in one place.

    Args:
        rows: Rows of all silos together.

    Returns:
        `round_over_keras_pass`, `round_over_xla_pass` (ratios of wall time) and the
        seconds behind them: `first_round_s`, `round_s`, `keras_pass_s`, `xla_pass_s`.
    """
    data = random_rows(rows)
    start = model.initialise(perceptron, NUM_FLOATS, len(CATEGORIES), PLAN.seed)
    with tempfile.TemporaryDirectory(prefix="fairsilo-bench-") as folder:
        silos = write(pathlib.Path(folder, "homes"), data)
        program = training.program(start, tensor_files.folder(KEY), PLAN)
        place = pathlib.Path(folder, "training")
        result = training.train(program, silos, PLAN, place, place / "tensorboard")
    first, *others = result.seconds
    round_s = statistics.median(others)
    keras_s = _median(_keras_pass(data))
    xla_s = _median(_xla_pass(data))
    return {
        "round_over_keras_pass": round_s / keras_s,
        "round_over_xla_pass": round_s / xla_s,
        "first_round_s": first,
        "round_s": round_s,
        "keras_pass_s": keras_s,
        "xla_pass_s": xla_s,
    }


def random_rows(num: int) -> Rows:
    """Return rows whose labels their features tell a part of."""
    rng = np.random.default_rng(0)
    floats = rng.normal(size=(num, NUM_FLOATS)).astype("<f4")
    ids = np.stack([rng.integers(0, k, num) for k in CATEGORIES], axis=1).astype("<i4")
    logits = floats[:, 0] - floats[:, 1] + 0.3 * (ids[:, 0] % 3) - 1.0
    labels = rng.random(num) < 1 / (1 + np.exp(-logits))
    return Rows(floats, ids, labels.astype("<f4"))


def write(root: pathlib.Path, data: Rows) -> dict[Silo, int]:
    """Write the rows into the homes of silos, the largest with a sixth of them."""
    shares = np.geomspace(1, 1 / 500, SILOS)
    ends = np.cumsum(shares / shares.sum() * len(data.labels)).astype(int)
    found = {}
    for index, (begin, end) in enumerate(zip([0, *ends], ends, strict=False)):
        silo = homes.open_home(root, f"silo-{index:02d}")
        folder = silo.path(tensor_files.folder(KEY))
        folder.mkdir(parents=True)
        for name, part in zip(tensor_files.ALL, data, strict=True):
            part[begin:end].tofile(folder / name)
        homes.chown_to_silo(silo, folder)
        found[silo] = int(end - begin)
    return found


def perceptron() -> Any:  # noqa: ANN401  Keras loads late
    """Return the default model, over one-hot ids."""
    import tensorflow as tf

    floats = tf.keras.Input((NUM_FLOATS,), name="floats")
    ids = tf.keras.Input((len(CATEGORIES),), dtype=tf.int32, name="ids")
    hot = [tf.one_hot(ids[:, i], size) for i, size in enumerate(CATEGORIES)]
    hidden = tf.keras.layers.Concatenate()([floats, *hot])
    for width in (64, 32):
        hidden = tf.keras.layers.Dense(width, "relu")(hidden)
    return tf.keras.Model([floats, ids], tf.keras.layers.Dense(1)(hidden))


def _keras_pass(data: Rows) -> Callable[[], object]:
    import tensorflow as tf

    keras_model = perceptron()
    loss = tf.keras.losses.BinaryCrossentropy(from_logits=True)
    keras_model.compile(tf.keras.optimizers.SGD(PLAN.client_learning_rate), loss)
    return lambda: keras_model.fit(
        [data.floats, data.ids], data.labels, PLAN.batch_size, verbose=0
    )


def _xla_pass(data: Rows) -> Callable[[], object]:
    """Return a pass over whole batches; XLA needs to know their number."""
    import tensorflow as tf

    keras_model, rows = perceptron(), Rows(*map(tf.constant, data))
    steps = len(data.labels) // PLAN.batch_size
    variables = keras_model.trainable_weights

    @tf.function(jit_compile=True)  # type: ignore[untyped-decorator]
    def run(order: Any) -> None:  # noqa: ANN401
        batches = [tf.gather(part, order) for part in rows]
        for number in tf.range(steps):
            floats, ids, labels = (part[number] for part in batches)
            with tf.GradientTape() as tape:
                logits = keras_model([floats, ids])[:, 0]
                loss = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
                mean = tf.reduce_mean(loss)
            gradients = tape.gradient(mean, variables)
            for variable, gradient in zip(variables, gradients, strict=True):
                variable.assign_sub(PLAN.client_learning_rate * gradient)

    def one_pass() -> object:
        order = tf.random.shuffle(tf.range(len(data.labels)))
        run(tf.reshape(order[: steps * PLAN.batch_size], [steps, PLAN.batch_size]))
        return variables[0].numpy()

    return one_pass


def _median(one_pass: Callable[[], object]) -> float:
    """Return the median seconds of a pass, without the first."""
    taken = []
    for _ in range(PASSES):
        began = time.monotonic()
        one_pass()
        taken.append(time.monotonic() - began)
    return statistics.median(taken[1:])
