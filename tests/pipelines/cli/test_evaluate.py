"""Scores made elsewhere, evaluated by the program in a process of its own."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from tests.support.program import fairsilo

SIZES = {"north": 700, "south": 500, "süd": 90}


@pytest.fixture(scope="module")
def frames():
    """Scored rows: in `south` the new model is worse than the old one."""
    rng = np.random.default_rng(3)
    made = {}
    for silo, rows in SIZES.items():
        truth = rng.normal(size=rows)
        noise = {"north": 0.3, "south": 1.5, "süd": 0.3}[silo]
        made[silo] = pd.DataFrame(
            {
                "label": (truth + rng.normal(size=rows) > 0).astype(int),
                "score": 1 / (1 + np.exp(-(truth + noise * rng.normal(size=rows)))),
                "old": 1 / (1 + np.exp(-(truth + 0.4 * rng.normal(size=rows)))),
                "sex": rng.choice(["f", "m"], rows),
            }
        )
    return made


@pytest.fixture(scope="module")
def folder(frames, tmp_path_factory):
    place = tmp_path_factory.mktemp("scored")
    for silo, rows in frames.items():
        rows.to_parquet(place / f"{silo}.parquet", index=False)
    return place


def evaluate(folder, out, *more):
    return fairsilo(
        "evaluate", "--predictions", folder, "--to", out / "found", *more, folder=out
    )


@pytest.mark.slow
@pytest.mark.beam
def test_figures_are_those_of_the_rows_and_gates_refuse(frames, folder, tmp_path):
    done = evaluate(
        folder,
        tmp_path,
        *("--baseline-score", "old", "--json"),
        *("--set", "evaluation.slices=[sex]"),
        *("--set", "gates.silo_change.at_most_worse=0.01"),
    )
    assert done.returncode == 4, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert not told["blessed"]
    (reason,) = told["reasons"]
    assert reason.startswith("Not blessed: silo south loses 0.")
    assert "; allowed 0.010. Judged: 2 silos; 1 has too few rows" in reason
    everyone = pd.concat(frames.values())
    assert told["rows"] == len(everyone)
    figures = pd.read_csv(told["table"], keep_default_na=False)
    overall = figures.query("model == 'candidate' and silo == '' and slice == ''")
    value = overall.set_index("metric").value.astype(str)
    auc = roc_auc_score(everyone.label, everyone.score)
    assert float(value["auc"]) == pytest.approx(auc, abs=5e-4)
    loss = log_loss(everyone.label, everyone.score)
    assert float(value["log_loss"]) == pytest.approx(loss, abs=1e-9)
    page = (tmp_path / "found" / "index.html").read_text(encoding="utf-8")
    assert "Not blessed: silo south loses" in page
    assert 'id="groups"' in page
    assert 'id="training"' not in page


@pytest.mark.slow
@pytest.mark.beam
def test_without_gates_nothing_is_decided_and_silos_that_fail_are_told(
    frames, folder, tmp_path
):
    broken = tmp_path / "broken"
    broken.mkdir()
    frames["north"].to_parquet(broken / "north.parquet", index=False)
    frames["south"].assign(score=2.0).to_parquet(broken / "south.parquet", index=False)
    done = evaluate(broken, tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "nothing was decided: no gate is set" in done.stdout
    assert "silo `south` left out: " in done.stderr
    assert "500 of 500 scores outside 0 to 1 or not a number" in done.stderr
    assert not (tmp_path / "found" / "decision.json").exists()


@pytest.mark.slow
@pytest.mark.beam
def test_scores_that_nobody_has_are_a_fault(folder, tmp_path):
    done = evaluate(folder, tmp_path, "--score", "risk")
    assert done.returncode == 1
    assert "not one of 3 silos could be evaluated; the first: silo `north`" in (
        done.stderr
    )
    assert "scores `risk`: found no such column" in done.stderr
    assert "check --label, --score and the files" in done.stderr


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    done = evaluate(tmp_path / "gone", tmp_path)
    assert done.returncode == 2
    assert "found no such folder, expected one Parquet file a silo" in done.stderr
