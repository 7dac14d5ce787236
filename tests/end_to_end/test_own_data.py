"""A data scientist's own data: init and run, with all that can be wrong with it."""

import json
import pathlib
import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.support import published
from tests.support.program import fairsilo, summary

pytestmark = [pytest.mark.slow, pytest.mark.tff, pytest.mark.beam]

CANARY = "Zaphod-4711"
FIRST_KEY = 900_000_000_000_000_000  # neighbours are one double


def people(rows: int, seed: int) -> pd.DataFrame:
    """Return rows whose label follows from two columns and two flags."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, rows)
    debt = rng.normal(seed % 3, 1.0, rows).round(2)
    member, active = rng.integers(0, 2, rows), rng.random(rows) < 0.5
    score = (age - 50) / 15 + debt - 2 + member + active + rng.normal(0, 0.5, rows)
    return pd.DataFrame(
        {
            "row_id": np.arange(rows) + FIRST_KEY + seed * 10**6,
            "age": age,
            "debt": debt,
            "member": member,
            "active": active,
            "joined": pd.date_range("2024-01-01", periods=rows, freq="7h", tz="UTC"),
            "town": rng.choice(["Aa", "Bé", "Cc"], rows),
            "sex": rng.choice(["f", "m"], rows),
            "defaulted": np.where(score > 0, "yes", "no"),
        }
    )


HEALTHY = {"north": 150, "süd-銀行": 90, "west": 240}
MONTHS = "delta"  # its second month has other words for numbers


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A project with three healthy silos and an odd one, and what `init` said."""
    project = tmp_path_factory.mktemp("tiny")
    for seed, (name, rows) in enumerate({**HEALTHY, MONTHS: 200}.items()):
        folder = project / "data" / name
        folder.mkdir(parents=True)
        table = people(rows, seed)
        if name == MONTHS:
            table[:100].to_csv(folder / "1.csv", index=False)
            odd = table[100:].assign(debt=table.debt.map("{:.2f} EUR".format))
            odd.to_csv(folder / "2.csv", index=False)
        elif name == "west":
            table.to_parquet(folder / "people.parquet", index=False)
        else:
            table.to_csv(folder / "people.csv", index=False)
    done = fairsilo(
        "init",
        "loans",
        f"--data={project / 'data'}",
        "--label=defaulted",
        "--sensitive=sex",
        folder=project,
    )
    assert done.returncode == 0, done.stderr
    return project, done.stderr


@pytest.fixture(scope="module")
def project(tiny) -> pathlib.Path:
    return tiny[0]


def test_init_names_the_odd_silo_and_what_the_model_does_not_get(tiny):
    _, said = tiny
    assert "silo `delta`: column `debt`: 2.csv: found other text" in said
    assert "not for the model: `joined` (dates, which" in said


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
def broken(project):
    """Add a silo for each fault, and run."""
    for seed, name in enumerate(BROKEN):
        folder = project / "data" / name
        folder.mkdir()
        same = 99 if name.startswith("twin") else seed + 10
        _break(name, people(120, same), folder)
    (project / "data" / "a\\evil").mkdir()
    return fairsilo("run", "loans", "--json", folder=project)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_silo_is_refused_in_a_sentence(broken, name):
    silos = {item["silo"]: item for item in summary(broken)["silos"]}
    assert not silos[name]["admitted"]
    reasons = silos[name]["reasons"]
    assert BROKEN[name] in " ".join(one["sentence"] for one in reasons)
    assert all(one["hint"] for one in reasons), "each says what mends it"


def test_healthy_silos_go_on(broken, project):
    told = summary(broken)
    silos = {item["silo"]: item for item in told["silos"]}
    for name in HEALTHY:
        assert silos[name]["admitted"], silos[name]["reasons"]
    assert silos["north"]["auc"] > 0.6
    assert silos["west"]["auc"] > 0.6
    assert (broken.returncode, told["status"]) == (5, "incomplete"), told["reasons"]
    not_scored = {item["silo"]: item["reason"] for item in told["silos_not_scored"]}
    assert [*not_scored] == ["a\\evil", "corrupt", "delta", "empty", "wrong-type"]
    assert not_scored["delta"].startswith(
        "silo `delta`: 2.csv: column `debt`: found other text in 100 of 100 values, "
        "expected numbers"
    )
    assert told["untrained"] == []
    page = (project / told["dashboard"]).read_text(encoding="utf-8")
    assert page.index("2.csv: column") < page.index("Validation findings</bdi></h2>")
    assert "süd-銀行" in page


def test_silo_whose_name_would_leave_its_folder_is_refused(broken):
    silos = {item["silo"]: item for item in summary(broken)["silos"]}
    (told,) = silos["a\\evil"]["reasons"]
    assert "would leave its parent folder" in told["sentence"]


def test_quarantined_silo_that_can_be_read_is_evaluated_and_scored(broken, project):
    silos = {item["silo"]: item for item in summary(broken)["silos"]}
    assert silos["twin-a"]["auc"] is not None
    scored = published.read(project / "build/loans/silos/twin-a/predictions")
    assert scored.num_rows == 120


def test_infinite_values_become_dead_letters_with_a_reason(broken, project):
    letters = (project / "build/loans/silos/flood/predictions").rglob(
        "dead-letters/*.parquet"
    )
    tables = [pq.read_table(path) for path in letters]
    assert sum(table.num_rows for table in tables) == 60
    assert "infinite" in tables[0]["reason"][0].as_py()
    assert summary(broken)["predictions"]["dead_letters"] >= 60


def test_no_record_is_in_what_was_printed_or_on_the_page(broken, project):
    told = summary(broken)
    page = (project / told["dashboard"]).read_text()
    for text in (broken.stderr, json.dumps(told), page):
        assert CANARY not in text


def test_flags_that_decide_the_label_are_features_and_keys_join_back(broken, project):
    told = summary(broken)
    unused = {one["column"]: one["chosen"] for one in told["unused_columns"]}
    assert {name for name, chosen in unused.items() if chosen} == {
        *("row_id", "joined", "sex", "defaulted"),
    }
    assert not {"member", "active", "age", "debt", "town"} & {*unused}
    for seed, (name, rows) in enumerate({**HEALTHY, MONTHS: 100}.items()):
        scored = published.read(project / "build/loans/silos" / name / "predictions")
        keys = scored["row_id"].to_pandas()
        expected = people(200 if name == MONTHS else rows, seed).row_id[:rows]
        assert sorted(keys.astype(str)) == sorted(expected.astype(str))


def files(folder: pathlib.Path, pattern: str) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(pattern))


def test_outputs_and_homes_that_were_deleted_are_made_again(broken, project):
    before, output = summary(broken), project / "build/loans"
    predictions = files(output / "silos", "parts/*.parquet")
    shutil.rmtree(output / "serving")
    shutil.rmtree(output / "silos")
    pathlib.Path(before["dashboard"]).unlink()
    told = summary(fairsilo("run", "loans", "--json", folder=project))
    for name in ("status", "metrics", "predictions", "pushed", "silos_not_scored"):
        assert told[name] == before[name], name
    assert told["model"]["digest"] == before["model"]["digest"]
    assert files(output / "silos", "parts/*.parquet") == predictions
    assert list((output / "serving").glob("*/saved_model.pb"))
    assert pathlib.Path(told["dashboard"]).is_file()
