"""What the benchmark scores: silos of unequal size, and the default model.

20 numeric and 8 categorical columns with nulls and unknown values; the model is
untrained, which costs as much to score.
"""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from components import digests
from components.features.spec import Categorical, FeatureSpec, Numeric
from components.federated_trainer.default_model import model as default_model
from components.payloads.manifest import SCORE, Manifest, SiloEntry, Split
from components.payloads.silo import Silo

NUM_FLOATS = 20
VOCABULARY_SIZES = (5, 8, 12, 20, 6, 30, 16, 24)
SHARES = (0.4, 0.25, 0.15, 0.1, 0.06, 0.03, 0.009, 0.001)
ROW_GROUP_ROWS = 65_536
KEY = "row_id"


@dataclasses.dataclass(frozen=True)
class Case:
    """Data and model on disk."""

    manifest: Manifest
    model: str  # its folder
    model_digest: str
    spec: FeatureSpec


def build(folder: pathlib.Path, rows: int, seed: int = 0) -> Case:
    """Write the silos' rows, that many together, and the model into an empty folder."""
    rng = np.random.default_rng(seed)
    spec = feature_spec()
    sizes = [max(1, int(rows * share)) for share in SHARES]
    sizes[0] += rows - sum(sizes)
    entries = []
    first = 0
    for index, size in enumerate(sizes):
        home = folder / "silos" / f"silo-{index}"
        home.mkdir(parents=True)
        path = home / "score.parquet"
        pq.write_table(table(spec, first, size, rng), path, ROW_GROUP_ROWS)
        split = Split.of(str(path), digests.of_file(path), size)
        entries.append(SiloEntry(Silo(home.name, str(home)), splits={SCORE: split}))
        first += size
    digest = write_model(folder / "model", spec, seed)
    manifest = Manifest("bench", "", tuple(entries))
    return Case(manifest, str(folder / "model"), digest, spec)


def feature_spec() -> FeatureSpec:
    """Return how rows become what the model takes."""
    return FeatureSpec(
        numeric=tuple(
            Numeric(f"f{index}", mean=float(index), scale=1.0 + index)
            for index in range(NUM_FLOATS)
        ),
        categorical=tuple(
            Categorical(f"c{index}", tuple(f"value-{i:02d}" for i in range(size)))
            for index, size in enumerate(VOCABULARY_SIZES)
        ),
    )


def write_model(folder: pathlib.Path, spec: FeatureSpec, seed: int = 0) -> str:
    """Write the default model, untrained, and return its digest."""
    from components.federated_trainer import export
    from components.federation import model_module

    model = model_module.load(default_model.__file__, spec, seed)
    return export.export(folder, model, model.weights, spec).digest


def table(
    spec: FeatureSpec, first: int, rows: int, rng: np.random.Generator
) -> pa.Table:
    """Return rows whose keys begin with `first`."""
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
