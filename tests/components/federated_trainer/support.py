"""Silos with Parquet splits, as the node before the trainer leaves them."""

from __future__ import annotations

import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from components import digests
from components.features.spec import Categorical, FeatureSpec, Numeric
from components.federated_trainer import trainer
from components.federated_trainer.default_model import model as default_model
from components.federated_trainer.settings import TrainingSettings
from components.payloads.cohort import Cohort, Member
from components.payloads.findings import Finding
from components.payloads.manifest import TRAIN, Manifest, SiloEntry, Split
from components.payloads.silo import Silo
from components.silos import homes

MODEL = pathlib.Path(default_model.__file__)
LABEL = "late"
SPEC = FeatureSpec(
    numeric=(Numeric("distance", 10.0, 4.0), Numeric("hour", 12.0, 5.0, integer=True)),
    categorical=(
        Categorical("airport", ("JFK", "LGA")),
        Categorical("day", ("1", "2"), integer=True),
    ),
)
SIZES = {"north": 200, "south": 90, "west": 41}


def table(rows: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    distance = rng.normal(10, 4, rows)
    return pa.table(
        {
            "distance": pa.array(distance, mask=rng.random(rows) < 0.1),
            "hour": pa.array(rng.integers(0, 24, rows), pa.int64()),
            "airport": pa.array(rng.choice(["JFK", "LGA", "EWR"], rows)),
            "day": pa.array(rng.integers(1, 4, rows), pa.int64()),
            LABEL: pa.array((distance + rng.normal(0, 2, rows) > 10).astype(np.int64)),
        }
    )


def write_split(silo: Silo, content: pa.Table, name: str = TRAIN) -> Split:
    path = silo.path("splits", f"{name}.parquet")
    path.parent.mkdir(exist_ok=True)
    pq.write_table(content, path, row_group_size=64)
    homes.chown_to_silo(silo, path)
    return Split.of(str(path), digests.of_file(path), content.num_rows)


def make_manifest(root: pathlib.Path) -> Manifest:
    entries = []
    for seed, (name, rows) in enumerate(SIZES.items()):
        silo = homes.open_home(root, name)
        split = write_split(silo, table(rows, seed))
        entries.append(SiloEntry(silo, splits={TRAIN: split}))
    return Manifest("flights", "3", tuple(entries))


def make_cohort(manifest: Manifest, *refused: str, quorum: int = 2) -> Cohort:
    few = (Finding("too few rows"),)
    members = tuple(
        Member(silo, silo not in refused, few if silo in refused else ())
        for silo in manifest.silos
    )
    return Cohort(members, quorum)


def request(
    manifest: Manifest, root: pathlib.Path, *refused: str, **settings: object
) -> trainer.Request:
    """Return a request with its checkpoints below a folder."""
    chosen = TrainingSettings.model_validate(
        {"rounds": 2, "batch_size": 32, **settings}
    )
    return trainer.Request(
        split_by=(),
        settings=chosen,
        label=LABEL,
        module_file=str(MODEL),
        checkpoints=str(root / "checkpoints"),
        code="code",
        manifest=manifest,
        cohort=make_cohort(manifest, *refused),
        spec=SPEC,
    )
