"""The summary says how a run ended, and is kept beside it."""

import dataclasses
import errno
import json

import pytest

from components.errors import SiloError
from components.payloads import egress, ledger, pushed_model
from components.payloads.benefit import (
    BASE,
    PERSONAL,
    SERVED,
    BenefitReport,
)
from components.payloads.decision import (
    Baseline,
    Decision,
    GateResult,
    NotEvaluated,
    Waiver,
)
from components.payloads.egress import EgressItem
from components.payloads.interval import Interval
from components.payloads.ledger import Ledger, NotScored
from components.payloads.model_run import Dropped, RunRecord
from components.payloads.privacy import Balance, PrivacyReport, SiloPrivacy
from pipelines import summary
from pipelines.cli import tables
from pipelines.places import Places
from pipelines.runners.results import NodeResult
from pipelines.summary import Gate, Summary
from tests.pipelines.runners import cases

STARTED = summary.of_start("run-1", "flights", "latest")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SiloError("a", "x.csv", "nothing", "rows"), "silo `a`: x.csv: found nothing"),
        (OSError(errno.EIO, "x"), "Input/output error"),
        (ValueError("Jane Doe"), "FairSilo failed with ValueError; this is a fault of"),
    ],
)
def test_failed_run_keeps_its_reason_and_the_time_of_its_nodes(tmp_path, error, reason):
    nodes = {"FederatedTrainer": NodeResult("FederatedTrainer", 1.234, False, {})}
    failed = summary.of_failure(STARTED, error, nodes)
    assert (failed.status, failed.exit_status, failed.span) == ("failed", 1, "")
    assert failed.reasons[0].startswith(reason)
    assert failed.seconds == {"FederatedTrainer": 1.23}
    path = summary.write(failed, Places(tmp_path))
    assert path == tmp_path / "runs" / "run-1" / "summary.json"
    assert Summary.read(path.parent) == failed


def test_verdicts_are_counted(tmp_path):
    nodes = cases.blessed(tmp_path)
    told = summary.of_run("run-1", "flights", Places(tmp_path), nodes)
    assert sum(told.verdicts.values()) == 3
    assert told.verdicts["rides"] == 1
    (line,) = (it for it in tables.outcome(told) if it.startswith("silos: "))
    assert ", rides free: 1, can't tell: " in line
    refused = cases.refused(tmp_path / "refused")
    told = summary.of_run("run-2", "flights", Places(tmp_path), refused)
    assert told.verdicts == {}
    assert not any(line.startswith("silos: ") for line in tables.outcome(told))


def test_a_failed_run_has_the_span_that_its_examples_are_of(tmp_path):
    nodes = cases.blessed(tmp_path)
    span = summary.of_run("run-1", "flights", Places(tmp_path), nodes).span
    assert span
    assert summary.of_failure(STARTED, OSError("disk"), nodes).span == span
    asked = summary.of_start("run-1", "flights", "2013-02")
    assert summary.of_failure(asked, OSError("disk"), {}).span == "2013-02"


def test_a_run_that_ctrl_c_ended_is_not_called_failed(tmp_path):
    stopped = summary.of_failure(STARTED, KeyboardInterrupt(), {})
    assert (stopped.outcome, stopped.exit_status) == ("stopped", 130)
    assert stopped.heading == "flights run-1"
    assert stopped.reasons == ("stopped by Ctrl-C; the next run goes on from there",)


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
    assert told.gates == (Gate("silo_gap", True), Gate("change", False, True, "A."))
    assert told.outcome == "blessed, 1 gate waived by A."
    assert told.baseline == summary.Baseline("2013-01", "b" * 64)
    # The evil silo has .55, but is not judged.
    assert told.worst_silo == summary.WorstSilo(cases.NORTH, 0.61)
    assert told.gap == pytest.approx(0.74 - 0.61)
    judged = {silo.silo: silo.judged for silo in told.silos}
    assert judged == {
        cases.EVIL: False,
        cases.NORTH: True,
        cases.ARABIC: True,
        cases.LONG: False,  # it has no AUC
    }
    assert told.evaluation == str(folders["evaluation"])
    assert told.blessing == str(folders["blessing"])


