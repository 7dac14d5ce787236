"""Only what changed is scored: rows that lie in partitioned folders, run after run."""

import dataclasses
import os
import pathlib
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.batch_inferrer.infer import infer
from components.batch_inferrer.settings import InferenceSettings
from components.payloads import predictions
from components.payloads.ledger import Ledger
from components.payloads.manifest import Manifest, SiloEntry
from components.silos import homes
from tests.components.batch_inferrer.cases import (
    check_rows,
    expected_scores,
    read_scores,
    table,
    written,
)
from tests.support import models
from tests.support.at_once import age

pytestmark = pytest.mark.beam

SILOS = ("nord", "vest")


class Lake:
    """Silos with folders `day=...` of rows to score where they lie."""

    def __init__(self, folder: pathlib.Path, model) -> None:
        self.root, self.model = folder / "lake", model
        entries = [SiloEntry(homes.open_home(folder / "homes", one)) for one in SILOS]
        self.manifest = Manifest("people", "7", tuple(entries))
        self.settings = InferenceSettings(
            input=f"{self.root}/{{silo}}/**/*.parquet", rows_per_item=64
        )
        self.job = model.job()
        for silo in SILOS:
            self.add(silo, "mon", 100, first=0)  # equal in both, cut in two
        self.add("nord", "tue", 40, first=200)
        self.add("vest", "tue", 7, first=300)

    def add(self, silo: str, day: str, rows: int, first: int, name: str = "a") -> None:
        path = self.path(silo, day, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        made = table(rows, rows, first).drop(["day"])
        pq.write_table(made, path, row_group_size=50)

    def path(self, silo: str, day: str, name: str = "a") -> pathlib.Path:
        return self.root / silo / f"day={day}" / f"{name}.parquet"

    def rows(self, silo: str) -> pa.Table:
        """Return all rows of a silo."""
        found = []
        for path in sorted(self.root.joinpath(silo).rglob("[a-z]*.parquet")):
            if not path.parent.name.startswith("day="):
                continue
            made = pq.ParquetFile(path).read()
            day = pa.repeat(path.parent.name.removeprefix("day="), made.num_rows)
            found.append(made.append_column("day", day))
        return pa.concat_tables(found)

    def infer(self) -> Ledger:
        return infer(self.manifest, self.job, self.settings)

    def folder(self, silo: str) -> pathlib.Path:
        return self.manifest[silo].silo.path("predictions", "span=7")

    def check(self) -> None:
        """Check that each row is in its silo's predictions once, with its day."""
        for silo in SILOS:
            rows = self.rows(silo)
            check_rows(self.folder(silo), silo, rows, self.model.linear)
            found = read_scores(self.folder(silo)).sort_by("id")
            assert found["day"].to_pylist() == rows.sort_by("id")["day"].to_pylist()


@pytest.fixture
def lake(tmp_path, model) -> Lake:
    return Lake(tmp_path, model)


def hide(lake: Lake) -> None:
    for name in ("_SUCCESS", ".a.parquet.crc", "_b.parquet"):
        (lake.root / "nord" / "day=mon" / name).write_bytes(b"no rows")
    for folder in ("_temporary", ".staging"):
        lake.add("nord", "wed", 9, 900)
        shutil.move(lake.root / "nord" / "day=wed", lake.root / "nord" / folder)


def delete_part(lake: Lake) -> None:
    found = predictions.read(str(lake.folder("vest")))
    assert found is not None
    (name,) = [part.name for part in found.parts if "day=tue" in part.input]
    (lake.folder("vest") / "parts" / name).unlink()


def another_model(lake: Lake) -> None:
    folder = lake.root.parent / "another"
    folder.mkdir()
    linear = models.random_linear(models_spec(lake), seed=9)
    card = models.export(folder, models_spec(lake), linear)
    lake.model = dataclasses.replace(
        lake.model, folder=str(folder), digest=card.digest, linear=linear
    )
    lake.job = lake.model.job()


def models_spec(lake: Lake):
    from components.scoring import model

    return model.read_spec(lake.model.folder)


def again(lake: Lake) -> None:
    lake.job = dataclasses.replace(lake.job, again="2026-12-01")


def smaller_items(lake: Lake) -> None:
    lake.settings = lake.settings.model_copy(update={"rows_per_item": 200})


CHANGES = {
    "nothing": (lambda _: None, 0),
    "hidden": (hide, 0),
    "appended": (lambda lake: lake.add("nord", "wed", 30, 500), 30),
    "appended to a day": (lambda lake: lake.add("nord", "mon", 9, 600, "b"), 9),
    "changed": (lambda lake: lake.add("nord", "tue", 60, 500), 60),
    "removed": (lambda lake: lake.path("nord", "tue").unlink(), 0),
    "touched": (lambda lake: age(lake.path("nord", "mon"), 3), 100),
    "part deleted": (delete_part, 7),
    "pointer deleted": (lambda lake: (lake.folder("vest") / POINTER).unlink(), 0),
    "model": (another_model, 247),
    "again": (again, 247),
    "cut": (smaller_items, 247),
}
POINTER = "_predictions.json"


@pytest.mark.parametrize(("change", "new"), CHANGES.values(), ids=CHANGES)
def test_a_change_costs_only_its_own_rows(lake, change, new):
    lake.infer()
    lake.check()
    change(lake)
    before = {
        path: path.stat().st_mtime_ns for path in lake.root.parent.rglob("parts/*")
    }
    account = lake.infer()
    assert (account.status, account.failures) == ("done", ())
    assert (account.speed.rows if account.speed else 0) == new
    lake.check()
    assert {path: path.stat().st_mtime_ns for path in before} == before
    lake.job = dataclasses.replace(lake.job, again="")
    after = written(lake.manifest)
    account = lake.infer()
    assert (account.speed, account.unchanged) == (None, account.rows)
    assert written(lake.manifest) == after


def test_what_is_unchanged_needs_neither_the_rows_nor_the_model(lake, tmp_path):
    model = pathlib.Path(shutil.copytree(lake.model.folder, tmp_path / "copy"))
    lake.job = dataclasses.replace(lake.job, model=str(model))
    first = lake.infer()
    for path in lake.root.rglob("*.parquet"):  # other bytes, by size and time the same
        stat = path.stat()
        path.write_bytes(bytes(stat.st_size))
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    for path in model.rglob("*.pb"):
        path.unlink()
    account = lake.infer()
    assert (account.failures, account.unchanged) == ((), first.rows)


def test_a_corrupt_file_amid_others_holds_up_its_silo_alone(lake):
    lake.infer()
    before = (lake.folder("nord") / POINTER).read_bytes()
    lake.add("nord", "wed", 20, 500)
    lake.add("nord", "thu", 30, 600)
    lake.add("vest", "wed", 25, 500)
    bad = lake.path("nord", "wed")
    kept = bad.read_bytes()
    bad.write_bytes(kept[: len(kept) // 2])
    account = lake.infer()
    assert account.reason == "1 of 3 work items failed with 1 rows"
    (failure,) = account.failures
    assert failure.reason.startswith(f"silo `nord`: {bad}: found bytes that Arrow")
    assert (lake.folder("nord") / POINTER).read_bytes() == before
    shown = {line.silo: line.is_published for line in account.silos}
    assert shown == {"nord": False, "vest": True}
    bad.write_bytes(kept)
    account = lake.infer()
    assert account.speed is not None
    assert (account.speed.rows, account.resumed) == (20, 1)
    lake.check()


def test_a_silo_whose_folder_is_gone_keeps_what_it_had_and_holds_up_nobody(lake):
    lake.infer()
    before = (lake.folder("nord") / POINTER).read_bytes()
    lake.add("vest", "wed", 25, 500)
    shutil.move(lake.root / "nord", lake.root / "away")
    account = lake.infer()
    assert account.status == "done"
    assert account.reason == "the files of 1 of 2 silos can't be read"
    (lacking,) = account.silos_not_scored
    assert lacking.reason.startswith(f"silo `nord`: {lake.root}/nord: found no folder")
    assert (lake.folder("nord") / POINTER).read_bytes() == before
    shutil.move(lake.root / "away", lake.root / "nord")
    assert lake.infer().speed is None
    lake.check()


def test_folders_are_features_with_the_type_that_the_model_takes(lake):
    for path in list(lake.root.iterdir()):
        shutil.rmtree(path)
    rows = table(9, 1)
    names = {"age": "31.5", "city": "%C5%81%C3%B3d%C5%BA", "code": "2"}
    nothing = dict.fromkeys(names, "__HIVE_DEFAULT_PARTITION__")
    for silo, values in zip(SILOS, (names, nothing), strict=True):
        folder = lake.root.joinpath(silo, *(f"{k}={v}" for k, v in values.items()))
        folder.mkdir(parents=True)
        pq.write_table(rows.drop([*names]), folder / "a.parquet")
    account = lake.infer()
    assert (account.failures, account.missing_columns) == ((), {})
    for silo, given in zip(SILOS, ((31.5, "Łódź", 2), (None,) * 3), strict=True):
        same = rows
        for name, value in zip(names, given, strict=True):
            place = rows.column_names.index(name)
            column = pa.array([value] * 9, rows.schema.field(name).type)
            same = same.set_column(place, name, column)
        found = read_scores(lake.folder(silo))
        scores = expected_scores(same, lake.model.linear)
        np.testing.assert_allclose(found["score"].to_numpy(), scores, atol=1e-6)
        for name, value in zip(names, given, strict=True):
            assert found[name].to_pylist() == [value] * 9


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("age=old", "found a folder `name=value` whose value is no number"),
        ("score=1", "found a folder `score=...`, a column that predictions add"),
    ],
)
def test_a_folder_that_can_be_no_column_fails_with_the_reason(lake, name, found):
    folder = lake.root / "vest" / name
    folder.mkdir()
    pq.write_table(table(9, 1).drop(["age"]), folder / "a.parquet")
    (failure,) = lake.infer().failures
    assert found in failure.reason
