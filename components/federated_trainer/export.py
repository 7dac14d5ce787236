"""Writes a trained model in the layout of `components/scoring/model.py`.

SavedModel with two signatures: `serving_default` takes serialized tf.Examples
and encodes them inside the graph, `score` takes encoded arrays. Both give the
probability of the positive label, float32 `(rows,)`. The TFLite model is `score`
alone, which needs neither strings nor tables.
"""

from __future__ import annotations

import io
import pathlib
import tempfile
import zipfile
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from components import digests
from components.features.graph import Encoder
from components.features.spec import FeatureSpec
from components.federation.model import ClientModel, assign
from components.scoring.model import TFLITE, WEIGHTS, ModelCard, serving_path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first that a zip archive knows


def digest_of(weights: Sequence[NDArray[np.float32]], spec: FeatureSpec) -> str:
    """Return the model's digest: of its canonical weights and FeatureSpec.

    Canonical weights are named by their place, since Keras counts layers up
    within a process; their bytes are little-endian.
    """
    items = [
        [name, list(value.shape), value.dtype.name, digests.of_bytes(value.tobytes())]
        for name, value in canonical(weights).items()
    ]
    return digests.of_json({"weights": items, "feature_spec": spec.digest})


def canonical(
    weights: Sequence[NDArray[np.float32]],
) -> dict[str, NDArray[np.float32]]:
    """Return the weights by canonical name, C-ordered and little-endian."""
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
    """Write a trained model into an artifact's folder and return its card.

    Args:
        folder: The artifact's.
        client_model: Gives the Keras model.
        weights: Trained weights, in Keras' order.
        spec: Encodes tf.Examples.
    """
    folder = pathlib.Path(folder)
    keras_model = client_model.build()
    assign(keras_model, weights)
    _write_weights(folder / WEIGHTS, weights)
    tflite = folder / TFLITE
    tflite.parent.mkdir(parents=True, exist_ok=True)
    module = _Serving(keras_model, spec, str(spec.write(tflite.parent)))
    score = module.score(spec)
    signatures = {"serving_default": module.serving_default(), "score": score}
    tf.saved_model.save(module, str(serving_path(folder)), signatures)
    tflite.write_bytes(_to_tflite(keras_model, score))
    card = ModelCard(digest=digest_of(weights, spec))
    card.write(folder)
    return card


def _to_tflite(
    keras_model: tf.keras.Model, score: tf.types.experimental.ConcreteFunction
) -> bytes:
    # From a SavedModel of its own: tables and assets don't convert.
    alone = tf.Module()
    alone.keras_model = keras_model
    with tempfile.TemporaryDirectory(prefix="fairsilo-tflite-") as folder:
        tf.saved_model.save(alone, folder, {"score": score})
        converter = tf.lite.TFLiteConverter.from_saved_model(
            folder, signature_keys=["score"]
        )
        converted: bytes = converter.convert()
        return converted


class _Serving(tf.Module):  # type: ignore[misc]  # TF has no types
    def __init__(
        self, keras_model: tf.keras.Model, spec: FeatureSpec, spec_file: str
    ) -> None:
        super().__init__()
        self.keras_model = keras_model
        self.encoder = Encoder(spec)
        self.feature_spec = tf.saved_model.Asset(spec_file)

    def serving_default(self) -> tf.types.experimental.ConcreteFunction:
        @tf.function  # type: ignore[untyped-decorator]
        def serving_default(examples: tf.Tensor) -> dict[str, tf.Tensor]:
            return self._probability(*self.encoder(examples))

        return serving_default.get_concrete_function(
            tf.TensorSpec([None], tf.string, "examples")
        )

    def score(self, spec: FeatureSpec) -> tf.types.experimental.ConcreteFunction:
        @tf.function  # type: ignore[untyped-decorator]
        def score(floats: tf.Tensor, ids: tf.Tensor) -> dict[str, tf.Tensor]:
            return self._probability(floats, ids)

        return score.get_concrete_function(
            tf.TensorSpec([None, spec.num_floats], tf.float32, "floats"),
            tf.TensorSpec([None, spec.num_ids], tf.int32, "ids"),
        )

    def _probability(self, floats: tf.Tensor, ids: tf.Tensor) -> dict[str, tf.Tensor]:
        logits = self.keras_model([floats, ids], training=False)
        return {"score": tf.sigmoid(logits)[:, 0]}


def _write_weights(path: pathlib.Path, weights: Sequence[NDArray[np.float32]]) -> None:
    """Write an npz archive whose bytes depend on the weights alone."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, value in canonical(weights).items():
            buffer = io.BytesIO()
            np.save(buffer, value, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _EPOCH), buffer.getvalue())