def test_a_run_tells_what_its_silos_gain_in_short(tmp_path):
    nodes = cases.blessed(tmp_path)
    told = summary.of_run("run-1", "flights", Places(tmp_path), nodes)
    gained = {silo.silo: silo.gain and silo.gain.value for silo in told.silos}
    assert gained == {
        **{cases.NORTH: 0.02, cases.ARABIC: -0.03, cases.LONG: 0.004},
        cases.EVIL: None,
    }
    assert {silo.served for silo in told.silos} == {"base"}
    # The long one is not judged.
    benefit = told.benefit
    assert (benefit.compared, benefit.surely_better, benefit.surely_worse) == (2, 1, 1)
    assert benefit.mean.value == pytest.approx(-0.005)
    assert Summary.read(summary.write(told, Places(tmp_path)).parent) == told


def test_a_run_tells_the_digest_of_what_serves_and_gains_as_they_were_judged(tmp_path):
    nodes = cases.blessed(tmp_path)
    folder = nodes["SiloBenchmark"].outputs["benefit"]
    base, first, *others = BenefitReport.read(folder).silos
    own = dataclasses.replace(first, served=PERSONAL, digest="p" * 64)
    own.gains[SERVED] = {"auc": Interval(0.5, 0.4, 0.6)}
    chosen = BenefitReport("ditto", "a" * 64, (base, own, *others))

    def told():
        return summary.of_run("run-1", "flights", Places(tmp_path), nodes)

    assert told().waived_as == told().model.served_digest == "a" * 64
    chosen.write(folder)
    found = told()
    assert found.model.digest == "a" * 64
    assert found.waived_as == found.model.served_digest == chosen.served_digest
    assert found.benefit.served[PERSONAL] == 1
    place = nodes["FairnessEvaluator"].outputs["blessing"]
    lost = {own.silo: "its weights are gone"}
    dataclasses.replace(Decision.read(place), not_as_chosen=lost).write(place)
    judged = {silo.silo: silo for silo in told().silos}[own.silo]
    assert (judged.served, judged.gain) == (BASE, own.gains[BASE]["auc"])
    assert told().benefit.served[PERSONAL] == 0
    assert told().waived_as == chosen.served_digest


def test_a_run_that_compared_nothing_has_no_benefit(tmp_path):
    nodes = cases.refused(tmp_path)
    told = summary.of_run("run-1", "flights", Places(tmp_path), nodes)
    assert told.benefit is None
    assert {silo.gain for silo in told.silos} == {None}


def test_a_run_tells_what_its_training_spent_of_the_silos_budgets(tmp_path):
    nodes = cases.blessed(tmp_path)
    told = summary.of_run("run-1", "flights", Places(tmp_path), nodes)
    assert told.privacy is None
    balance = Balance(8.0, 1.9, 2.5, "2027-01-01")
    paid = SiloPrivacy(cases.NORTH, 1e-5, balance, epsilon=1.25)
    out = SiloPrivacy(cases.ARABIC, 1e-5, Balance(8.0, 8.1, 8.1, ""), refusal="spent")
    report = PrivacyReport("example", silos=(paid, out))
    report.write(nodes["FederatedTrainer"].outputs["model_run"])
    told = summary.of_run("run-1", "flights", Places(tmp_path), nodes)
    assert told.privacy == report
    assert Summary.read(summary.write(told, Places(tmp_path)).parent) == told
    table = tables.silos(told)
    assert table.columns[-1].header == "epsilon\n(left)"
    cells = dict(
        zip([it.silo for it in told.silos], table.columns[-1].cells, strict=True)
    )
    assert cells[cases.NORTH] == "1.25 (5.50)"
    assert cells[cases.ARABIC] == "- (0.00)"
    assert cells[cases.LONG] == "-"
    assert str(table.caption).endswith("and what it left of the budget")


def incomplete(tmp_path, not_scored=(), dropped=(), left_out=()):
    nodes = cases.blessed(tmp_path)
    folder = nodes["BatchInferrer"].outputs["inference_result"]
    scored = Ledger.read(folder)
    dataclasses.replace(scored, silos_not_scored=not_scored).write(folder)
    RunRecord(
        "fed_avg",
        rounds=tuple(cases.round_record(n, dropped) for n in (1, 2)),
        left_out=left_out,
    ).write(nodes["FederatedTrainer"].outputs["model_run"])
    return summary.of_run("run-1", "flights", Places(tmp_path), nodes)


