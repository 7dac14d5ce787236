"""A step that fails says why: on its page, to the run's last step and to the store."""

import html
import json
import pathlib
import re

import pytest

from components.operator_state import OperatorState
from pipelines import summary, use_case
from pipelines.runners import joined_page, parameters
from pipelines.runners.job import Job
from pipelines.runners.step import main
from pipelines.runs.store import RunStore
from tests.pipelines.runners import cases


class Pods:
    """The steps of one run, with a store in a file."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.job = Job("flights", "run-1", folder / "root")
        self.runs = RunStore(f"sqlite:///{folder / 'store.sqlite'}", "flights")

    def page(self, step: str) -> pathlib.Path:
        return self.folder / step / "page"

    def run(self, step: str, **fields: str) -> int:
        """Run a step and return its exit status."""
        metrics = {"artifacts": [{"uri": "minio://bucket/metrics"}]}
        outputs = {
            "artifacts": {"metrics": metrics},
            "outputFile": str(self.folder / step / "output.json"),
        }
        return main(
            [
                step,
                *("--use-case", self.job.use_case, "--run-id", self.job.run_id),
                *("--root", str(self.job.root), "--page", str(self.page(step))),
                *("--executor-input", json.dumps({"outputs": outputs})),
                *("--settings", str(self.folder)),
                *(f"--parameter={name}={text}" for name, text in fields.items()),
            ]
        )


@pytest.fixture
def pods(tmp_path, monkeypatch) -> Pods:
    monkeypatch.setenv("FAIRSILO_STORE", f"sqlite:///{tmp_path / 'store.sqlite'}")
    return Pods(tmp_path)


def form(**changed: str) -> dict[str, str]:
    known = parameters.of(use_case.find("flights").settings)
    return {one.name: str(one.default) for one in known} | changed


def shown(page: pathlib.Path) -> str:
    """Return the words of a page and of those in it."""
    return cases.words(html.unescape(page.read_text()))


def test_a_wrong_value_of_the_form_is_told_by_all_who_tell_of_the_run(pods, capfd):
    assert pods.run("prepare", **form(span="2013-02", rounds="0")) == 2
    sentence = "field `rounds`: found '0'; input should be greater than or equal to 1"
    assert sentence in capfd.readouterr().err
    assert "field <code>rounds</code>: found" in pods.page("prepare").read_text()
    assert json.loads((pods.folder / "prepare" / "output.json").read_text())

    assert pods.run("close-run") == 0
    told = pods.runs.summary("run-1")
    assert (told.status, told.span) == ("failed", "2013-02")
    assert list(told.reasons) == [
        f"step prepare: the run's form: 1 setting can't be used: {sentence} hint: "
        "start the run again with another value"
    ]
    assert "field <code>rounds</code>: found" in pods.page("close-run").read_text()


def test_a_package_of_another_version_is_told_likewise(pods):
    assert pods.run("prepare", rounds="3") == 2
    assert pods.run("close-run") == 0
    (reason,) = pods.runs.summary("run-1").reasons
    assert reason.startswith("step prepare: found a package without algorithm")


def test_a_run_whose_step_was_killed_says_how_far_it_came(pods):
    pods.runs.start(summary.of_start("run-1", "flights", "2013-02"))
    assert pods.run("close-run") == 0
    told = pods.runs.summary("run-1")
    assert list(told.reasons) == [
        "run run-1 ended before its first node, without a decision hint: read the log "
        "of the red step"
    ]


def test_an_unforeseen_error_is_told_without_its_own_words_until_it_is_over(pods):
    pods.page("close-run").parent.write_text("a file where a folder is needed")
    assert pods.run("close-run") == 1
    failure = pods.job.failures()["close-run"]
    assert failure.message.endswith((": File exists", ": Not a directory"))
    assert failure.hint.startswith("mend what is named here")
    pods.page("close-run").parent.unlink()
    assert pods.run("close-run") == 0
    assert pods.job.failures() == {}


@pytest.mark.slow
def test_a_failed_steps_page_shows_what_came_before_and_its_next_attempt_goes_on(pods):
    data = pods.job.root / "build" / "flights-data"
    data.mkdir(parents=True)
    state = OperatorState(f"sqlite:///{pods.folder / 'store.sqlite'}", "flights")
    state.quarantine("9E", "audit")
    assert pods.run("prepare", **form(span="2013-02", rounds="3"))
    page = shown(pods.page("prepare"))
    assert page.index("This step failed") < page.index("the run has begun")
    assert f"Silos are read from {data}." in page
    assert "The config map changes nothing: it has no flights.yaml." in page
    assert "9E is quarantined manually: audit" in page
    assert "span 2013-02 rounds 3" in page
    assert "as in settings" not in page
    assert "ImportSchemaGen" in page

    (pods.folder / "flights.yaml").write_text("training: {rounds: 0}")  # too late
    assert pods.run("prepare", **form(span="2013-02", rounds="3"))
    assert "An earlier attempt has read the settings." in shown(pods.page("prepare"))


def test_pages_of_a_step_are_joined_each_as_a_document_of_its_own():
    one = '<html lang="en"><body>rock & "roll"</body></html>'
    assert joined_page.join("Step", [("Node", one)]) == one
    both = joined_page.join("Step <1>", [("Node", one), ("Other", "<p>two")])
    assert "<title>Step &lt;1&gt;</title>" in both
    frames = re.findall(r'<iframe title="(.*?)" sandbox="allow-scripts" srcdoc="(.*?)"',
                        both)  # fmt: skip
    assert [(title, html.unescape(text)) for title, text in frames] == [
        ("Node", one),
        ("Other", "<p>two"),
    ]
    assert both.count("<details open>") == 1
