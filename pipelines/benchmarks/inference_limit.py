"""The limit that inference is measured against: pyarrow and TF, and nothing else.

One loop in one process, written for this one case and for speed: it knows the
columns and their types, takes them to be sound (but for missing values), keeps no
account and syncs no file. The benchmark checks that it gives the product's scores.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from components.features.spec import FeatureSpec
from pipelines.benchmarks import inference_case

SCHEMA = pa.schema([(inference_case.KEY, pa.int64()), ("score", pa.float32())])


def score_file(
    source: pathlib.Path,
    target: pathlib.Path,
    spec: FeatureSpec,
    signature: Callable[..., Any],
    batch_rows: int,
) -> None:
    """Score a file's rows with `signature`, the loaded model's `score`."""
    import tensorflow as tf

    floats_names = [feature.name for feature in spec.numeric]
    ids_names = [feature.name for feature in spec.categorical]
    means = [np.float32(feature.mean) for feature in spec.numeric]
    factors = [feature.reciprocal for feature in spec.numeric]
    lookups = [
        {value: index + 2 for index, value in enumerate(feature.values)} | {None: 0}
        for feature in spec.categorical
    ]
    width, clip = len(means), np.float32(spec.clip)
    with (
        pq.ParquetFile(source, read_dictionary=ids_names) as file,
        pq.ParquetWriter(target, SCHEMA, use_dictionary=False) as writer,
    ):
        for batch in file.iter_batches(
            batch_rows,
            columns=[inference_case.KEY, *floats_names, *ids_names],
            use_threads=False,
        ):
            rows = batch.num_rows
            floats = np.zeros((rows, 2 * width), np.float32)
            ids = np.empty((rows, len(ids_names)), np.int32)
            for k in range(width):
                column = batch.column(1 + k)
                values = column.to_numpy(zero_copy_only=False)
                values = values - means[k]
                values *= factors[k]
                np.clip(values, -clip, clip, out=values)
                missing = np.isnan(values)  # a null, or NaN itself
                if missing.any():
                    values[missing] = 0
                    floats[:, width + k] = missing
                floats[:, k] = values
            for k, lookup in enumerate(lookups):
                column = batch.column(1 + width + k)
                distinct = column.dictionary.to_pylist()
                table = np.array([lookup.get(v, 1) for v in distinct] + [0], np.int32)
                indices = column.indices
                if indices.null_count:
                    indices = pc.fill_null(indices, len(distinct))
                ids[:, k] = table[indices.to_numpy()]
            scores = signature(floats=tf.constant(floats), ids=tf.constant(ids))
            writer.write_batch(
                pa.record_batch(
                    [batch.column(0), pa.array(scores["score"].numpy())], schema=SCHEMA
                )
            )
