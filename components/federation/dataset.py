"""A silo's training rows as seen by its own worker.

The coordinator sends a seed and the name of a folder; the worker opens the
files in it, below its own working directory. Nothing but that name ever leaves
the coordinator, and no row ever reaches it.
"""

from __future__ import annotations

import collections
import hashlib

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff

from components.federation.tensor_files import FLOATS, IDS, LABELS
from components.federation.tff_types import Computation, Value

MEASURING_BATCH = 4096


def seed_of(seed: int, round_number: int, silo: str) -> int:
    """Return the seed of a silo's shuffle in a round, 0 to 2**63 - 1.

    It depends on nothing else, so a resumed training shuffles alike, and so
    does a silo whose neighbours have come or gone.
    """
    text = f"{seed}/{round_number}/{silo}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "little") >> 1


def build(
    folder: str, num_floats: int, num_ids: int, batch_size: int, local_epochs: int
) -> Computation:
    """Return the TFF computation from a seed to a silo's data.

    `folder` is that of the files (`tensor_files.py`), relative to the silo's home. Each
    of the epochs is shuffled anew.

    Returns:
        A computation `int64 -> <train=B*, once=B*>`: the batches to train on, and
        every row once in large batches, for measuring. B is
        `(OrderedDict(floats, ids), labels)`.
    """

    def read() -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        labels = _decode(f"{folder}/{LABELS}", tf.float32)
        rows = tf.size(labels)
        floats = _decode(f"{folder}/{FLOATS}", tf.float32)
        ids = _decode(f"{folder}/{IDS}", tf.int32)
        return (
            tf.reshape(floats, tf.stack([rows, num_floats])),
            tf.reshape(ids, tf.stack([rows, num_ids])),
            labels[:, tf.newaxis],
        )

    def batches(order: tf.Tensor, size: int, arrays: Value) -> tf.data.Dataset:
        # Whole batches are gathered at once: no work a row.
        floats, ids, labels = arrays
        return (
            tf.data.Dataset.from_tensor_slices(order)
            .batch(size)
            .map(
                lambda rows: (
                    collections.OrderedDict(
                        floats=tf.gather(floats, rows), ids=tf.gather(ids, rows)
                    ),
                    tf.gather(labels, rows),
                )
            )
        )

    # Files are opened inside the data set's own functions: TFF moves data sets
    # about as graphs, and tensors outside would be copied into those.
    def epoch(number: tf.Tensor, seed: tf.Tensor) -> tf.data.Dataset:
        arrays = read()
        order = tf.random.experimental.stateless_shuffle(
            tf.range(tf.shape(arrays[2])[0]), seed=tf.stack([seed, number])
        )
        return batches(order, batch_size, arrays)

    def once(_: tf.Tensor) -> tf.data.Dataset:
        arrays = read()
        return batches(tf.range(tf.shape(arrays[2])[0]), MEASURING_BATCH, arrays)

    @tff.tensorflow.computation(np.int64)  # type: ignore[untyped-decorator]
    def silo_data(seed: tf.Tensor) -> Value:
        epochs = tf.data.Dataset.range(local_epochs)
        train = epochs.flat_map(lambda number: epoch(number, seed))
        return collections.OrderedDict(
            train=train.with_options(_options()),
            once=tf.data.Dataset.range(1).flat_map(once).with_options(_options()),
        )

    return silo_data


def data_type(num_floats: int, num_ids: int) -> tff.StructType:
    """Return the type of what `build`'s computation returns."""
    return build("", num_floats, num_ids, 1, 1).type_signature.result


def _decode(path: str, dtype: tf.DType) -> tf.Tensor:
    return tf.io.decode_raw(tf.io.read_file(path), dtype, little_endian=True)


def _options() -> tf.data.Options:
    options = tf.data.Options()
    options.autotune.enabled = False
    options.deterministic = True
    options.experimental_optimization.apply_default_optimizations = False
    return options
