"""The encoding as a TF graph: what `serving_default` runs on tf.Examples.

The twin of `columnar.py`; see there. A feature of the wrong kind in an Example
makes the request fail, as a column of the wrong type does there.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from components.features.spec import (
    FIRST_VALUE_ID,
    MISSING_ID,
    OUT_OF_VOCABULARY_ID,
    Categorical,
    FeatureSpec,
    Numeric,
)


class Encoder(tf.Module):  # type: ignore[misc]  # TF has no types
    """The encoding of one FeatureSpec, with its vocabularies as graph constants."""

    def __init__(self, spec: FeatureSpec) -> None:
        super().__init__()
        self._spec = spec
        # Tables are kept on the module: a SavedModel only saves what it can reach.
        self._tables = [_table(feature) for feature in spec.categorical]

    def __call__(self, examples: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Encode serialized tf.Examples.

        Args:
            examples: string, shape `(rows,)`.

        Returns:
            `floats`, float32 `(rows, num_floats)`, and `ids`, int32
            `(rows, num_ids)`.
        """
        spec = self._spec
        kinds = {f.name: tf.io.VarLenFeature(_dtype(f)) for f in spec.features}
        rows = tf.shape(examples)[0]
        parsed = tf.io.parse_example(examples, kinds) if kinds else {}
        scores, indicators = [], []
        for numeric in spec.numeric:
            values, present = _dense(parsed[numeric.name], rows)
            score, missing = _standardise(values, present, numeric, spec.clip)
            scores.append(score)
            indicators.append(missing)
        ids = [
            _look_up(parsed[feature.name], table, rows)
            for feature, table in zip(spec.categorical, self._tables, strict=True)
        ]
        return (
            _columns([*scores, *indicators], rows, tf.float32),
            _columns(ids, rows, tf.int32),
        )


def _dtype(feature: Numeric | Categorical) -> tf.DType:
    if feature.integer:
        return tf.int64
    return tf.float32 if isinstance(feature, Numeric) else tf.string


def _table(feature: Categorical) -> tf.lookup.StaticHashTable:
    # A table can't be empty; no value of a column holds a NUL byte alone.
    values = list(feature.values) or ["\0"]
    ids = [FIRST_VALUE_ID + i for i in range(len(feature.values))] or [
        OUT_OF_VOCABULARY_ID
    ]
    return tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(
            tf.constant(values, tf.string), tf.constant(ids, tf.int64)
        ),
        OUT_OF_VOCABULARY_ID,
    )


def _dense(sparse: tf.SparseTensor, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return each row's first value, and whether it has one."""
    first = tf.boolean_mask(sparse.indices, sparse.indices[:, 1] == 0)
    values = tf.boolean_mask(sparse.values, sparse.indices[:, 1] == 0)
    shape = tf.cast(rows, tf.int64)[tf.newaxis]
    present = tf.scatter_nd(first[:, :1], tf.ones_like(first[:, 0]), shape) > 0
    default = "" if sparse.dtype == tf.string else 0
    dense = tf.sparse.to_dense(
        tf.SparseTensor(first[:, :1], values, shape), default_value=default
    )
    return dense, present


def _standardise(
    values: tf.Tensor, present: tf.Tensor, feature: Numeric, clip: float
) -> tuple[tf.Tensor, tf.Tensor]:
    numbers = tf.cast(values, tf.float32)
    valid = tf.logical_and(present, tf.math.is_finite(numbers))
    centred = _flushed(_flushed(numbers) - tf.constant(feature.mean, tf.float32))
    score = _flushed(centred * tf.constant(feature.reciprocal, tf.float32))
    score = tf.clip_by_value(score, -clip, clip)
    score = tf.where(valid, score, tf.zeros_like(score))
    return score, tf.cast(tf.logical_not(valid), tf.float32)


def _flushed(values: tf.Tensor) -> tf.Tensor:
    # Whether a kernel flushes subnormal numbers by itself depends on its thread.
    tiny = tf.constant(np.finfo(np.float32).tiny, tf.float32)
    return tf.where(tf.abs(values) < tiny, tf.zeros_like(values), values)


def _look_up(
    sparse: tf.SparseTensor, table: tf.lookup.StaticHashTable, rows: tf.Tensor
) -> tf.Tensor:
    values, present = _dense(sparse, rows)
    if values.dtype == tf.int64:
        values = tf.strings.as_string(values)
    ids = tf.cast(table.lookup(values), tf.int32)
    return tf.where(present, ids, tf.fill(tf.shape(ids), MISSING_ID))


def _columns(columns: list[tf.Tensor], rows: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    if not columns:
        return tf.zeros([rows, 0], dtype)
    return tf.stack(columns, axis=1)
