"""A small `model.py` for the trainer's tests."""

from __future__ import annotations

import tensorflow as tf

from components.features.spec import FeatureSpec


def build_model(spec: FeatureSpec) -> tf.keras.Model:
    floats = tf.keras.Input((spec.num_floats,), name="floats")
    ids = tf.keras.Input((spec.num_ids,), dtype=tf.int32, name="ids")
    hot = [
        tf.one_hot(ids[:, i], feature.num_ids)
        for i, feature in enumerate(spec.categorical)
    ]
    inputs = tf.keras.layers.Concatenate()([floats, *hot]) if hot else floats
    hidden = tf.keras.layers.Dense(6, "relu")(inputs)
    return tf.keras.Model([floats, ids], tf.keras.layers.Dense(1)(hidden))
