"""What each step hands to the UI, from the outputs of a run made by hand."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import shutil
import subprocess
import sys

import pytest

from components.dashboard import report, run_page
from components.dashboard.settings import DashboardSettings
from components.errors import FairSiloError
from components.payloads import pushed_model
from components.payloads.cohort import Cohort, Member
from pipelines import summary
from pipelines.places import Places
from pipelines.runners import step_report
from pipelines.runners.result import NodeResult
from pipelines.runners.step_report import About
from tests.pipelines.runners import cases

ABOUT = About("run-1", "flights", "")
VERDICTS = {
    "SiloExampleGen": ("✗ 3 of 4 silos could be read", "✗ 3 of 4 silos could be read"),
    "ImportSchemaGen": ("schema has 6 columns", "schema has 6 columns"),
    "SiloValidator": ("✓ 3 of 4 silos were admitted", f"✗ {cases.REFUSAL}"),
    "FeatureSpecGen": ("✓ The silos agreed on 2", "✓ The silos agreed on 2"),
    "FederatedTrainer": ("✓ A model was trained in 3 rounds", f"✗ {cases.REFUSAL}"),
    "FairnessEvaluator": ("✓ Blessed", "✗ Not blessed"),
    "Pusher": ("✓ Pushed: the model is in service", "✗ Not pushed: whatever"),
    "BatchInferrer": ("✓ Done", "✗ Skipped"),
}


@pytest.fixture
def blessed(tmp_path) -> cases.Nodes:
    return cases.blessed(tmp_path)


@pytest.fixture
def refused(tmp_path) -> cases.Nodes:
    return cases.refused(tmp_path)


def test_every_node_of_the_chain_has_a_page():
    assert {*step_report.STEPS, "Pusher", step_report.DASHBOARD} == {*cases.KEYS}


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
    if node not in {"SiloExampleGen", "ImportSchemaGen", "FeatureSpecGen"}:
        assert cases.REFUSAL in told
    json.dumps(report.metrics, allow_nan=False)


@pytest.mark.parametrize("node", VERDICTS)
def test_no_name_of_a_silo_becomes_markup(node, blessed):
    html = step_report.of_node(node, ABOUT, blessed).html
    assert not cases.tags(html) & {"img", "onerror"}
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
        assert re.search("found no (such )?file, expected", told)
        assert report.metrics == {}


@pytest.mark.parametrize("node", [*sorted(cases.KEYS), "ContributionAuditor"])
def test_a_step_without_results_says_so(node):
    report = step_report.of_node(node, ABOUT, {})
    told = cases.words(report.html)
    assert f"{node} flights Run run-1 ✗ This step has nothing to show" in told
    assert f"node {node}: found no" in told
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
    assert f"✗ The run failed silo {cases.EVIL}" in cases.words(report.html)
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


def test_a_pushed_model_says_where_it_is(blessed, tmp_path):
    told = cases.words(step_report.of_node("Pusher", ABOUT, blessed).html)
    assert f"Model servers read {tmp_path / 'serving'}" in told
    assert f"Digest of the model {'a' * 64}" in told
    (tmp_path / "serving").rmdir()
    del blessed["FederatedTrainer"]
    told = cases.words(step_report.of_node("Pusher", ABOUT, blessed).html)
    assert "Copy kept with the run" in told
    assert "Model servers read" not in told
    assert "Digest" not in told


def test_a_push_that_a_later_span_held_back_says_so(blessed):
    folder = blessed["Pusher"].outputs["pushed_model"]
    shutil.rmtree(folder)
    folder.mkdir()
    pushed_model.hold_back(folder, "2013-11")
    report = step_report.of_node("Pusher", ABOUT, blessed)
    told = cases.words(report.html)
    assert "Not pushed: a model of a later span is blessed" in told
    assert "not put into service: the model of 2013-11 is newer" in told
    assert report.metrics == {"pushed": "no"}


def test_the_same_outputs_give_the_same_bytes_and_the_sections_of_the_run_page(blessed):
    html = step_report.of_node("SiloValidator", ABOUT, blessed).html
    assert html == step_report.of_node("SiloValidator", ABOUT, blessed).html
    folders = {k: v for one in blessed.values() for k, v in one.outputs.items()}
    known = {key: folders[key] for key in ("cohort", "statistics")}
    found = report.gather(known, report.About("flights", "2013-02"))
    for title in ("Validation findings", "All silos"):
        region = rf'<div class="wide" role="region" aria-label="{title}".*?</table>'
        (shown,) = re.findall(region, html, re.DOTALL)
        (run_page_s,) = re.findall(region, run_page_of(found), re.DOTALL)
        assert shown == run_page_s


def run_page_of(found: report.Report) -> str:
    return run_page.render(found, (), "", DashboardSettings())


def test_a_page_of_thousands_of_silos_stays_small(blessed):
    silos = [f"{cases.ARABIC}-{index:05d}-{'x' * 60}" for index in range(2400)]
    members = tuple(Member(silo, silo[-1] != "0", rows={"train": 9}) for silo in silos)
    Cohort(members, 2).write(blessed["SiloValidator"].outputs["cohort"])
    report = step_report.of_node("SiloValidator", ABOUT, blessed)
    assert len(report.html.encode()) < 1_000_000
    assert report.html.count("<tr>") < 200  # the others are data
    assert report.metrics["silos admitted"] == 2400


def test_pages_are_made_without_an_engine():
    """A step's time to start counts: TensorFlow alone takes ten seconds."""
    code = "import sys, pipelines.runners.step_report; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    modules = {*done.stdout.split()}
    assert "components.dashboard.page" in modules
    engines = {"tensorflow", "tfx", "kfp", "apache_beam", "pandas", "sqlalchemy"}
    assert not engines & modules
