"""What each step hands to the UI, from the outputs of a run made by hand."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import subprocess
import sys

import pytest

from components.errors import FairSiloError
from components.payloads import ledger, table
from components.payloads.cohort import Cohort, Member
from components.payloads.egress import KINDS, Departure
from components.payloads.findings import Finding
from components.payloads.ledger import FailureLine, Ledger
from components.payloads.ledger import SiloLine as Predictions
from components.payloads.manifest import Manifest
from components.payloads.model_run import Dropped, RoundRecord, RunRecord, SiloRecord
from components.payloads.silo import Silo
from pipelines import summary
from pipelines.places import Places
from pipelines.runners import step_report
from pipelines.runners.result import NodeResult
from pipelines.runners.step_report import About
from tests.pipelines.runners.step_reports import cases

ABOUT = About("run-1", "flights", "")
VERDICTS = {
    "SiloExampleGen": ("3 of 4 silos could be read", "3 of 4 silos could be read"),
    "ImportSchemaGen": ("schema has 6 columns", "schema has 6 columns"),
    "SiloValidator": ("✓ 3 of 4 silos were admitted", "✗ Nothing may be trained"),
    "FeatureSpecGen": ("agreed on 2 features", "agreed on 2 features"),
    "FederatedTrainer": ("✓ A model was trained", "✗ Nothing was trained"),
    "FairnessEvaluator": ("✓ Blessed: every gate passed", "✗ Not blessed: there was"),
    "Pusher": ("✓ Pushed: the model is in service", "✗ Not pushed: whatever"),
    "BatchInferrer": ("✓ 1,700 rows were scored", "✗ Nothing was scored"),
}


@pytest.fixture
def blessed(tmp_path) -> cases.Nodes:
    return cases.blessed(tmp_path)


@pytest.fixture
def refused(tmp_path) -> cases.Nodes:
    return cases.refused(tmp_path)


def test_every_node_of_the_chain_has_a_page():
    assert {*step_report.NODES, step_report.DASHBOARD} == {*cases.KEYS}


@pytest.mark.parametrize("node", VERDICTS)
def test_a_page_says_which_run_it_is_of_and_what_came_of_the_step(node, blessed):
    told = cases.words(step_report.of_node(node, ABOUT, blessed).html)
    assert f"{node} flights, span 2013-02 Run run-1, " in told
    assert VERDICTS[node][0] in told
    cached = node == "ImportSchemaGen"
    assert ("answered from the cache" in told) is cached


@pytest.mark.parametrize("node", VERDICTS)
def test_a_refused_run_has_pages_too(node, refused):
    report = step_report.of_node(node, ABOUT, refused)
    told = cases.words(report.html)
    assert VERDICTS[node][1] in told
    if VERDICTS[node][1].startswith("✗"):
        assert cases.REFUSAL in told
    json.dumps(report.metrics, allow_nan=False)


@pytest.mark.parametrize("node", VERDICTS)
def test_no_name_of_a_silo_becomes_markup(node, blessed):
    html = step_report.of_node(node, ABOUT, blessed).html
    assert not cases.tags(html) & {"script", "img", "onerror"}
    if node in {"SiloExampleGen", "SiloValidator"}:
        for silo in cases.SILOS:
            assert silo in cases.words(html)


def test_a_refusal_has_no_metric_that_it_can_not_have(refused):
    told = step_report.of_node("FairnessEvaluator", ABOUT, refused).metrics
    assert told == {"blessed": "no"}


def test_the_dashboard_is_shown_whole_with_the_metrics_of_the_run(blessed):
    report = step_report.of_node("Dashboard", ABOUT, blessed)
    assert report.html == "<!DOCTYPE html><title>whole page</title>"
    assert report.metrics == {
        "blessed": "yes",
        "AUC": 0.713,
        "worst silo AUC": 0.61,
        "worst silo": "north",
        "AUC gap": 0.74 - 0.61,
        "AUC on the following span": 0.698,
        "AUC of the baseline": 0.7,
        "silos admitted": 3,
        "silos quarantined": 1,
        "rows scored": 1700,
        "dead letters": 5,
    }


def test_the_dashboard_of_a_run_without_inference_has_the_other_metrics(blessed):
    del blessed["BatchInferrer"]
    told = step_report.of_node("Dashboard", ABOUT, blessed).metrics
    assert told["silos admitted"] == 3
    assert "rows scored" not in told


@pytest.mark.parametrize("node", sorted(cases.KEYS))
def test_a_step_whose_outputs_are_gone_says_so(node, blessed):
    for folder in blessed[node].outputs.values():
        shutil.rmtree(folder)
        folder.mkdir()
    report = step_report.of_node(node, ABOUT, blessed)
    told = cases.words(report.html)
    if node == "Pusher":
        assert "Not pushed" in told
    else:
        assert "✗ This step has nothing to show" in told
        expected = "found no such file, expected what the node wrote"
        if node == "SiloExampleGen":
            expected = "found no file, expected the manifest that SiloExampleGen wrote"
        assert expected in told
        assert report.metrics == ({} if node != "Dashboard" else report.metrics)


@pytest.mark.parametrize("node", [*sorted(cases.KEYS), "ContributionAuditor"])
def test_a_step_without_results_says_so(node):
    report = step_report.of_node(node, ABOUT, {})
    told = cases.words(report.html)
    assert f"{node} flights Run run-1 ✗ This step has nothing to show" in told
    assert f"node `{node}`: found no" in told
    assert report.metrics == {}


def test_a_node_without_a_page_of_its_own_lists_its_outputs(blessed, tmp_path):
    result = NodeResult("ContributionAuditor", 2.0, False, {"report": tmp_path / "r"})
    nodes = {**blessed, "ContributionAuditor": result}
    told = cases.words(step_report.of_node("ContributionAuditor", ABOUT, nodes).html)
    assert f"✓ Done Outputs What Value report {tmp_path / 'r'}" in told


def test_a_summary_gives_the_page_of_the_decision(blessed, tmp_path):
    told = summary.of_run("run-1", "flights", Places(tmp_path), blessed)
    report = step_report.of_summary(ABOUT, told)
    words = cases.words(report.html)
    assert "Decision flights, span 2013-02 Run run-1 ✓ Blessed" in words
    assert report.metrics["rows scored"] == 1700


def test_what_is_not_a_number_is_no_metric(blessed, tmp_path):
    told = summary.of_run("run-1", "flights", Places(tmp_path), blessed)
    unknown = dataclasses.replace(told.metrics, auc=math.nan)
    told = dataclasses.replace(told, metrics=unknown)
    metrics = step_report.of_summary(ABOUT, told).metrics
    assert "AUC" not in metrics
    assert metrics["AUC on the following span"] == 0.698


def test_a_summary_of_a_failure_has_the_fault(tmp_path):
    fault = FairSiloError(f"silo `{cases.EVIL}`: found nothing")
    told = summary.of_failure(
        summary.of_start("run-1", "flights", "2013-02"), fault, {}
    )
    report = step_report.of_summary(ABOUT, told)
    assert f"✗ The run failed silo `{cases.EVIL}`" in cases.words(report.html)
    assert "img" not in cases.tags(report.html)
    assert report.metrics["status"] == "failed"


def test_a_message_has_its_sentences_and_its_facts():
    about = About("run-1", "flights", "latest")
    lines = ["Silos are read from /mnt/silos.", cases.EVIL]
    facts = {"span": "latest", "rounds": "20"}
    report = step_report.of_message(about, "The run has begun", lines, facts)
    told = cases.words(report.html)
    assert "Run flights, span latest Run run-1 The run has begun" in told
    assert f"Silos are read from /mnt/silos. {cases.EVIL}" in told
    assert "Details What Value span latest rounds 20" in told
    assert report.metrics == {}
    assert "Details" not in step_report.of_message(about, "Begun", []).html


def verdict(index: int) -> Member:
    """Return one of many silos: a third has many reasons, the others long notes."""
    return Member(
        f"{cases.ARABIC}-{index:05d}-{'x' * 60}",
        admitted=index % 3 > 0,
        reasons=() if index % 3 else (Finding("found `a` in 31 % of rows", "h"),) * 9,
        notes=(Finding("column `b`: drifted " * 4),) * 2,
        rows={"train": index, "eval": index},
        heterogeneity={"b": 0.5},
    )


def grow(nodes: cases.Nodes, members: tuple[Member, ...]) -> None:
    """Write the run's outputs again, with these silos."""
    out = {
        key: folder for node in nodes.values() for key, folder in node.outputs.items()
    }
    silos = [member.silo for member in members]
    Cohort(members, 2).write(out["cohort"])
    known = cases.entry(cases.LONG)
    entries = [dataclasses.replace(known, silo=Silo(silo, silo)) for silo in silos]
    Manifest("flights", "2013-02", tuple(entries)).write(out["examples"])
    table.of([cases.figure(0.6, silo) for silo in silos]).write(out["evaluation"])
    dropped = tuple(Dropped(silo, "no answer in 60 s") for silo in silos)
    records = tuple(SiloRecord(silo, 10, 0.6, 0.5, 1.0, 0.5) for silo in silos)
    rounds = (RoundRecord(1, 0.6, 0.5, records, dropped),)
    RunRecord("fed_avg", rounds=rounds).write(out["model_run"])
    Ledger(
        ledger.DONE,
        silos=tuple(
            Predictions(s, f"/homes/{s}/p", 1, 0, "c" * 64, 1, 1) for s in silos
        ),
        failures=tuple(FailureLine(s, "a.parquet", "found no file") for s in silos),
    ).write(out["inference_result"])


