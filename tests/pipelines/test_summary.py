"""The summary says how a run ended, and is kept beside it."""

import dataclasses
import errno
import json

import pytest

from components.errors import SiloError
from components.payloads import egress, ledger, pushed_model
from components.payloads.decision import (
    Baseline,
    Decision,
    GateResult,
    NotEvaluated,
    Waiver,
)
from components.payloads.egress import Departure
from components.payloads.ledger import Ledger, Unscored
from components.payloads.model_run import Dropped, RunRecord
from pipelines import summary
from pipelines.places import Places
from pipelines.runners.result import NodeResult
from tests.pipelines.runners import cases


def test_each_status_has_its_own_exit_status():
    assert summary.EXIT_STATUS == {
        "blessed": 0,
        "failed": 1,
        "below_quorum": 3,
        "not_blessed": 4,
        "incomplete": 5,
        "stopped": 130,
    }


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SiloError("a", "x.csv", "nothing", "rows"), "silo `a`: x.csv: found nothing"),
        (OSError(errno.EIO, "x"), "Input/output error"),
        (ValueError("Jane Doe"), "FairSilo failed with ValueError; this is a fault of"),
    ],
)
def test_failed_run_keeps_its_reason_and_the_time_of_its_nodes(tmp_path, error, told):
    nodes = {"SiloExampleGen": NodeResult("SiloExampleGen", 1.234, False, {})}
    failed = summary.of_failure("run-1", "flights", "2013-02", error, nodes)
    assert failed["status"] == "failed"
    assert failed["reasons"][0].startswith(told)
    assert failed["seconds"] == {"SiloExampleGen": 1.23}
    path = summary.write(failed, Places(tmp_path))
    assert path == tmp_path / "runs" / "run-1" / "summary.json"
    assert json.loads(path.read_text()) == failed
    assert summary.read_all(Places(tmp_path)) == [failed]


@pytest.mark.parametrize(
    "damage", ["", '{"run_id": "run-2", "use', "[1]", '{"run_id": "run-2"}', "\udcff"]
)
def test_a_damaged_summary_is_left_out_by_name(tmp_path, caplog, damage):
    places = Places(tmp_path)
    runs = [
        summary.of_failure(name, "flights", "2013-02", OSError("disk"), {})
        for name in ("run-1", "run-2", "run-3")
    ]
    paths = [summary.write(run, places) for run in runs]
    paths[1].write_bytes(damage.encode("utf-8", "surrogateescape"))
    assert summary.read_all(places) == [runs[0], runs[2]]
    assert f"{paths[1]}: found " in caplog.text
    assert "so this run is left out; run its span again" in caplog.text


def test_a_summary_that_is_written_again_is_never_seen_half(tmp_path):
    run = summary.of_failure("run-1", "flights", "1", OSError("disk" * 50_000), {})
    path = summary.write(run, Places(tmp_path))
    with path.open() as before:  # a reader that opened it keeps the old one whole
        summary.write({**run, "status": "blessed"}, Places(tmp_path))
        assert json.load(before) == run
    assert [file.name for file in path.parent.iterdir()] == ["summary.json"]


def test_a_run_that_ctrl_c_ended_is_not_called_failed():
    told = summary.of_failure("run-1", "flights", "2013-02", KeyboardInterrupt(), {})
    assert told["status"] == "stopped"
    assert told["reasons"] == ["stopped by Ctrl-C; the next run goes on from there"]
    assert summary.words(told) == "stopped"


def test_what_left_a_silo_is_added_up_over_nodes(tmp_path):
    nodes = {}
    for name, items in {
        "A": {"x": [Departure("statistics", 2, 10)]},
        "B": {"x": [Departure("statistics", 1, 5), Departure("model updates", 3, 7)]},
    }.items():
        (tmp_path / name).mkdir()
        egress.write(tmp_path / name, items)
        nodes[name] = NodeResult(name, 0.0, False, {"one": tmp_path / name})
    assert summary._left(nodes) == {
        "x": [
            {"kind": "statistics", "count": 3, "bytes": 15},
            {"kind": "model updates", "count": 3, "bytes": 7},
        ]
    }


