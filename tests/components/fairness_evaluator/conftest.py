"""Silos of unequal size, with rows whose every figure can be recomputed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components import digests
from components.features import columnar
from components.features.spec import Categorical, FeatureSpec, Numeric
from components.payloads.cohort import Cohort, Member
from components.payloads.findings import Finding
from components.payloads.manifest import Manifest, SiloEntry, Split
from components.payloads.silo import Silo
from components.scoring.model import ModelCard
from tests.support import models

SPEC = FeatureSpec(
    (Numeric("delay", 10.0, 20.0),), (Categorical("origin", ("EWR", "JFK")),)
)
ROWS = {"9E": 900, "AA": 400, "F9": 130, "HA": 20}


@dataclasses.dataclass(frozen=True)
class World:
    """Silos with their rows, and two models with their scores."""

    manifest: Manifest
    cohort: Cohort
    rows: pd.DataFrame  # silo, split, origin, haul, late, candidate, baseline
    models: dict[str, tuple[str, ModelCard]]

    def of(self, split: str = "eval", **values: str) -> pd.DataFrame:
        """Return the labelled rows of a slice."""
        rows = self.rows[(self.rows.split == split) & self.rows.late.notna()]
        for column, value in values.items():
            rows = rows[rows[column].fillna("missing") == value]
        return rows


def make_rows(silo: str, count: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    delay = rng.normal(10.0, 20.0, count)
    origin = rng.choice(["EWR", "JFK", "LGA"], count, p=[0.6, 0.37, 0.03])
    hauls = np.array(["short", "long", None], object)
    haul = rng.choice(hauls, count, p=[0.5, 0.45, 0.05])
    chance = 1 / (1 + np.exp(-(delay - 25.0) / 15.0))
    late = (rng.random(count) < chance).astype(float)
    late[rng.random(count) < 0.02] = np.nan  # not known
    return pd.DataFrame(
        {"silo": silo, "delay": delay, "origin": origin, "haul": haul, "late": late}
    )


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> World:
    root = tmp_path_factory.mktemp("world")
    weights = {
        "candidate": models.Linear(
            np.array([1.3, 0.0], np.float32),
            (np.array([0, 0.1, 0.4, -0.2], "f4"),),
            -1.0,
        ),
        "baseline": models.Linear(
            np.array([0.7, 0.0], np.float32),
            (np.array([0, 1.1, 0.4, -1.5], "f4"),),
            -1.0,
        ),
    }
    exported = {
        name: (str(root / name), models.export(root / name, SPEC, linear))
        for name, linear in weights.items()
    }
    entries, tables = [], []
    for seed, (silo, count) in enumerate(ROWS.items()):
        splits = {}
        for split, rows in (("eval", count), ("next", count // 2)):
            frame = make_rows(silo, rows, seed=10 * seed + (split == "next"))
            path = root / "homes" / silo / f"{split}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            arrow = pa.Table.from_pandas(
                frame.drop(columns="silo"), preserve_index=False
            )
            pq.write_table(arrow, path)
            splits[split] = Split.of(str(path), digests.of_file(path), rows)
            encoded = columnar.encode(arrow, SPEC)
            scores = {name: linear.score(encoded) for name, linear in weights.items()}
            tables.append(frame.assign(split=split, **scores))
        entries.append(SiloEntry(Silo(silo, str(root / "homes" / silo)), (), splits))
    entries.append(
        SiloEntry(
            Silo("ZZ", str(root / "homes" / "ZZ")), error=Finding("no file of the span")
        )
    )
    shifted = (Finding("its labels are shifted", "shift them back"),)
    members = tuple(
        Member(entry.silo.id, entry.silo.id != "AA", shifted)
        if entry.silo.id == "AA"
        else Member(entry.silo.id, entry.silo.id != "ZZ")
        for entry in entries
    )
    return World(
        Manifest("flights", "2013-05", tuple(entries)),
        Cohort(members, quorum=1),
        pd.concat(tables, ignore_index=True),
        exported,
    )
