"""What each step hands to the UI, from the outputs of a run made by hand.

In a real Chromium too, in the frame that Kubeflow's UI puts pages in.
"""

from __future__ import annotations

import html
import json
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from components.dashboard import report, run_page
from components.dashboard.settings import DashboardSettings
from components.errors import FairSiloError
from components.federation.workers import ONE_USER_ID
from components.payloads import pushed_model
from components.payloads.cohort import Cohort, Member
from pipelines import summary
from pipelines.places import Places
from pipelines.runners import step_report, steps
from pipelines.runners.job import Job
from pipelines.runners.step_report import Shown
from tests.pipelines.runners import cases
from tests.support import privacies
from tests.support.browser import grave_faults

JOB = Job("flights", "run-1", pathlib.Path("/mnt"))
SAID = {
    "prepare": (
        "✗ 3 of 4 silos could be read",
        "schema has 6 columns",
        "3 of 4 silos were admitted",
        "✓ The silos agreed on 2",
    ),
    "train": ("✓ A model was trained in 3 rounds",),
    "evaluate": ("✓ Blessed", "✓ Pushed: the model is in service"),
    "predict-and-report": ("✓ Done",),
}
REFUSED = {
    "prepare": (cases.REFUSAL,),
    "train": (cases.REFUSAL,),
    "evaluate": ("✗ Nothing was trained", cases.REFUSAL, "✗ Not pushed: whatever"),
    "predict-and-report": ("✗ Skipped", cases.REFUSAL),
}
NARROW = 640  # about the width of the side panel
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def of_step(step, nodes, ended=None, opening=()):
    shown = Shown([*opening], nodes, ended)
    return step_report.of_step(steps.STEPS[step], JOB, shown)


def words_of(step, nodes, ended=None):
    return cases.words(html.unescape(of_step(step, nodes, ended)[0]))


@pytest.fixture
def blessed(tmp_path) -> cases.Nodes:
    return cases.blessed(tmp_path)


@pytest.fixture
def ended(blessed, tmp_path):
    return summary.of_run("run-1", "flights", Places(tmp_path), blessed)


def test_every_node_of_the_chain_has_sections():
    in_steps = [node for step in steps.CHAIN for node in step.nodes]
    assert {*step_report.SECTIONS} == {*in_steps} == {*cases.KEYS}


@pytest.mark.parametrize("step", SAID)
def test_a_page_says_which_run_it_is_of_and_what_came_of_its_nodes(step, blessed):
    told = words_of(step, blessed)
    assert f"{steps.STEPS[step].title} flights, span 2013-02 Run run-1, " in told
    for sentence in SAID[step]:
        assert sentence in told
    assert ("ImportSchemaGen answered from the cache" in told) is (step == "prepare")
    assert "SiloExampleGen 1.5 s" in told if step == "prepare" else True


@pytest.mark.parametrize("step", REFUSED)
def test_a_refused_run_has_pages_too(step, tmp_path):
    nodes = cases.refused(tmp_path)
    told = words_of(step, nodes)
    for sentence in REFUSED[step]:
        assert sentence in told
    json.dumps(of_step(step, nodes)[1], allow_nan=False)


def test_the_train_step_shows_what_silos_gain(blessed, tmp_path):
    for later in ("FairnessEvaluator", "Pusher", "BatchInferrer", "Dashboard"):
        del blessed[later]
    page, metrics = of_step("train", blessed)
    told = cases.words(page)
    assert "Federated learning or personalised transfer learning?" in told
    assert "-0.030 (-0.040 to -0.018)" in told
    assert 'data-chart="gains"' not in page  # they need the evaluation
    known = {
        "silos that surely gain": 1,
        "silos surely worse than alone": 1,
        "silos served by base": 3,
        "silos served by personal": 0,
    }
    assert known.items() <= metrics.items()
    page, metrics = of_step("train", cases.refused(tmp_path / "refused"))
    assert f"Nothing was compared: {cases.REFUSAL}" in cases.words(page)
    assert "silos that surely gain" not in metrics


def test_the_train_step_shows_who_contributes(blessed, tmp_path):
    page, metrics = of_step("train", blessed)
    told = cases.words(html.unescape(page))
    assert "its updates repeat what was sent to it" in told
    assert 'data-chart="contributions"' in page  # it needs no evaluation
    names = ("contributes", "rides free", "can't tell")
    counts = [metrics[f"verdict {name}"] for name in names]
    assert (sum(counts), counts[1]) == (3, 1)
    page, metrics = of_step("train", cases.refused(tmp_path / "refused"))
    assert f"No audit was made: {cases.REFUSAL}." in cases.words(page)
    assert not any(name.startswith("verdict") for name in metrics)