def test_a_run_tells_its_gates_baseline_worst_silo_and_where_it_was_evaluated(
    tmp_path,
):
    nodes = cases.blessed(tmp_path)
    folders = nodes["FairnessEvaluator"].outputs
    waiver = Waiver("change", "agreed", "A.", "2026-12-31", "2026-11-24", "run-0")
    Decision(
        True,
        gates=(
            GateResult("silo_gap", True, "The gap is small."),
            GateResult("change", False, "Not blessed: it loses.", "mend it", waiver),
        ),
        baseline=Baseline("2013-01", "b" * 64, "/model/1"),
        not_judged=(NotEvaluated(cases.EVIL, "quarantined"),),
    ).write(folders["blessing"])
    told = summary.of_run("run-1", "flights", Places(tmp_path), nodes)
    assert told["gates"] == [
        {"gate": "silo_gap", "passed": True, "waived": False, "waived_by": None},
        {"gate": "change", "passed": False, "waived": True, "waived_by": "A."},
    ]
    assert summary.words(told) == "blessed, 1 gate waived by A."
    assert told["baseline"] == {"span": "2013-01", "digest": "b" * 64}
    # The evil silo has .55, but is not judged.
    assert told["worst_silo"] == {"silo": cases.NORTH, "auc": 0.61}
    assert told["gap"] == pytest.approx(0.74 - 0.61)
    judged = {silo["silo"]: silo["judged"] for silo in told["silos"]}
    assert judged == {
        cases.EVIL: False,
        cases.NORTH: True,
        cases.ARABIC: True,
        cases.LONG: False,  # it has no AUC
    }
    assert told["evaluation"] == str(folders["evaluation"])
    assert told["blessing"] == str(folders["blessing"])


def incomplete(tmp_path, unscored=(), dropped=(), left_out=()):
    nodes = cases.blessed(tmp_path)
    folder = nodes["BatchInferrer"].outputs["inference_result"]
    scored = Ledger.read(folder)
    dataclasses.replace(scored, unscored=unscored).write(folder)
    RunRecord(
        "fed_avg",
        rounds=tuple(cases.round_record(n, dropped) for n in (1, 2)),
        left_out=left_out,
    ).write(nodes["FederatedTrainer"].outputs["model_run"])
    return summary.of_run("run-1", "flights", Places(tmp_path), nodes)


def test_a_blessed_run_that_reached_all_silos_is_complete(tmp_path):
    told = incomplete(tmp_path)
    assert (told["status"], told["reasons"]) == ("blessed", [])
    assert (told["unscored"], told["untrained"]) == ([], [])


def test_a_blessed_run_with_a_silo_that_was_not_scored_is_incomplete(tmp_path):
    reason = "silo `north`: score.parquet: found no file"
    told = incomplete(tmp_path, unscored=(Unscored(cases.NORTH, reason),))
    assert told["status"] == "incomplete"
    assert told["unscored"] == [{"silo": cases.NORTH, "reason": reason}]
    assert told["reasons"] == [f"not scored: {reason}"]
    assert summary.words(told) == "blessed, incomplete"
    assert told["pushed"]


@pytest.mark.parametrize("how", ["dropped", "left_out"])
def test_a_blessed_run_with_an_admitted_silo_that_did_not_train_is_incomplete(
    tmp_path, how
):
    drop = Dropped(cases.ARABIC, "no answer in 60 s")
    late = Dropped(cases.ARABIC, "late") if how == "left_out" else drop
    told = incomplete(
        tmp_path, dropped=(late,), left_out=(drop,) if how == "left_out" else ()
    )
    assert told["status"] == "incomplete"
    assert told["untrained"] == [
        {"silo": cases.ARABIC, "reason": f"silo `{cases.ARABIC}`: no answer in 60 s"},
    ]
    assert told["reasons"] == [f"not trained: silo `{cases.ARABIC}`: no answer in 60 s"]


