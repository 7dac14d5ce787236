"""The whole chain on a cut of the real flights, as the operator runs it.

The tests of this file build on each other's runs, in their order: each run is one
more in the same output folder, as in the life of a federation.
"""

import datetime
import json
import pathlib
import shutil
import signal

import pyarrow.parquet as pq
import pytest
import tensorflow_model_analysis as tfma

from tests.support import published
from tests.support.program import (
    fairsilo,
    start,
    summary,
    wait_until,
    workers_below,
)

pytestmark = [pytest.mark.slow, pytest.mark.tff, pytest.mark.beam]

SMALL = (
    "training.rounds=3",
    "training.batch_size=16",
    "validation.quorum=2",
    "gates.silo_floor.at_least=0.5",
    "gates.silo_gap.at_most=0.4",
    "gates.calibration=null",  # too few rows and rounds
)


class Federation:
    """A folder in which runs follow each other."""

    def __init__(self, folder: pathlib.Path, data: pathlib.Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.output = folder / "output"
        shutil.copytree(data, self.data)

    def _arguments(self, span: str, overrides: tuple[str, ...]) -> list[str]:
        return [
            "flights",
            f"--span={span}",
            f"--set=silos.root={self.data}",
            f"--output={self.output}",
            "--json",
            *(f"--set={item}" for item in (*SMALL, *overrides)),
        ]

    def run(self, span: str, *overrides: str, command: str = "run"):
        return fairsilo(command, *self._arguments(span, overrides), folder=self.folder)

    def operate(self, *arguments: str):
        """Run another command, which must succeed."""
        done = fairsilo(*arguments, folder=self.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, span: str, *overrides: str):
        return start("run", *self._arguments(span, overrides), folder=self.folder)


@pytest.fixture(scope="module")
def federation(tmp_path_factory, flights):
    return Federation(tmp_path_factory.mktemp("federation"), flights)


@pytest.fixture(scope="module")
def first(federation):
    before = {path: path.read_bytes() for path in federation.data.rglob("*.parquet")}
    done = federation.run("2013-02")
    after = {path: path.read_bytes() for path in federation.data.rglob("*.parquet")}
    assert after == before, "the silos' files are read-only"
    return done


def test_first_run_is_blessed_and_tells_all(first, federation):
    told = summary(first)
    assert (first.returncode, told["status"]) == (0, "blessed"), first.stderr[-2000:]
    assert list(told) == [
        "run_id",
        "use_case",
        "span",
        "status",
        "reasons",
        "metrics",
        "gates",
        "baseline",
        "worst_silo",
        "gap",
        "benefit",
        "silos",
        "unused_columns",
        "silos_not_scored",
        "untrained",
        "missing_columns",
        "evaluation",
        "blessing",
        "audit",
        "verdicts",
        "privacy",
        "pushed",
        "model",
        "predictions",
        "dashboard",
        "seconds",
    ]
    assert told["span"] == "2013-02"
    assert 0.55 < told["metrics"]["auc"] < 0.9
    assert 0.5 < told["metrics"]["auc_next_span"] < 0.9
    kept = federation.output / "runs" / told["run_id"] / "summary.json"
    assert json.loads(kept.read_text()) == told


def test_each_silo_is_told_with_its_rows_and_what_left_it(first):
    silos = {item["silo"]: item for item in summary(first)["silos"]}
    assert sorted(silos) == ["9E", "F9", "OO", "US", "VX"]
    assert not silos["OO"]["admitted"]
    few = silos["OO"]["reasons"][0]
    assert "too few rows: found 1 to train on" in few["sentence"]
    assert "export more history" in few["hint"]
    for name in ("9E", "US", "VX"):
        assert silos[name]["admitted"]
        assert silos[name]["auc_low"] < silos[name]["auc"] < silos[name]["auc_high"]
        kinds = [left["kind"] for left in silos[name]["left"]]
        assert kinds == [
            "statistics",
            "row sketches",
            "findings",
            "model updates",
            "training metrics",
            "benefit figures",
            "contribution figures",
            "score sketches",
            "counts and digests",
        ]
        updates = next(
            left for left in silos[name]["left"] if left["kind"] == "model updates"
        )
        assert updates["count"] == 3
    refused = [left["kind"] for left in silos["OO"]["left"]]
    assert "model updates" not in refused


def test_predictions_cover_the_following_month_in_each_silos_own_folder(
    first, federation
):
    told = summary(first)["predictions"]
    rows = 0
    for silo in ("9E", "F9", "US", "VX"):
        given = pq.read_table(federation.data / silo / "2013-03.parquet")
        scored = published.read(federation.output / "silos" / silo / "predictions")
        assert sorted(scored["flight_id"].to_pylist()) == sorted(
            given["flight_id"].to_pylist()
        )
        assert set(scored["model"].to_pylist()) == {summary(first)["model"]["digest"]}
        rows += scored.num_rows
    assert told["rows"] == rows
    assert told["dead_letters"] == 0


def test_evaluation_opens_in_tfma_and_the_page_is_written(first, federation):
    [folder] = (federation.output / "pipeline" / "FairnessEvaluator").glob(
        "evaluation/*"
    )
    result = tfma.load_eval_result(str(folder))
    slices = {key for key, _ in result.slicing_metrics}
    assert () in slices
    assert (("silo_id", "US"),) in slices
    page = pathlib.Path(summary(first)["dashboard"]).read_text()
    assert "Blessed: flights, span 2013-02" in page
    assert list((federation.output / "serving").glob("*/saved_model.pb"))


def test_no_worker_is_left_behind(first, federation):
    assert first.returncode == 0
    assert workers_below(federation.output) == []


def test_second_identical_run_answers_from_the_cache(first, federation):
    before = summary(first)
    again = summary(federation.run("2013-02"))
    assert again["status"] == "blessed"
    assert again["model"] == before["model"]
    assert again["metrics"] == before["metrics"]
    assert again["dashboard"] == before["dashboard"]


def test_stricter_gate_refuses_without_training_until_it_is_waived(first, federation):
    strict = "gates.silo_floor.at_least=0.99"
    done = federation.run("2013-02", strict)
    refused = summary(done)
    assert (done.returncode, refused["status"]) == (4, "not_blessed")
    assert "needed at least 0.990" in refused["reasons"][0]
    assert refused["model"] == summary(first)["model"]  # in the same place, too
    assert refused["predictions"]["rows"] == 0
    assert "Not blessed" in pathlib.Path(refused["dashboard"]).read_text()
    assert len(list((federation.output / "serving").iterdir())) == 1
    federation.operate(
        *("gate", "waive", refused["run_id"], "--gate=silo_floor"),
        *("--reason=agreed with all silos", "--by=A. Reviewer"),
        f"--until={datetime.datetime.now(datetime.UTC).date()}",
        f"--output={federation.output}",
    )
    told = summary(federation.run("2013-02", strict))
    assert (told["status"], told["reasons"]) == ("blessed", [])
    assert told["model"] == refused["model"]
    waived = {"passed": False, "waived": True, "waived_by": "A. Reviewer"}
    assert {"gate": "silo_floor", **waived} in told["gates"]
    assert told["predictions"]["rows"] > 0
    assert "A. Reviewer" in pathlib.Path(told["dashboard"]).read_text()


def test_quarantine_and_a_changed_file_hold_in_the_next_run(first, federation):
    options = [
        "--use-case=flights",
        f"--output={federation.output}",
        f"--set=silos.root={federation.data}",
    ]
    federation.operate("silo", "quarantine", "9E", "--reason=audit", *options)
    path = federation.data / "US" / "2013-01.parquet"
    rows = pq.read_table(path)
    pq.write_table(rows.slice(0, rows.num_rows - 50), path)
    told = summary(federation.run("2013-02"))
    before = {item["silo"]: item for item in summary(first)["silos"]}
    after = {item["silo"]: item for item in told["silos"]}
    (manual,) = after["9E"]["reasons"]
    assert manual["sentence"] == "quarantined manually: audit"
    assert after["9E"]["auc"] is not None, "it is still evaluated"
    held = ("rows_train", "rows_eval")
    assert sum(before["US"][key] - after["US"][key] for key in held) == 50
    assert told["model"]["digest"] != summary(first)["model"]["digest"]
    federation.operate("silo", "release", "9E", "--reason=audited", *options)


def test_next_span_is_compared_with_the_baseline(first, federation):
    told = summary(federation.run("2013-03"))
    page = pathlib.Path(told["dashboard"]).read_text()
    assert told["status"] == "blessed", told["reasons"]
    [decision] = [
        json.loads(path.read_text())
        for path in (federation.output / "pipeline").glob(
            "FairnessEvaluator/blessing/*/decision.json"
        )
        if '"span": "2013-02"' in path.read_text()
    ]
    assert decision["baseline"]["span"] == "2013-02"
    assert "2013-02" in page


def test_below_quorum_nothing_trains_and_the_page_gives_the_reasons(federation):
    done = federation.run("2013-02", "validation.min_rows=100000")
    told = summary(done)
    assert (done.returncode, told["status"]) == (3, "below_quorum")
    assert told["reasons"] == ["0 of 5 silos were admitted; the quorum is 2"]
    assert told["model"]["digest"] is None
    assert told["predictions"]["rows"] == 0
    assert "expected at least 100,000" in pathlib.Path(told["dashboard"]).read_text()


def test_predict_scores_a_span_with_the_newest_blessed_model(first, federation):
    done = federation.run("2013-04", command="predict")
    told = json.loads(done.stdout)
    assert (done.returncode, told["status"]) == (0, "done"), done.stderr[-2000:]
    rows = sum(
        pq.read_metadata(path).num_rows
        for path in federation.data.glob("*/2013-04.parquet")
    )
    assert told["rows"] == rows


def test_runs_are_listed_and_shown(first, federation):
    run, output = summary(first)["run_id"], f"--output={federation.output}"
    assert run in federation.operate("report", "list", "flights", output)
    shown = federation.operate("report", "show", "flights", run, output)
    assert "too few rows" in shown
    assert "seconds" in shown


@pytest.fixture(scope="module")
def other_place(tmp_path_factory, flights):
    return Federation(tmp_path_factory.mktemp("other"), flights)


def test_interrupted_run_ends_with_a_word_and_leaves_no_worker(other_place):
    process = other_place.start("2013-02", "training.rounds=200")
    wait_until(lambda: bool(workers_below(other_place.output)))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "stopped: run the same command again to go on from here" in err
    assert "Traceback" not in err
    assert workers_below(other_place.output) == []
    *_, last = sorted((other_place.output / "runs").glob("*/summary.json"))
    told = json.loads(last.read_text())
    assert (told["status"], told["reasons"]) == (
        "stopped",
        ["stopped by Ctrl-C; the next run goes on from there"],
    )
