"""The default model: a small perceptron over scores, missing values and categories.

A use case with a `model.py` beside its settings trains that one instead: any Keras
model with these two inputs and one logit. Initial weights follow from the seed in the
settings.
"""

from __future__ import annotations

import tensorflow as tf

from components.features.spec import FeatureSpec


def build_model(spec: FeatureSpec) -> tf.keras.Model:
    """Return a model from `floats` and `ids`, see `features/spec.py`, to one logit."""
    floats = tf.keras.Input((spec.num_floats,), name="floats")
    ids = tf.keras.Input((spec.num_ids,), dtype=tf.int32, name="ids")
    columns = [floats] + [
        tf.one_hot(ids[:, index], feature.num_ids)
        for index, feature in enumerate(spec.categorical)
    ]
    hidden = tf.keras.layers.Concatenate()(columns) if len(columns) > 1 else floats
    for width in (64, 32):
        hidden = tf.keras.layers.Dense(width, "relu")(hidden)
    logits = tf.keras.layers.Dense(1)(hidden)
    return tf.keras.Model([floats, ids], logits)