def silo_of_summary(member: Member) -> summary.Silo:
    return summary.Silo(
        member.silo,
        9,
        9,
        member.admitted,
        member.reasons,
        judged=member.admitted,
        auc=0.6,
        auc_low=0.5,
        auc_high=0.7,
        left=tuple(Departure(kind, 3, 9000) for kind in KINDS),
    )


@pytest.mark.parametrize(("number", "most"), [(16, 100_000), (2400, 200_000)])
def test_pages_stay_small_whatever_the_number_of_silos(number, most, blessed, tmp_path):
    told = summary.of_run("run-1", "flights", Places(tmp_path), blessed)
    members = tuple(map(verdict, range(number)))
    grow(blessed, members)
    pages = {node: step_report.of_node(node, ABOUT, blessed).html for node in VERDICTS}
    silos = tuple(silo_of_summary(member) for member in members)
    told = dataclasses.replace(told, silos=silos)
    report = step_report.of_summary(ABOUT, told)
    pages["decide"] = report.html
    sizes = {node: len(page.encode()) for node, page in pages.items()}
    assert max(sizes.values()) < most, sizes
    assert report.metrics["silos admitted"] == number - math.ceil(number / 3)
    if number == 2400:
        cut = "The first 100 of 2,400; 2,300 more are not shown."
        steps = {node for node, page in pages.items() if cut in page}
        assert steps == {*VERDICTS, "decide"} - {
            "ImportSchemaGen",
            "FeatureSpecGen",
            "Pusher",
        }


def test_pages_are_made_without_an_engine():
    """A step's time to start counts: TensorFlow alone takes ten seconds."""
    code = "import sys, pipelines.runners.step_report; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    modules = {*done.stdout.split()}
    assert "pipelines.runners.step_reports.page" in modules
    engines = {"tensorflow", "tfx", "kfp", "apache_beam", "pandas", "sqlalchemy"}
    assert not engines & modules