def test_the_train_step_shows_what_privacy_cost(blessed, ended):
    told = words_of("train", blessed)
    assert "Most that the attack showed" not in told
    names = ["largest epsilon claimed", "most that the attack showed"]
    names.append("silos left out for privacy")
    assert not {*names} & {*of_step("train", blessed)[1]}
    found = privacies.report([cases.EVIL, "a", "b", "c"])
    found.write(blessed["FederatedTrainer"].outputs["model_run"])
    page, metrics = of_step("train", blessed)
    told = cases.words(html.unescape(page))
    assert "Most that the attack showed1.248 c" in told
    assert privacies.REFUSAL in told
    assert not cases.tags(page) & {"img", "onerror"}
    assert [metrics[it] for it in names] == pytest.approx([2.0541, 1.2481, 1])
    json.dumps(metrics, allow_nan=False)
    assert "Most that the attack" not in words_of("evaluate", blessed)
    assert of_step("predict-and-report", blessed, ended)[1][names[2]] == 1


def test_a_refusal_has_no_metric_that_it_can_not_have(tmp_path):
    told = of_step("evaluate", cases.refused(tmp_path))[1]
    assert told == {"blessed": "no", "pushed": "no"}


@pytest.mark.parametrize("step", SAID)
def test_no_name_of_a_silo_becomes_markup(step, blessed):
    page = of_step(step, blessed)[0]
    assert not cases.tags(page) & {"img", "onerror"}
    if step == "prepare":
        for silo in cases.SILOS:
            assert silo in cases.words(page)


def test_the_step_that_ends_a_run_shows_the_decision_and_the_whole_page(blessed, ended):
    page, metrics = of_step("predict-and-report", blessed, ended)
    frames = re.findall(
        r'<iframe title="(.*?)" sandbox="allow-scripts" srcdoc="(.*?)"', page, re.DOTALL
    )
    (first, decision), (second, whole) = frames
    assert (first, second) == ("Decision", "Dashboard")
    assert html.unescape(whole) == "<!DOCTYPE html><title>whole page</title>"
    assert page.count("<details open>") == 1
    told = cases.words(html.unescape(decision))
    assert "Predict and report flights, span 2013-02 Run run-1" in told
    assert "✓ Blessed" in told
    for title in ("Predictions by silo", "Where things are"):
        assert title in told
    known = {
        "status": ended.status,
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
        "rounds": 3,
        "columns": 6,
        "features": 2,
        "rows to train": 610,
    }
    assert known.items() <= metrics.items()


def test_a_run_that_came_to_no_predictions_has_the_other_metrics(blessed):
    del blessed["BatchInferrer"], blessed["Dashboard"]
    fault = FairSiloError(f"silo `{cases.EVIL}`: found nothing")
    started = summary.of_start("run-1", "flights", "2013-02")
    failed = summary.of_failure(started, fault, blessed)
    page, metrics = of_step("close-run", blessed, failed)
    told = cases.words(page)
    assert f"✗ Failed silo {cases.EVIL}" in told
    for title in ("Key figures", "What each gate says", "All silos", "Training"):
        assert title in told
    assert page.count('id="silos"') == 1
    assert "img" not in cases.tags(page)
    assert (metrics["status"], metrics["silos admitted"]) == ("failed", 3)
    assert "rows scored" not in metrics
    page, metrics = of_step("close-run", {}, failed)
    assert "Close run flights, span 2013-02 Run run-1 ✗ Failed" in cases.words(page)
    assert metrics == {"status": "failed"}


@pytest.mark.parametrize("step", SAID)
def test_a_step_whose_outputs_are_gone_says_so(step, blessed):
    for folder in blessed[steps.STEPS[step].nodes[0]].outputs.values():
        shutil.rmtree(folder)
        folder.mkdir()
    page, metrics = of_step(step, blessed)
    told = cases.words(html.unescape(page))
    assert "✗ This step has nothing to show" in told
    assert re.search("found no (such )?file, expected", told)
    assert metrics == {}


def test_an_opening_has_its_sentences_and_its_values():
    lines = ["Silos are read from /mnt/silos.", cases.EVIL]
    values = {"span": "latest", "rounds": "20"}
    begun = step_report.banner("The run has begun", "", lines, values)
    page, metrics = of_step("prepare", {}, opening=[begun])
    told = cases.words(page)
    assert "Prepare flights Run run-1 The run has begun" in told
    assert f"Silos are read from /mnt/silos. {cases.EVIL}" in told
    assert "Details What Value span latest rounds 20" in told
    assert metrics == {}


def test_a_pushed_model_says_where_it_is(blessed, tmp_path):
    told = words_of("evaluate", blessed)
    assert f"Model servers read {tmp_path / 'serving'}" in told
    assert f"Digest of the model {'a' * 64}" in told


