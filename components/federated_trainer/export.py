"""Writes a trained model in the layout of `components/scoring/model.py`.

SavedModel with two signatures: `serving_default` takes serialized tf.Examples
and encodes them inside the graph, `score` takes encoded arrays. Both give the
probability of the positive label, float32 `(rows,)`. The TFLite model is `score`
alone, which needs neither strings nor tables.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import tempfile
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from components.features.graph import Encoder
from components.features.spec import FeatureSpec
from components.federation.model import ClientModel, assign
from components.federation.tff_types import Value
from components.scoring.model import (
    TFLITE,
    WEIGHTS,
    ModelCard,
    digest_of,
    read_spec,
    serving_path,
    write_weights,
)


def export(
    folder: str | pathlib.Path,
    client_model: ClientModel,
    weights: Sequence[NDArray[np.float32]],
    spec: FeatureSpec,
) -> ModelCard:
    """Write a trained model into an artifact's folder and return its card."""
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
    _write_files(folder, module, score, weights, spec)
    module.encoder = Encoder(spec)
    module.feature_spec = tf.saved_model.Asset(
        str(pathlib.Path(folder, TFLITE).with_name(spec.FILE_NAME))
    )
    signatures = {"serving_default": serving_default, "score": score}
    tf.saved_model.save(module, str(serving_path(folder)), signatures)
    return _card(folder, weights, spec)


def export_others(
    folder: str | pathlib.Path,
    base: str | pathlib.Path,
    weights: Sequence[NDArray[np.float32]],
) -> ModelCard:
    """Write an exported model with other weights, such as a silo's own.

    The use case's `model.py` is not asked, which may be another by now.

    Args:
        folder: Where to write.
        base: Folder of the exported model.
        weights: Those to write in place of its own.
    """
    spec = read_spec(base)
    loaded = tf.saved_model.load(str(serving_path(base)))
    variables = loaded.keras_model.trainable_variables
    for variable, value in zip(variables, weights, strict=True):
        variable.assign(value)
    signatures = dict(loaded.signatures)
    module = tf.Module()
    module.keras_model = loaded.keras_model
    _write_files(folder, module, signatures["score"], weights, spec)
    tf.saved_model.save(loaded, str(serving_path(folder)), signatures)
    return _card(folder, weights, spec)


def _write_files(
    folder: str | pathlib.Path,
    module: tf.Module,
    score: Value,
    weights: Sequence[NDArray[np.float32]],
    spec: FeatureSpec,
) -> None:
    """Write all but the SavedModel and the card; the module holds the model alone."""
    tflite = pathlib.Path(folder, TFLITE)
    tflite.parent.mkdir(parents=True, exist_ok=True)
    spec.write(tflite.parent)
    write_weights(pathlib.Path(folder, WEIGHTS), weights)
    with tempfile.TemporaryDirectory(prefix="fairsilo-tflite-") as alone:
        # From a SavedModel of its own: tables and assets don't convert.
        tf.saved_model.save(module, alone, {"score": score})
        converter = tf.lite.TFLiteConverter.from_saved_model(
            alone, signature_keys=["score"]
        )
        with _silent():
            tflite.write_bytes(converter.convert())


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keep the converter's table of operations off stderr; no log level does."""
    kept = os.dup(2)
    with pathlib.Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _card(
    folder: str | pathlib.Path,
    weights: Sequence[NDArray[np.float32]],
    spec: FeatureSpec,
) -> ModelCard:
    card = ModelCard(digest=digest_of(weights, spec))
    card.write(folder)
    return card
