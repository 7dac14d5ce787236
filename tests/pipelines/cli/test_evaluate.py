"""Scores made elsewhere, evaluated by the program in a process of its own."""

from __future__ import annotations

import json
import re

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
    assert "; allowed 0.010. Judged: 2 of 3 silos; the others have too few" in reason
    everyone = pd.concat(frames.values())
    assert told["rows"] == len(everyone)
    assert told["missing_columns"] == {}
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
def test_what_silos_lack_is_told_and_close_scores_keep_their_order(frames, tmp_path):
    odd = tmp_path / "odd"
    odd.mkdir()
    north, south = frames["north"].copy(), frames["south"].drop(columns=["sex", "old"])
    for scored in (north, south):
        scored["score"] = 0.5001 + scored.score / 1e5
    north["label"] = north.label.astype("float").where(north.index >= 40)
    north.to_parquet(odd / "north.parquet", index=False)
    south.to_parquet(odd / "south.parquet")
    frames["south"].assign(score=2.0).to_parquet(odd / "east.parquet", index=False)
    south.to_csv(odd / "west.csv")
    (tmp_path / "found").mkdir()
    (tmp_path / "found/decision.json").write_text("an earlier call's")
    slices = "--set=evaluation.slices=[sex]"
    done = evaluate(odd, tmp_path, "--baseline-score", "old", slices)
    assert done.returncode == 0, done.stderr[-2000:]
    everyone = pd.concat([north[40:], south])
    auc = roc_auc_score(everyone.label, everyone.score)
    (found,) = re.findall(r"\A1,160 rows of 2 of 3 silos, AUC (0\.\d+)\n", done.stdout)
    assert float(found) == pytest.approx(auc, abs=1e-3)
    assert "nothing was decided: no gate is set" in done.stdout
    assert not (tmp_path / "found" / "decision.json").exists()
    for told in (
        f"silo `east` left out: {odd}/east.parquet: ",
        "500 of 500 scores outside 0 to 1 or not a number",
        "silo `south`: found no column `sex`, so all of its 500 rows count as the "
        "group `missing`; found no column `old`, so it is not compared",
        f"{odd}/west.csv is not evaluated: expected one Parquet file",
        "silo=north: 40 of 700 rows have no label and are not evalu",
    ):
        assert told in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--score=risk"], "`risk` (--score) in any of 3"),
        (["--label=y"], "`y` (--label) in any of 3"),
        (["--baseline-score=prob"], "`prob` (--baseline-score) in any of 3"),
        (["--set=evaluation.slices=[sex,race]"], "`race` (evaluation.slices) in any"),
        (["--use-case=flights", "--label=label"], "`origin` (evaluation.slices), `hau"),
    ],
)
def test_columns_that_nobody_has_are_refused(folder, tmp_path, arguments, told):
    done = evaluate(folder, tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"error: found no column {told}" in done.stderr
    assert "; the columns found: label, score, old, sex\n" in done.stderr
    assert not (tmp_path / "found").exists()


def test_a_file_in_place_of_the_folder_is_refused(folder, tmp_path):
    done = evaluate(folder / "north.parquet", tmp_path)
    assert done.returncode == 2
    assert "north.parquet: found a file, expected a folder with" in done.stderr
    done = evaluate(tmp_path / "gone", tmp_path)
    assert done.returncode == 2
    assert "found no such folder, expected one Parquet file a silo" in done.stderr
