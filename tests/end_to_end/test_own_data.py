"""A data scientist's own data: init and run, with all that can be wrong with it."""

import json
import pathlib
import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.support.program import fairsilo, summary

pytestmark = [pytest.mark.slow, pytest.mark.tff, pytest.mark.beam]

CANARY = "Zaphod-4711"


def people(rows: int, seed: int) -> pd.DataFrame:
    """Return rows whose label follows from two columns."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, rows)
    debt = rng.normal(seed % 3, 1.0, rows)
    score = (age - 50) / 15 + debt - 1 + rng.normal(0, 0.5, rows)
    return pd.DataFrame(
        {
            "id": [f"{seed}-{i}" for i in range(rows)],
            "age": age,
            "debt": debt,
            "town": rng.choice(["Aa", "Bé", "Cc"], rows),
            "sex": rng.choice(["f", "m"], rows),
            "defaulted": np.where(score > 0, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> pathlib.Path:
    """A project with three healthy silos of CSV files, and a use case over them."""
    project = tmp_path_factory.mktemp("tiny")
    for seed, (name, rows) in enumerate(
        {"north": 150, "süd-銀行": 90, "west": 240}.items()
    ):
        folder = project / "data" / name
        folder.mkdir(parents=True)
        people(rows, seed).to_csv(folder / "people.csv", index=False)
    done = fairsilo(
        "init",
        "loans",
        f"--data={project / 'data'}",
        "--label=defaulted",
        "--sensitive=sex",
        folder=project,
    )
    assert done.returncode == 0, done.stderr
    return project


def test_init_then_run_works_unchanged(tiny):
    done = fairsilo("run", "loans", "--json", folder=tiny)
    told = summary(done)
    assert (done.returncode, told["status"]) == (0, "blessed"), told["reasons"]
    assert [item["silo"] for item in told["silos"]] == ["north", "süd-銀行", "west"]
    assert all(item["admitted"] for item in told["silos"])
    assert told["metrics"]["auc"] > 0.75
    assert told["predictions"]["rows"] == 480
    page = (tiny / told["dashboard"]).read_text()
    assert "süd-銀行" in page
    assert (tiny / "build" / "loans").is_dir()


BROKEN = {
    "constant": "label `defaulted` is constant: found",
    "corrupt": "people.parquet: found a corrupt file (ArrowInvalid",
    "empty": "people.parquet: found an empty file (0 bytes), expected a table",
    "flood": "rows NaN, infinite or beyond float32, expected at most 5%",
    "foreign-label": "values outside its domain, expected 0 or 1",
    "missing": "column `debt`",
    "no-files": "found no file",
    "one-row": "too few rows: found",
    "renamed": "column `age`",
    "twin-a": "is the same, byte for byte, as one of another silo",
    "twin-b": "is the same, byte for byte, as one of another silo",
    "wrong-type": "column `debt`",
}


def _break(name: str, rows: pd.DataFrame, folder: pathlib.Path) -> None:
    path = folder / "people.parquet"
    if name == "constant":
        rows["defaulted"] = "no"
    elif name == "corrupt":
        path.write_bytes(b"PAR1 this is no table PAR1")
        return
    elif name == "empty":
        path.touch()
        return
    elif name == "no-files":
        return
    elif name == "flood":
        rows["debt"] = np.where(np.arange(len(rows)) % 2, np.nan, np.inf)
    elif name == "foreign-label":
        rows.loc[::7, "defaulted"] = CANARY
    elif name == "missing":
        rows = rows.drop(columns="debt")
    elif name == "one-row":
        rows = rows.head(1)
    elif name == "renamed":
        rows = rows.rename(columns={"age": "years"})
    elif name == "wrong-type":
        rows["debt"] = CANARY
    rows.to_parquet(path, index=False)


@pytest.fixture(scope="module")
def broken(tiny):
    """Add a silo for each fault, and run."""
    for seed, name in enumerate(BROKEN):
        folder = tiny / "data" / name
        folder.mkdir()
        same = 99 if name.startswith("twin") else seed + 10
        _break(name, people(120, same), folder)
    (tiny / "data" / "a\\evil").mkdir()
    return fairsilo("run", "loans", "--json", folder=tiny)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_silo_is_refused_in_a_sentence(broken, name):
    silos = {item["silo"]: item for item in summary(broken)["silos"]}
    assert not silos[name]["admitted"]
    reasons = silos[name]["reasons"]
    assert BROKEN[name] in " ".join(one["sentence"] for one in reasons)
    assert all(one["hint"] for one in reasons), "each says what mends it"


def test_healthy_silos_go_on(broken):
    told = summary(broken)
    silos = {item["silo"]: item for item in told["silos"]}
    for name in ("north", "süd-銀行", "west"):
        assert silos[name]["admitted"], silos[name]["reasons"]
    assert silos["north"]["auc"] > 0.6
    assert silos["west"]["auc"] > 0.6
    assert (broken.returncode, told["status"]) == (5, "incomplete"), told["reasons"]
    unscored = [item["silo"] for item in told["unscored"]]
    assert unscored == ["a\\evil", "corrupt", "empty", "wrong-type"]
    assert told["untrained"] == []


def test_silo_whose_name_would_leave_its_folder_is_refused(broken):
    silos = {item["silo"]: item for item in summary(broken)["silos"]}
    (told,) = silos["a\\evil"]["reasons"]
    assert "would leave its parent folder" in told["sentence"]


def test_quarantined_silo_that_can_be_read_is_evaluated_and_scored(broken, tiny):
    silos = {item["silo"]: item for item in summary(broken)["silos"]}
    assert silos["twin-a"]["auc"] is not None
    files = (tiny / "build/loans/silos/twin-a/predictions").rglob("part-*.parquet")
    assert sum(pq.read_metadata(path).num_rows for path in files) == 120


def test_infinite_values_become_dead_letters_with_a_reason(broken, tiny):
    letters = (tiny / "build/loans/silos/flood/predictions").rglob(
        "dead-letters/*.parquet"
    )
    tables = [pq.read_table(path) for path in letters]
    assert sum(table.num_rows for table in tables) == 60
    assert "infinite" in tables[0]["reason"][0].as_py()
    assert summary(broken)["predictions"]["dead_letters"] >= 60


def test_no_record_is_in_what_was_printed_or_on_the_page(broken, tiny):
    told = summary(broken)
    page = (tiny / told["dashboard"]).read_text()
    for text in (broken.stderr, json.dumps(told), page):
        assert CANARY not in text


def files(folder: pathlib.Path, pattern: str) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(pattern))


def test_outputs_that_were_deleted_are_made_again(broken, tiny):
    before, output = summary(broken), tiny / "build/loans"
    predictions = files(output / "silos", "part-*.parquet")
    shutil.rmtree(output / "serving")
    shutil.rmtree(output / "silos/north/predictions")
    shutil.rmtree(output / "silos/west/training")
    pathlib.Path(before["dashboard"]).unlink()
    told = summary(fairsilo("run", "loans", "--json", folder=tiny))
    for name in ("status", "metrics", "model", "predictions", "pushed", "unscored"):
        assert told[name] == before[name], name
    assert told["seconds"]["FederatedTrainer"] < 2
    assert files(output / "silos", "part-*.parquet") == predictions
    assert list((output / "serving").glob("*/saved_model.pb"))
    assert pathlib.Path(told["dashboard"]).is_file()


def test_homes_that_were_deleted_are_made_again_with_the_same_model(broken, tiny):
    before, output = summary(broken), tiny / "build/loans"
    predictions = files(output / "silos", "part-*.parquet")
    shutil.rmtree(output / "silos")
    told = summary(fairsilo("run", "loans", "--json", folder=tiny))
    for name in ("status", "metrics", "predictions", "pushed", "unscored"):
        assert told[name] == before[name], name
    assert told["model"]["digest"] == before["model"]["digest"]
    assert files(output / "silos", "part-*.parquet") == predictions
