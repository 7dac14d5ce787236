"""Three silos of unequal kind, with a base model, as the nodes before leave them."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
import pyarrow as pa

from components.federation.plan import TrainingPlan
from components.payloads.benefit import BenefitReport
from components.payloads.manifest import CHOOSE, EVAL, TRAIN, Manifest, SiloEntry
from components.payloads.model_run import MEAN_OF_SILOS, RunRecord
from components.personal.stopping import Weights
from components.scoring import model
from components.scoring.model import ModelCard
from components.silo_benchmark import benchmark
from components.silo_benchmark.settings import PersonalSettings
from components.silos import homes
from tests.components.federated_trainer import support as trained

LABEL, SPEC = trained.LABEL, trained.SPEC
PLAN = TrainingPlan(rounds=4, batch_size=32, client_learning_rate=0.3, seed=3)
MODEL = """
import tensorflow as tf

def build_model(spec):
    floats = tf.keras.Input((spec.num_floats,), name="floats")
    ids = tf.keras.Input((spec.num_ids,), dtype=tf.int32, name="ids")
    hot = [tf.one_hot(ids[:, i], 4) for i in range(spec.num_ids)]
    inputs = tf.keras.layers.Concatenate()([floats, *hot])
    return tf.keras.Model([floats, ids], tf.keras.layers.Dense(1)(inputs))
"""


def table(rows: int, seed: int, slope: float) -> pa.Table:
    """Return rows whose label follows the distance as strongly as `slope` says."""
    content = trained.table(rows, seed)
    distance = np.nan_to_num(np.array(content["distance"].to_pandas()), nan=10.0)
    rng = np.random.default_rng(seed + 1_000)
    late = rng.random(rows) < 1 / (1 + np.exp(-slope * (distance - 10)))
    column = content.schema.get_field_index(LABEL)
    return content.set_column(column, LABEL, pa.array(late.astype(np.int64)))


def entry(
    root: pathlib.Path, name: str, slope: float, sizes: dict[str, int], seed: int = 0
) -> SiloEntry:
    """Return a silo with its splits written."""
    silo = homes.open_home(root, name)
    splits = {
        split: trained.write_split(silo, table(rows, seed + place, slope), split)
        for place, (split, rows) in enumerate(sizes.items())
        if rows
    }
    return SiloEntry(silo, splits=splits)


def sizes(train: int, choose: int, evaluated: int) -> dict[str, int]:
    return {TRAIN: train, CHOOSE: choose, EVAL: evaluated}


@dataclasses.dataclass(frozen=True)
class Case:
    """A federation whose base model leans to the silos of a positive slope."""

    folder: pathlib.Path
    entries: tuple[SiloEntry, ...]

    def request(self, *refused: str, **settings: object) -> benchmark.Request:
        manifest = Manifest("flights", "3", self.entries)
        return benchmark.Request(
            settings=PersonalSettings.model_validate(
                {"method": "ditto", "passes": 3, **settings}
            ),
            plan=PLAN,
            label=LABEL,
            split_by=(),
            min_rows=5,
            module_file=str(self.folder / "model.py"),
            manifest=manifest,
            cohort=trained.make_cohort(manifest, *refused),
            spec=SPEC,
            model=str(self.folder / "model"),
            model_run=str(self.folder / "run"),
            run=RunRecord("fed_avg", tensors="rows"),
        )

    def run(self, *refused: str, **settings: object) -> BenefitReport:
        return benchmark.run(self.request(*refused, **settings))[0]


def base_weights() -> Weights:
    """Return weights that take the distance for what decides."""
    kernel = np.zeros((SPEC.num_floats + 4 * SPEC.num_ids, 1), np.float32)
    kernel[0] = 2.0
    return kernel, np.zeros(1, np.float32)


def make_case(folder: pathlib.Path, *entries: SiloEntry) -> Case:
    (folder / "model.py").write_text(MODEL)
    (folder / "model").mkdir()
    (folder / "run").mkdir()
    weights = base_weights()
    model.write_weights(folder / "model" / model.WEIGHTS, weights)
    ModelCard(model.digest_of(weights, SPEC)).write(folder / "model")
    mean = tuple(0.5 * one for one in weights)
    model.write_weights(folder / "run" / MEAN_OF_SILOS, mean)
    return Case(folder, entries)
