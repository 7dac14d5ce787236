"""Rows, a model's features and ways to look at predictions, for tests here."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from components.batch_inferrer.items import WorkItem
from components.batch_inferrer.plan import plan
from components.batch_inferrer.scoring import Job
from components.batch_inferrer.settings import InferenceSettings
from components.features.columnar import encode
from components.features.spec import Categorical, FeatureSpec, Numeric
from components.payloads.benefit import BASE
from components.payloads.manifest import Manifest
from components.payloads.silo import Silo
from components.scoring.served import Served
from tests.support.models import Linear

SPEC = FeatureSpec(
    numeric=(Numeric("age", 40.0, 12.0), Numeric("hours", 38.0, 9.0)),
    categorical=(
        Categorical("city", ("Oslo", "Łódź")),
        Categorical("code", ("1", "2"), integer=True),
    ),
)
SIZES = {"nord": 7, "süd-東": 500, "vest": 90}
Federate = Callable[..., Manifest]
KEY = ("id", "day")


def table(rows: int, seed: int, first: int = 0) -> pa.Table:
    """Return rows with nulls, NaN and unknown values."""
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "id": pa.array(np.arange(first, first + rows)),
            "day": pa.array(rng.choice(["mon", "tue"], rows)),
            "age": pa.array(rng.normal(40, 12, rows), mask=rng.random(rows) < 0.1),
            "hours": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(38, 9, rows)),
            "city": pa.array(rng.choice(["Oslo", "Łódź", "Rome"], rows)),
            "code": pa.array(rng.integers(1, 4, rows), mask=rng.random(rows) < 0.2),
        }
    )


@dataclasses.dataclass(frozen=True)
class Exported:
    """A model on disk, and its weights to check against."""

    folder: str
    digest: str
    linear: Linear

    def job(self, batch_rows: int = 64) -> Job:
        return Job(self.folder, self.digest, KEY, batch_rows, code="c0de")


def items_of(
    manifest: Manifest,
    job: Job,
    rows_per_item: int = 10**6,
    serve: Callable[[Silo], Served] | None = None,
) -> list[WorkItem]:
    """Return what a manifest has to be scored."""
    settings = InferenceSettings(rows_per_item=rows_per_item)
    found = plan(manifest, serve or by_base(job.model_digest), job, settings)
    return [item for one in found for item in one.items]


def by_base(digest: str) -> Callable[[Silo], Served]:
    """Return what tells that the base model serves all silos."""
    return lambda _: Served(BASE, digest)


def written(manifest: Manifest) -> dict[str, bytes]:
    """Return all files of predictions by silo and path below its home."""
    return {
        f"{entry.silo.id}/{path.relative_to(entry.silo.home)}": path.read_bytes()
        for entry in manifest
        for path in sorted(entry.silo.path("predictions").rglob("*"))
        if path.is_file()
    }


def check_whole(manifest: Manifest, linear: Linear) -> None:
    """Check that each row to be scored is in its silo's predictions once, scored right.

    Reads pointers and parts as anybody may, by JSON and Parquet alone.
    """
    for entry in manifest:
        folder = entry.silo.path("predictions", f"span={manifest.span}")
        rows = pa.concat_tables(
            [pq.read_table(file.path) for file in entry.files("score")]
        )
        check_rows(folder, entry.silo.id, rows, linear)


def check_rows(
    folder: str | pathlib.Path, silo: str, rows: pa.Table, linear: Linear
) -> None:
    """Check that a folder's predictions are those of these rows, by their `id`."""
    path = pathlib.Path(folder)
    listed = json.loads((path / "_predictions.json").read_bytes())
    assert (listed["silo"], listed["span"]) == (silo, path.name.removeprefix("span="))
    names = [part["name"] for part in listed["parts"]]
    assert len(set(names)) == len(names)
    numbers = np.stack([rows["age"].to_numpy(), rows["hours"].to_numpy()])
    is_dead = np.isinf(numbers).any(axis=0)
    good = rows.filter(pa.array(~is_dead))
    found = read_scores(path).sort_by("id")
    ids = good["id"].to_numpy()
    assert found["id"].to_pylist() == sorted(ids.tolist())
    expected = expected_scores(good, linear)[np.argsort(ids)]
    np.testing.assert_allclose(found["score"].to_numpy(), expected, atol=1e-6)
    letters = [path / "dead-letters" / part["name"] for part in listed["parts"]]
    dead = [i for at in letters if at.exists() for i in pq.read_table(at)["id"]]
    lost = rows.filter(pa.array(is_dead))["id"].to_pylist()
    assert sorted(i.as_py() for i in dead) == sorted(lost)


def read_scores(folder: str | pathlib.Path) -> pa.Table:
    """Return the predictions of one silo that its pointer lists, in its order."""
    path = pathlib.Path(folder)
    listed = json.loads((path / "_predictions.json").read_bytes())["parts"]
    return pa.concat_tables(
        [pq.read_table(path / "parts" / part["name"]) for part in listed]
    )


def expected_scores(rows: pa.Table, linear: Linear) -> NDArray[np.float64]:
    """Return each row's score, recomputed without TF, Beam or files."""
    return linear.score(encode(rows, SPEC))
