r"""Training of a silo's own model, pass by pass, in one process for silo after silo.

All methods are local SGD over the silo's rows, of which the caller picks the pass to
keep (`stopping.py`); they differ in where they start and what draws the weights:

- `fine_tune` starts from the federation's model $w$; nothing draws the weights.
- `ditto`, Li et al. (2021), "Ditto: fair and robust federated learning through
  personalization", <https://arxiv.org/abs/2012.04221>, minimises
  $F_k(v) + \frac{\lambda}{2} \lVert v - w^* \rVert^2$ with $w^*$ the federation's
  model. Departure: after the rounds, not along them. $w^*$ is the final model, which
  is known only then; silos' workers need to hold no weights between the rounds; and a
  model that the cache gives gets its personal ones without training again.
- `mr_mtl`, Liu et al. (2022), "On privacy and personalization in cross-silo federated
  learning", <https://arxiv.org/abs/2206.07902>, draws the weights to the plain mean
  $\bar w$ of the silos' models in place of $w^*$. Departure: after the rounds, too,
  and $\bar w$ is that of the last round.
- `alone` starts from where the federation started and sees nothing of it.
"""

from __future__ import annotations

import contextlib
import functools
import math
import pathlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from components import digests
from components.features.spec import FeatureSpec
from components.federation import local_training, model, model_module
from components.federation.local_training import LocalTraining, Rows
from components.federation.model import ClientModel
from components.federation.tff_types import Value
from components.personal.calls import Schedule
from components.personal.stopping import Weights
from components.scoring.losses import CLIP

SCORED_ROWS = 16_384  # at a time
LARGEST_LOSS = -math.log(CLIP)  # as in `losses.py`


@functools.lru_cache(maxsize=2)
def load(module_file: str, module_code: str, spec: str, seed: int) -> LocalModel:
    """Return a use case's model in this process; the last ones stay in memory.

    Args:
        module_file: The use case's `model.py`.
        module_code: Digest of it and what it imports.
        spec: FeatureSpec as JSON.
        seed: Of the federation's initial weights.
    """
    del module_code  # part of the key: the file may be edited
    for set_threads in (
        tf.config.threading.set_intra_op_parallelism_threads,
        tf.config.threading.set_inter_op_parallelism_threads,
    ):
        # An error where TF already runs in this process: it keeps what it has.
        with contextlib.suppress(RuntimeError):
            set_threads(1)  # their number decides the last bits
    found = model_module.load(module_file, FeatureSpec.of_json(spec), seed)
    return LocalModel(found)


