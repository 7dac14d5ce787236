"""Writes a trained model in the layout of `components/scoring/model.py`.

SavedModel with two signatures: `serving_default` takes serialized tf.Examples
and encodes them inside the graph, `score` takes encoded arrays. Both give the
probability of the positive label, float32 `(rows,)`. The TFLite model is `score`
alone, which needs neither strings nor tables.
"""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from components import digests
from components.features.graph import Encoder
from components.features.spec import FeatureSpec
from components.federation.model import ClientModel, assign
from components.scoring.model import TFLITE, WEIGHTS, ModelCard, serving_path


def digest_of(weights: Sequence[NDArray[np.float32]], spec: FeatureSpec) -> str:
    """Return the model's digest: of its canonical weights and FeatureSpec."""
    items = [
        [name, list(value.shape), value.dtype.name, digests.of_bytes(value.tobytes())]
        for name, value in canonical(weights).items()
    ]
    return digests.of_json({"weights": items, "feature_spec": spec.digest})


def canonical(
    weights: Sequence[NDArray[np.float32]],
) -> dict[str, NDArray[np.float32]]:
    """Return the weights C-ordered and little-endian.

    They are named by their place, since Keras counts layers up within a process.
    """
    return {
        f"weight_{index:03d}": np.ascontiguousarray(value, "<f4").reshape(value.shape)
        for index, value in enumerate(weights)
    }


def export(
    folder: str | pathlib.Path,
    client_model: ClientModel,
    weights: Sequence[NDArray[np.float32]],
    spec: FeatureSpec,
) -> ModelCard:
    """Write a trained model into an artifact's folder and return its card."""
    folder = pathlib.Path(folder)
    tflite = folder / TFLITE
    tflite.parent.mkdir(parents=True, exist_ok=True)
    spec.write(tflite.parent)
    np.savez(folder / WEIGHTS, **canonical(weights))
    keras_model = client_model.build()
    assign(keras_model, weights)

    def probability(floats: tf.Tensor, ids: tf.Tensor) -> dict[str, tf.Tensor]:
        logits = keras_model([floats, ids], training=False)
        return {"score": tf.sigmoid(logits)[:, 0]}

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[
            tf.TensorSpec([None, spec.num_floats], tf.float32, "floats"),
            tf.TensorSpec([None, spec.num_ids], tf.int32, "ids"),
        ]
    )
    def score(floats: tf.Tensor, ids: tf.Tensor) -> dict[str, tf.Tensor]:
        return probability(floats, ids)

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec([None], tf.string, "examples")]
    )
    def serving_default(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return probability(*module.encoder(examples))

    module = tf.Module()
    module.keras_model = keras_model
    with tempfile.TemporaryDirectory(prefix="fairsilo-tflite-") as alone:
        # From a SavedModel of its own: tables and assets don't convert.
        tf.saved_model.save(module, alone, {"score": score})
        converter = tf.lite.TFLiteConverter.from_saved_model(
            alone, signature_keys=["score"]
        )
        tflite.write_bytes(converter.convert())
    module.encoder = Encoder(spec)
    module.feature_spec = tf.saved_model.Asset(str(tflite.parent / spec.FILE_NAME))
    signatures = {"serving_default": serving_default, "score": score}
    tf.saved_model.save(module, str(serving_path(folder)), signatures)
    card = ModelCard(digest=digest_of(weights, spec))
    card.write(folder)
    return card