def test_a_silo_that_missed_some_rounds_only_did_train(tmp_path):
    told = summary.of_run("run-1", "flights", Places(tmp_path), cases.blessed(tmp_path))
    assert (told["status"], told["untrained"]) == ("blessed", [])


def test_a_blessed_model_that_scored_nothing_is_incomplete(tmp_path):
    nodes = cases.blessed(tmp_path)
    Ledger(ledger.SKIPPED, "found no model").write(
        nodes["BatchInferrer"].outputs["inference_result"]
    )
    told = summary.of_run("run-1", "flights", Places(tmp_path), nodes)
    assert told["status"] == "incomplete"
    assert told["reasons"] == ["nothing was scored: found no model"]


def gate(by, waived=True):
    return {"gate": "change", "passed": False, "waived": waived, "waived_by": by}


@pytest.mark.parametrize(
    ("status", "gates", "told"),
    [
        ("blessed", [], "blessed"),
        (
            "blessed",
            [gate("A. Reviewer")] * 2,
            "blessed, 2 gates waived by A. Reviewer",
        ),
        ("blessed", [gate("A."), gate("B.")], "blessed, 2 gates waived by A. and B."),
        ("not_blessed", [gate("A."), gate(None, False)], "not blessed"),
        ("incomplete", [gate("A.")], "blessed, incomplete, 1 gate waived by A."),
        (
            "blessed",
            [{"gate": "change", "passed": False, "waived": True}],  # of before
            "blessed, 1 gate waived",
        ),
    ],
)
def test_a_decision_is_told_with_its_waivers(status, gates, told):
    assert summary.words({"status": status, "gates": gates}) == told
    assert summary.words({"status": "running"}) == "running"


def test_a_run_is_named_by_its_span_or_else_by_its_id():
    told = {"use_case": "census", "span": "", "run_id": "20261124-222803-latest"}
    assert summary.heading(told) == "census 20261124-222803-latest"
    assert summary.heading({**told, "span": "7"}) == "census 7"


def test_a_silo_s_findings_are_told_with_their_ways_out(tmp_path):
    told = summary.of_run("run-1", "flights", Places(tmp_path), cases.blessed(tmp_path))
    silos = {silo["silo"]: silo for silo in told["silos"]}
    assert silos[cases.EVIL]["reasons"] == [
        {"sentence": f"`{cases.EVIL}` is missing", "hint": ""},
        {"sentence": "too few rows", "hint": "export more history"},
    ]
    assert silos[cases.LONG]["notes"] == [
        {"sentence": "column `weight`: drifted by 0.1", "hint": ""}
    ]


def test_a_blessed_model_that_was_held_back_is_told_with_the_newer(tmp_path):
    nodes = cases.blessed(tmp_path)
    told = summary.of_run("run-1", "flights", Places(tmp_path), nodes)
    assert (told["pushed"], told["reasons"]) == (True, [])
    folder = nodes["Pusher"].outputs["pushed_model"]
    (folder / pushed_model.SAVED_MODEL).unlink()
    pushed_model.hold_back(folder, "2013-11")
    told = summary.of_run("run-1", "flights", Places(tmp_path), nodes)
    assert (told["status"], told["pushed"]) == ("blessed", False)
    assert told["reasons"] == [
        "blessed; not put into service: the model of 2013-11 is newer"
    ]


def test_a_run_that_judged_nothing_has_no_worst_silo(tmp_path):
    nodes = cases.refused(tmp_path)
    told = summary.of_run("run-1", "flights", Places(tmp_path), nodes)
    assert (told["gates"], told["baseline"]) == ([], None)
    assert (told["worst_silo"], told["gap"]) == (None, None)
    assert not any(silo["judged"] for silo in told["silos"])


def test_a_failed_run_has_the_same_keys_as_one_that_ended(tmp_path):
    nodes = cases.blessed(tmp_path)
    ended = summary.of_run("run-1", "flights", Places(tmp_path), nodes)
    failed = summary.of_failure("run-1", "flights", "", OSError("disk"), nodes)
    assert set(failed) == set(ended)
