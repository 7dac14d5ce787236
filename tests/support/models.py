"""A small exported model with known weights, for tests that score.

It has the layout of `components/scoring/model.py` without its TFLite part. The
model is linear, so a test recomputes every score with NumPy alone.
"""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
from numpy.typing import NDArray

from components import digests
from components.features.columnar import Encoded
from components.features.graph import Encoder
from components.features.spec import FeatureSpec
from components.scoring import model as scoring_model
from components.scoring.model import ModelCard


@dataclasses.dataclass(frozen=True)
class Linear:
    """A logistic regression.

    Attributes:
        floats: Weights of `Encoded.floats`, shape `(spec.num_floats,)`.
        ids: For each categorical feature the weight of each of its ids.
        bias: The intercept.
    """

    floats: NDArray[np.float32]
    ids: tuple[NDArray[np.float32], ...]
    bias: float = 0.0

    def score(self, batch: Encoded) -> NDArray[np.float64]:
        """Return the probabilities, recomputed with NumPy in float64."""
        logits = batch.floats.astype(np.float64) @ self.floats + self.bias
        for index, weights in enumerate(self.ids):
            logits += weights[batch.ids[:, index]]
        scores: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-logits))
        return scores


def random_linear(spec: FeatureSpec, seed: int = 0, bias: float = 0.0) -> Linear:
    """Return a model with random weights that fits `spec`."""
    rng = np.random.default_rng(seed)
    return Linear(
        rng.normal(size=spec.num_floats).astype(np.float32),
        tuple(
            rng.normal(size=feature.num_ids).astype(np.float32)
            for feature in spec.categorical
        ),
        bias,
    )


def export(
    folder: str | pathlib.Path, spec: FeatureSpec, linear: Linear | None = None
) -> ModelCard:
    """Write a model's folder: SavedModel, weights and card.

    Args:
        folder: Where; made if it is not there.
        spec: The features.
        linear: The weights; random ones when None.

    Returns:
        The card, with a digest that follows weights and spec.
    """
    import tensorflow as tf

    linear = linear or random_linear(spec)
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    module = tf.Module()
    module.encoder = Encoder(spec)
    floats = tf.Variable(linear.floats)
    tables = [tf.Variable(weights) for weights in linear.ids]
    # In the order of their names in the file, as they are read from it.
    module.keras_model = tf.train.Checkpoint(trainable_variables=[floats, *tables])

    def probabilities(floats_: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
        logits = tf.linalg.matvec(floats_, floats) + tf.constant(
            linear.bias, tf.float32
        )
        for index, table in enumerate(tables):
            logits += tf.gather(table, ids[:, index])
        return tf.sigmoid(logits)

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[
            tf.TensorSpec([None, spec.num_floats], tf.float32, "floats"),
            tf.TensorSpec([None, spec.num_ids], tf.int32, "ids"),
        ]
    )
    def score(floats: tf.Tensor, ids: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"score": probabilities(floats, ids)}

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec([None], tf.string, "examples")]
    )
    def serve(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"score": probabilities(*module.encoder(examples))}

    spec.write(folder)
    module.spec = tf.saved_model.Asset(str(folder / spec.FILE_NAME))
    tf.saved_model.save(
        module,
        str(scoring_model.serving_path(folder)),
        signatures={"score": score, "serving_default": serve},
    )
    arrays = {f"ids_{index}": table for index, table in enumerate(linear.ids)}
    np.savez(folder / scoring_model.WEIGHTS, floats=linear.floats, **arrays)
    content = [
        linear.floats.tolist(),
        [ids.tolist() for ids in linear.ids],
        linear.bias,
    ]
    card = ModelCard(digest=digests.of_bytes(repr([content, spec]).encode()))
    card.write(folder)
    return card
