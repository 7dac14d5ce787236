"""Silos of unequal size with rows to score, and a small exported model."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components import digests
from components.payloads.manifest import SCORE, Manifest, SiloEntry, Split
from components.silos import homes
from tests.components.batch_inferrer.cases import SIZES, SPEC, Exported, Federate, table
from tests.support import models, own_models


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder = tmp_path_factory.mktemp("model")
    linear = models.random_linear(SPEC, seed=3)
    card = models.export(folder, SPEC, linear)
    return Exported(str(folder), card.digest, linear)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> own_models.Base:
    """A base model that can score with a silo's own weights."""
    return own_models.export(tmp_path_factory.mktemp("base"), SPEC)


Tables = Mapping[str, pa.Table]


@pytest.fixture
def federate(tmp_path: pathlib.Path) -> Federate:
    """Return a function that writes silos and gives their manifest."""

    def write(
        tables: Tables | None = None,
        root: str = "silos",
        row_group_rows: int = 100,
        span: str = "7",
    ) -> Manifest:
        if tables is None:
            tables = {
                name: table(rows, seed=rows, first=1000 * rows)
                for name, rows in SIZES.items()
            }
        entries = []
        for name in sorted(tables):
            silo = homes.open_home(tmp_path / root, name)
            path = silo.path("score.parquet")
            pq.write_table(tables[name], path, row_group_rows)
            split = Split.of(str(path), digests.of_file(path), tables[name].num_rows)
            entries.append(SiloEntry(silo, splits={SCORE: split}))
        return Manifest("people", span, tuple(entries))

    return write
