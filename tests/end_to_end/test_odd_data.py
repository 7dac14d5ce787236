"""Data that its makers had not thought of: init, run, and the sentences in between."""

import pathlib

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.support.program import fairsilo, summary

pytestmark = [pytest.mark.slow, pytest.mark.tff, pytest.mark.beam]

FIRST_KEY = 900_000_000_000_000_000  # neighbours are one double


def members(silo: int, rows: int = 600) -> pd.DataFrame:
    """Return rows whose label follows from two flags alone."""
    rng = np.random.default_rng(silo)
    member, active = rng.integers(0, 2, rows), rng.random(rows) < 0.5
    odds = 4 * member + 4 * active - 4
    return pd.DataFrame(
        {
            "row_id": np.arange(rows) + FIRST_KEY + silo * 10**6,
            "member": member,
            "active": active,
            "income": rng.normal(50, 10, rows).round(2),
            "joined": pd.date_range("2024-01-01", periods=rows, freq="7h", tz="UTC"),
            "left": (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int),
        }
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A project of four silos, one of them odd, with what `init` and `run` said."""
    project = tmp_path_factory.mktemp("odd")
    data = project / "data"
    for silo, name in enumerate(["alfa", "bravo", "carl", "delta"]):
        (data / name).mkdir(parents=True)
        table = members(silo)
        if name == "delta":  # its months, the second with other words for numbers
            table[:300].to_csv(data / name / "1.csv", index=False)
            odd = table[300:].assign(income=table.income.map("{:.2f} EUR".format))
            odd.to_csv(data / name / "2.csv", index=False)
        elif name == "carl":
            table.to_csv(data / name / "data.csv", index=False)
        else:
            table.to_parquet(data / name / "data.parquet", index=False)
    made = fairsilo("init", "club", f"--data={data}", "--label=left", folder=project)
    assert made.returncode == 0, made.stderr
    ran = fairsilo("run", "club", "--json", folder=project)
    return project, made, ran, summary(ran)


def test_init_names_the_odd_silo_and_what_the_model_does_not_get(world):
    _, made, _, _ = world
    assert "silo `delta`: column `income`: 2.csv: found other text" in made.stderr
    assert "not for the model: `joined` (dates or times" in made.stderr


def test_flags_that_decide_the_label_are_features(world):
    _, _, _, told = world
    assert told["metrics"]["auc"] > 0.85
    chosen = {one["column"] for one in told["unused_columns"] if one["chosen"]}
    assert chosen == {"row_id", "joined", "left"}
    assert [one for one in told["unused_columns"] if not one["chosen"]] == []


def test_silo_that_is_not_wholly_scored_has_its_status_and_sentence(world):
    _, _, ran, told = world
    assert (ran.returncode, told["status"]) == (5, "incomplete")
    (unscored,) = told["unscored"]
    assert unscored["silo"] == "delta"
    assert unscored["reason"].startswith(
        "silo `delta`: 2.csv: column `income`: found other text in 300 of 300 values, "
        "expected numbers"
    )
    admitted = {item["silo"]: item["admitted"] for item in told["silos"]}
    assert admitted == {"alfa": True, "bravo": True, "carl": True, "delta": False}
    page = pathlib.Path(told["dashboard"]).read_text(encoding="utf-8")
    assert page.index("2.csv: column") < page.index("Validation findings</bdi></h2>")


def test_predictions_join_back_one_to_one(world):
    project, _, _, told = world
    for silo, name in enumerate(["alfa", "bravo", "carl", "delta"]):
        parts = (project / "build/club/silos" / name / "predictions").rglob("part-*")
        keys = pd.concat([pq.read_table(part).to_pandas() for part in parts]).row_id
        expected = members(silo).row_id[: 300 if name == "delta" else 600]
        assert sorted(keys.astype(str)) == sorted(expected.astype(str))
    assert told["predictions"]["rows"] == 2_100