class LocalModel:
    """A model with its loops, traced once a process for all silos."""

    def __init__(self, client_model: ClientModel) -> None:
        self._client_model = client_model
        self._keras = client_model.build()
        self._weights = [tf.TensorSpec(w.shape) for w in client_model.weights]
        self._rows = Rows(
            tf.TensorSpec([None, client_model.num_floats], tf.float32),
            tf.TensorSpec([None, client_model.num_ids], tf.int32),
            tf.TensorSpec([None], tf.float32),
        )
        signature = [self._weights, self._rows.floats, self._rows.ids]
        self._score = tf.function(self._scores, signature)
        models = [tf.TensorSpec([None, *w.shape]) for w in client_model.weights]
        groups = tf.TensorSpec([None], tf.int64)
        self._group = tf.function(self._grouped, [models, self._rows, groups])
        self._draws_random = local_training.draws_random(client_model)
        self._loop = functools.lru_cache(maxsize=8)(self._new_loop)

    @property
    def initial(self) -> Weights:
        """The weights that the federation started from."""
        return self._client_model.weights

    def read_rows(self, folder: str | pathlib.Path) -> Rows:
        """Return the rows whose tensors lie in a folder, as arrays."""
        found = local_training.read_rows(str(folder), self._client_model)
        return Rows(*(part.numpy() for part in found))

    def scores(self, weights: Weights, rows: Rows) -> NDArray[np.float64]:
        """Return the probability of label 1 of each row, shape `(rows,)`."""
        tensors = _constants(weights)
        found = [
            self._score(
                tensors,
                rows.floats[start : start + SCORED_ROWS],
                rows.ids[start : start + SCORED_ROWS],
            ).numpy()
            for start in range(0, len(rows.labels), SCORED_ROWS)
        ]
        return np.concatenate([np.zeros(0), *found])

    def group_losses(
        self, models: NDArray[np.float32], rows: Rows, groups: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the sum of the log loss by model and group of rows, unit: nats.

        Args:
            models: Weights as vectors, shape `(models, parameters)`.
            rows: At least one row; all are scored at once.
            groups: The group of each row, 0 to their number less one.

        Returns:
            Shape `(models, groups)`.
        """
        shapes = [weight.shape for weight in self._client_model.weights]
        ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
        stacks = [
            part.reshape(-1, *shape)
            for part, shape in zip(np.split(models, ends, 1), shapes, strict=True)
        ]
        found: NDArray[np.float64] = self._group(stacks, rows, groups).numpy()
        return found

    def passes(
        self,
        silo: str,
        rows: Rows,
        schedule: Schedule,
        start: Weights,
        anchor: Weights = (),
    ) -> Iterator[Weights]:
        """Yield the weights after each pass over a silo's rows, at least one row.

        Args:
            silo: Its id, which decides the order of its rows with the seed.
            rows: Its rows.
            schedule: How to train.
            start: The weights to start from.
            anchor: What draws the weights; needed where `strength` is not 0.
        """
        make: Callable[..., Value] = self._loop
        if self._draws_random:  # by a state of its own, which earlier silos moved
            tf.keras.utils.set_random_seed(schedule.seed)
            make = self._new_loop
        train = make(schedule.batch_size, schedule.learning_rate, schedule.strength)
        tensors = Rows(*map(tf.constant, rows))
        weights = _constants(start)
        drawn_to = _constants(anchor) if schedule.strength else weights
        for number in range(1, schedule.passes + 1):
            seed = tf.constant(_seed(schedule.seed, number, silo), tf.int64)
            weights = train(weights, tensors, seed, drawn_to)
            yield tuple(one.numpy() for one in weights)

    def _new_loop(
        self, batch_size: int, learning_rate: float, strength: float
    ) -> Value:
        """Return a pass: from weights, rows, seed and anchor to weights."""
        loop = LocalTraining(self._client_model, batch_size, learning_rate, strength)
        seed = tf.TensorSpec([], tf.int64)

        @tf.function(  # type: ignore[untyped-decorator]
            input_signature=[self._weights, self._rows, seed, self._weights]
        )
        def train(weights: Value, rows: Rows, seed: Value, anchor: Value) -> Value:
            return list(loop.train(weights, rows, seed, 1, anchor))

        return train

    def _grouped(
        self, models: Sequence[tf.Tensor], rows: Rows, groups: tf.Tensor
    ) -> tf.Tensor:
        number = tf.reduce_max(groups) + 1

        def losses(weights: Sequence[tf.Tensor]) -> tf.Tensor:
            model.assign(self._keras, weights)
            logits = self._keras([rows.floats, rows.ids], training=False)[:, 0]
            found = tf.nn.sigmoid_cross_entropy_with_logits(rows.labels, logits)
            found = tf.cast(tf.minimum(found, LARGEST_LOSS), tf.float64)
            return tf.math.unsorted_segment_sum(found, groups, number)

        # One after another: the model's variables are the same.
        signature = tf.TensorSpec([None], tf.float64)
        return tf.map_fn(
            losses, models, parallel_iterations=1, fn_output_signature=signature
        )

    def _scores(
        self, weights: Sequence[tf.Tensor], floats: tf.Tensor, ids: tf.Tensor
    ) -> tf.Tensor:
        model.assign(self._keras, weights)
        return tf.sigmoid(self._keras([floats, ids], training=False)[:, 0])


def _constants(weights: Weights) -> list[tf.Tensor]:
    return [tf.constant(one) for one in weights]


def _seed(seed: int, number: int, silo: str) -> int:
    """Return the seed of a pass, 0 to 2**60 - 1."""
    return int(digests.of_json([seed, number, silo])[:15], 16)