def test_a_push_that_a_later_span_held_back_says_so(blessed):
    folder = blessed["Pusher"].outputs["pushed_model"]
    shutil.rmtree(folder)
    folder.mkdir()
    pushed_model.hold_back(folder, "2013-11")
    page, metrics = of_step("evaluate", blessed)
    told = cases.words(page)
    assert "Not pushed: a model of a later span is blessed" in told
    assert "not put into service: the model of 2013-11 is newer" in told
    assert metrics["pushed"] == "no"


def test_the_same_outputs_give_the_same_bytes_and_the_sections_of_the_run_page(blessed):
    page = of_step("prepare", blessed)[0]
    assert page == of_step("prepare", blessed)[0]
    own = [blessed[node] for node in steps.PREPARE.nodes]
    found = report.gather(
        {key: folder for one in own for key, folder in one.outputs.items()},
        report.About("flights", "2013-02"),
    )
    whole = run_page.render(found, (), "", DashboardSettings())
    region = r'<div class="wide" role="region" aria-label="{}".*?</table>'
    (there,) = re.findall(region.format("Validation findings"), whole, re.DOTALL)
    assert there in page


def test_a_page_of_thousands_of_silos_stays_small(blessed):
    silos = [f"{cases.ARABIC}-{index:05d}-{'x' * 60}" for index in range(2400)]
    members = tuple(Member(silo, silo[-1] != "0", rows={"train": 9}) for silo in silos)
    Cohort(members, 2).write(blessed["SiloValidator"].outputs["cohort"])
    page, metrics = of_step("prepare", blessed)
    assert len(page.encode()) < 1_500_000
    assert page.count("<tr>") < 300  # the others are data
    assert metrics["silos admitted"] == 2400


def test_pages_are_made_without_an_engine():
    """A step's time to start counts: TensorFlow alone takes ten seconds."""
    code = "import sys, pipelines.runners.step; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    modules = {*done.stdout.split()}
    assert "components.dashboard.page" in modules
    assert not {"tensorflow", "tfx", "kfp", "apache_beam", "pandas"} & modules


@pytest.fixture
def pages(blessed, ended, tmp_path) -> dict[str, str]:
    """Pages of a run whose silos share a user id, and of a refused one."""
    cases.train(blessed, ONE_USER_ID)
    found = privacies.report([cases.EVIL, cases.ARABIC, cases.LONG, "d"])
    found.write(blessed["FederatedTrainer"].outputs["model_run"])
    message = step_report.banner(
        cases.ARABIC, "", [cases.LONG, cases.EVIL], {"evil": cases.EVIL}
    )
    return {
        **{
            step: of_step(step, blessed)[0] for step in ("prepare", "train", "evaluate")
        },
        "close-run": of_step("close-run", blessed, ended)[0],
        "open": of_step("prepare", {}, opening=[message])[0],
        "refused": of_step("train", cases.refused(tmp_path / "refused"))[0],
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_quiet_and_fits_its_frame(browser, pages, tmp_path, scheme):
    frames = "".join(
        f'<iframe sandbox="allow-scripts" width="{NARROW}" height="900" '
        f'srcdoc="{html.escape(page, quote=True)}"></iframe>'
        for page in pages.values()
    )
    path = tmp_path / "ui.html"
    path.write_text(f'<!DOCTYPE html><meta charset="utf-8">{frames}', encoding="utf-8")
    with browser.visit(path, color_scheme=scheme) as visit:
        frames = visit.page.frames[1:]
        assert len(frames) == len(pages)
        for step, frame in zip(pages, frames, strict=True):
            assert frame.locator("h2").first.is_visible(), step
            assert frame.locator("img, iframe").count() == 0, step
            assert frame.evaluate(OVERFLOW) == 0, step
        assert visit.requests == []
        assert visit.complaints == []


def test_a_notice_and_a_chart_are_there(browser, pages, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(pages["train"], encoding="utf-8")
    with browser.visit(path) as visit:
        note = visit.page.get_by_role("note").inner_text()
        assert note.startswith("Isolation of the silos: one user id")
        visit.page.locator("figure[data-chart=training]").scroll_into_view_if_needed()
        visit.page.locator("figure[data-chart=training] svg").first.wait_for()
        assert visit.requests == visit.complaints == []


@pytest.mark.parametrize("step", ["prepare", "evaluate", "close-run"])
def test_axe_finds_nothing_serious(browser, pages, tmp_path, step):
    path = tmp_path / "page.html"
    path.write_text(pages[step], encoding="utf-8")
    with browser.visit(path, bypass_csp=True) as visit:
        assert grave_faults(visit.page, {"include": [["html"]]}) == []
