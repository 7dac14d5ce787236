"""What the benchmark scores: silos of unequal size, and a model of usual shape.

20 numeric and 8 categorical columns with nulls and unknown values, and an MLP
64-32-1 over the encoded columns with its ids one-hot.
"""

from __future__ import annotations

import dataclasses
import itertools
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from components import digests
from components.features.spec import Categorical, FeatureSpec, Numeric
from components.payloads.manifest import SCORE, Manifest, SiloEntry, Split
from components.payloads.silo import Silo
from components.scoring import model
from components.scoring.model import ModelCard

NUM_FLOATS = 20
VOCABULARY_SIZES = (5, 8, 12, 20, 6, 30, 16, 24)
SHARES = (0.4, 0.25, 0.15, 0.1, 0.06, 0.03, 0.009, 0.001)
ROW_GROUP_ROWS = 65_536
KEY = "row_id"


@dataclasses.dataclass(frozen=True)
class Case:
    """Data and model on disk.

    Attributes:
        manifest: The silos.
        model: Folder of the model.
        model_digest: The model's digest.
        spec: The model's FeatureSpec.
    """

    manifest: Manifest
    model: str
    model_digest: str
    spec: FeatureSpec


def build(folder: pathlib.Path, rows: int, seed: int = 0) -> Case:
    """Write the silos' rows and the model.

    Args:
        folder: An empty folder.
        rows: Rows of all silos together.
        seed: Of data and weights.
    """
    rng = np.random.default_rng(seed)
    spec = FeatureSpec(
        numeric=tuple(
            Numeric(f"f{index}", mean=float(index), scale=1.0 + index)
            for index in range(NUM_FLOATS)
        ),
        categorical=tuple(
            Categorical(f"c{index}", tuple(f"value-{i:02d}" for i in range(size)))
            for index, size in enumerate(VOCABULARY_SIZES)
        ),
    )
    sizes = [max(1, int(rows * share)) for share in SHARES]
    sizes[0] += rows - sum(sizes)
    entries = []
    first = 0
    for index, size in enumerate(sizes):
        home = folder / "silos" / f"silo-{index}"
        home.mkdir(parents=True)
        path = home / "score.parquet"
        pq.write_table(_table(spec, first, size, rng), path, ROW_GROUP_ROWS)
        split = Split.of(str(path), digests.of_file(path), size)
        entries.append(SiloEntry(Silo(home.name, str(home)), splits={SCORE: split}))
        first += size
    card = _export(folder / "model", spec, rng)
    manifest = Manifest("bench", "", tuple(entries))
    return Case(manifest, str(folder / "model"), card.digest, spec)


def _table(
    spec: FeatureSpec, first: int, rows: int, rng: np.random.Generator
) -> pa.Table:
    columns = {KEY: pa.array(np.arange(first, first + rows))}
    for index, numeric in enumerate(spec.numeric):
        values = rng.standard_normal(rows) * numeric.scale + numeric.mean
        missing = rng.random(rows) < 0.01 if index < 2 else None
        columns[numeric.name] = pa.array(values.astype(np.float32), mask=missing)
    for index, categorical in enumerate(spec.categorical):
        values = pa.array([*categorical.values, "unknown"])
        chance = 1 / np.arange(1, len(values) + 1)
        picks = rng.choice(len(values), rows, p=chance / chance.sum()).astype(np.int32)
        missing = rng.random(rows) < 0.01 if index == 0 else None
        column = pa.DictionaryArray.from_arrays(pa.array(picks, mask=missing), values)
        columns[categorical.name] = column.dictionary_decode()
    return pa.table(columns)


def _export(
    folder: pathlib.Path, spec: FeatureSpec, rng: np.random.Generator
) -> ModelCard:
    import tensorflow as tf

    depths = [feature.num_ids for feature in spec.categorical]
    widths = [spec.num_floats + sum(depths), 64, 32, 1]
    weights = [
        (rng.standard_normal((before, after)) / np.sqrt(before)).astype(np.float32)
        for before, after in itertools.pairwise(widths)
    ]
    module = tf.Module()
    module.layers = [tf.Variable(weight) for weight in weights]

    @tf.function(  # type: ignore[untyped-decorator]  # TF has no types
        input_signature=[
            tf.TensorSpec([None, spec.num_floats], tf.float32, "floats"),
            tf.TensorSpec([None, spec.num_ids], tf.int32, "ids"),
        ]
    )
    def score(floats: tf.Tensor, ids: tf.Tensor) -> dict[str, tf.Tensor]:
        hot = [tf.one_hot(ids[:, i], depth) for i, depth in enumerate(depths)]
        layer = tf.concat([floats, *hot], axis=1)
        for weight in module.layers[:-1]:
            layer = tf.nn.relu(tf.matmul(layer, weight))
        return {"score": tf.sigmoid(tf.matmul(layer, module.layers[-1]))[:, 0]}

    folder.mkdir()
    module.spec = tf.saved_model.Asset(str(spec.write(folder)))
    path = str(model.serving_path(folder))
    tf.saved_model.save(module, path, signatures={"score": score})
    card = ModelCard(digests.of_json([weight.tolist() for weight in weights]))
    card.write(folder)
    return card
