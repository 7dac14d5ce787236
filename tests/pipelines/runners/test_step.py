"""A step fails with a reason: on its page, to the run's last step and to the store."""

import html
import json
import pathlib
import subprocess
import sys

import pytest

from components.errors import FairSiloError
from components.operator_state import OperatorState
from pipelines import summary, use_case
from pipelines.runners import job as jobs
from pipelines.runners import parameters, steps
from pipelines.runners.job import Job
from pipelines.runners.step import main
from pipelines.runs.store import RunStore
from tests.pipelines.runners import cases
from tests.support.program import PROJECT

# A step loads no component of TFX that it doesn't run; those that it runs load.
START = """
import json, sys
from pipelines.cli import console
console.import_narrowly()
from pipelines.runners import launch
before = [name for name in sys.modules if name.startswith("tensorflow_model_analysis")]
from tfx.components.pusher import executor
print(json.dumps([before, executor.Executor.__name__]))
"""


class Pods:
    """The steps of one run, with a store in a file."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.job = Job("flights", "run-1", folder / "root")
        self.runs = RunStore(f"sqlite:///{folder / 'store.sqlite'}", "flights")
        self.metrics = {"uri": "minio://bucket/metrics"}

    def page(self, step: str) -> pathlib.Path:
        return self.folder / step / "page"

    def run(self, step: str, **fields: str) -> int:
        """Run a step and return its exit status."""
        outputs = {
            "artifacts": {"metrics": {"artifacts": [self.metrics]}},
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

    def shown(self, step: str) -> str:
        return cases.words(html.unescape(self.page(step).read_text()))


@pytest.fixture
def pods(tmp_path, monkeypatch) -> Pods:
    monkeypatch.setenv("FAIRSILO_STORE", f"sqlite:///{tmp_path / 'store.sqlite'}")
    return Pods(tmp_path)


def form(**changed: str) -> dict[str, str]:
    known = parameters.of(use_case.find("flights").settings)
    return {one.name: str(one.default) for one in known} | changed


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


@pytest.mark.parametrize("named", [{}, {"name": "metrics"}])  # from 2.15.0 on
def test_a_run_whose_step_was_killed_says_how_far_it_came(pods, named):
    pods.metrics |= named
    pods.runs.start(summary.of_start("run-1", "flights", "Łódź"))
    assert pods.run("close-run") == 0
    told = pods.runs.summary("run-1")
    assert list(told.reasons) == [
        "run run-1 ended before its first node, without a decision hint: read the log "
        "of the red step"
    ]
    output = json.loads((pods.folder / "close-run" / "output.json").read_text())
    (metrics,) = output["artifacts"]["metrics"]["artifacts"]
    assert metrics == {**pods.metrics, "metadata": {"status": "failed"}}


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
def test_a_failed_steps_page_shows_what_came_before_and_its_next_attempt_goes_on(
    pods, monkeypatch
):
    data = pods.job.root / "build" / "flights-data"
    data.mkdir(parents=True)
    state = OperatorState(f"sqlite:///{pods.folder / 'store.sqlite'}", "flights")
    state.quarantine("9E", "audit")
    assert pods.run("prepare", **form(span="2013-02", rounds="3"))
    page = pods.shown("prepare")
    assert page.index("This step failed") < page.index("the run has begun")
    assert f"Silos are read from {data}." in page
    assert "The config map changes nothing: it has no flights.yaml." in page
    assert "9E is quarantined manually: audit" in page
    assert "span 2013-02 rounds 3" in page
    assert "as in settings" not in page
    assert "ImportSchemaGen" in page

    chain = json.loads(pods.job.read(jobs.CHAIN))
    assert chain["runtimeSpec"]["pipelineRunId"]["fieldValue"]["stringValue"] == "run-1"
    nodes = [one["pipelineNode"]["nodeInfo"]["id"] for one in chain["nodes"]]
    in_steps = [node for step in steps.CHAIN for node in step.nodes]
    assert sorted(nodes) == sorted(in_steps)
    before = {one["pipelineNode"]["nodeInfo"]["id"]: set(one["pipelineNode"].get(
        "upstreamNodes", ())) for one in chain["nodes"]}  # fmt: skip
    for number, node in enumerate(in_steps):
        assert before[node] <= {*in_steps[:number]}
    assert "store.sqlite" not in json.dumps(chain)

    (pods.folder / "flights.yaml").write_text("training: {rounds: 0}")  # too late
    assert pods.run("prepare", **form(span="2013-02", rounds="3"))
    assert "An earlier attempt has read the settings." in pods.shown("prepare")


def test_what_the_first_step_writes_is_named_where_it_is_missing(pods):
    with pytest.raises(FairSiloError, match=r"settings\.json: found no such") as caught:
        pods.job.read(jobs.SETTINGS)
    assert "the step prepare wrote" in caught.value.message
    assert "mount the same volume" in caught.value.hint


def test_the_launcher_loads_without_tfma_and_components_are_still_found():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", START],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [[], "Executor"]