def test_a_blessed_run_with_a_silo_that_was_not_scored_is_incomplete(tmp_path):
    reason = "silo `north`: score.parquet: found no file"
    told = incomplete(tmp_path, not_scored=(NotScored(cases.NORTH, reason),))
    assert told.status == "incomplete"
    assert told.silos_not_scored == (NotScored(cases.NORTH, reason),)
    assert told.reasons == (f"not scored: {reason}",)
    assert told.outcome == "blessed, incomplete"
    assert told.pushed


@pytest.mark.parametrize("how", ["dropped", "left_out"])
def test_a_blessed_run_with_an_admitted_silo_that_did_not_train_is_incomplete(
    tmp_path, how
):
    drop = Dropped(cases.ARABIC, "no answer in 60 s")
    late = Dropped(cases.ARABIC, "late") if how == "left_out" else drop
    told = incomplete(
        tmp_path, dropped=(late,), left_out=(drop,) if how == "left_out" else ()
    )
    assert told.status == "incomplete"
    reason = f"silo `{cases.ARABIC}`: no answer in 60 s"
    assert told.untrained == (Dropped(cases.ARABIC, reason),)
    assert told.reasons == (f"not trained: {reason}",)


def test_a_blessed_model_that_scored_nothing_is_incomplete(tmp_path):
    nodes = cases.blessed(tmp_path)
    Ledger(ledger.SKIPPED, "found no model").write(
        nodes["BatchInferrer"].outputs["inference_result"]
    )
    told = summary.of_run("run-1", "flights", Places(tmp_path), nodes)
    assert told.status == "incomplete"
    assert told.reasons == ("nothing was scored: found no model",)


def waived(by):
    return Gate("change", False, True, by)


@pytest.mark.parametrize(
    ("status", "gates", "outcome"),
    [
        ("running", (), "running"),
        ("blessed", (), "blessed"),
        ("blessed", (waived("A."),) * 2, "blessed, 2 gates waived by A."),
        (
            "blessed",
            (waived("A."), waived("B.")),
            "blessed, 2 gates waived by A. and B.",
        ),
        ("not_blessed", (waived("A."), Gate("change", False)), "not blessed"),
        ("incomplete", (waived("A."),), "blessed, incomplete, 1 gate waived by A."),
    ],
)
def test_an_outcome_names_its_waivers(status, gates, outcome):
    assert Summary("r", "flights", "7", status, gates=gates).outcome == outcome


def test_the_file_holds_findings_and_egress_of_each_silo(tmp_path):
    nodes = cases.blessed(tmp_path)
    egress.write(
        nodes["Dashboard"].outputs["dashboard"],
        {cases.NORTH: [EgressItem("statistics", 2, 10)]},
    )
    told = summary.of_run("run-1", "flights", Places(tmp_path), nodes)
    silos = {silo["silo"]: silo for silo in json.loads(told.to_json())["silos"]}
    assert silos[cases.EVIL]["reasons"] == [
        {"sentence": f"`{cases.EVIL}` is missing", "hint": ""},
        {"sentence": "too few rows", "hint": "export more history"},
    ]
    assert silos[cases.LONG]["notes"] == [
        {"sentence": "column `weight`: drifted by 0.1", "hint": ""}
    ]
    left = {each["kind"]: each for each in silos[cases.NORTH]["left"]}
    assert left["statistics"]["bytes"] >= 10


def test_a_blessed_model_that_was_held_back_is_told_with_the_newer(tmp_path):
    nodes = cases.blessed(tmp_path)
    told = summary.of_run("run-1", "flights", Places(tmp_path), nodes)
    assert (told.pushed, told.reasons) == (True, ())
    folder = nodes["Pusher"].outputs["pushed_model"]
    (folder / pushed_model.SAVED_MODEL).unlink()
    pushed_model.hold_back(folder, "2013-11")
    told = summary.of_run("run-1", "flights", Places(tmp_path), nodes)
    assert (told.status, told.pushed) == ("blessed", False)
    assert told.reasons == (
        "blessed; not put into service: the model of 2013-11 is newer",
    )


def test_a_run_that_judged_nothing_has_no_worst_silo(tmp_path):
    nodes = cases.refused(tmp_path)
    told = summary.of_run("run-1", "flights", Places(tmp_path), nodes)
    assert (told.status, told.reasons[0]) == ("below_quorum", cases.REFUSAL)
    assert (told.gates, told.baseline) == ((), None)
    assert (told.worst_silo, told.gap) == (None, None)
    assert not any(silo.judged for silo in told.silos)
