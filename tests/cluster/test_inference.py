"""The engine `pods` from end to end: real shards, Kubernetes' own Job controller."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading

import pyarrow.parquet as pq
import pytest
from kubernetes.config import incluster_config

from components.batch_inferrer import pods
from components.batch_inferrer.infer import infer
from components.batch_inferrer.settings import InferenceSettings
from components.errors import FairSiloError
from components.payloads.manifest import SCORE
from components.scoring import model as scoring_model
from tests.cluster.jobs import TEMPLATE, evict, jobs, shard_pods, until
from tests.components.batch_inferrer.cases import SIZES, read_scores, written

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("no_job_is_left")]

LOCAL = InferenceSettings(rows_per_item=50)
PODS = LOCAL.model_copy(update={"engine": "pods", "shards": 2, "workers": 1})
# In each shard: does what the test says as a file is written, before it is whole.
GATE = """
import os, pathlib, signal, time
gate, index = os.environ.get("GATE"), os.environ.get("JOB_COMPLETION_INDEX")
if gate and index:
    gate, sync, files = pathlib.Path(gate), os.fsync, []
    def fsync(handle):
        files.append(handle)
        if (gate / f"die-{index}").exists():
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
        if (gate / f"stop-{index}-{len(files)}").exists():
            (gate / f"stop-{index}-{len(files)}").rename(gate / f"reached-{index}")
            while not (gate / "go").exists():
                time.sleep(0.02)
        sync(handle)
    os.fsync = fsync
"""
KILLED = """
import json, sys
from kubernetes.config import incluster_config
from components.batch_inferrer import pods
from components.batch_inferrer.infer import infer
from components.batch_inferrer.scoring import Job
from components.batch_inferrer.settings import InferenceSettings
from components.payloads.manifest import Manifest

given = json.loads(sys.argv[1])
incluster_config.SERVICE_TOKEN_FILENAME = given["token"]
incluster_config.SERVICE_CERT_FILENAME = given["authority"]
job = Job(**{**given["job"], "key": tuple(given["job"]["key"])})
settings = InferenceSettings.model_validate(given["settings"])
template = pods.PodTemplate(**given["template"])
infer(Manifest.read(given["manifest"]), job, settings, given["folder"], template)
"""


class Gate:
    """What the test and the shards tell each other."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder

    def set(self, name: str) -> None:
        (self._folder / name).touch()

    def wait(self, index: int) -> None:
        """Wait until a shard stands still where it was told to."""
        until((self._folder / f"reached-{index}").exists)


@pytest.fixture
def gate(step, tmp_path, monkeypatch):
    place = tmp_path / "gate"
    place.mkdir()
    (place / "sitecustomize.py").write_text(GATE)
    monkeypatch.setenv("GATE", str(place))
    # The pods' command is `python`: this one, with what this one sees.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(place), *sys.path]))
    programs = str(pathlib.Path(sys.executable).parent)
    monkeypatch.setenv("PATH", programs + os.pathsep + os.environ["PATH"])
    return Gate(place)


@pytest.fixture
def meanwhile():
    """Runs a function beside the test; what it raises fails the test."""
    errors, threads = [], []

    def begin(function):
        def guarded():
            try:
                function()
            except BaseException as error:
                errors.append(error)

        threads.append(threading.Thread(target=guarded))
        threads[-1].start()

    yield begin
    for thread in threads:
        thread.join()
    assert not errors, errors


@pytest.fixture
def wanted(federate, model):
    """All files of predictions, as the engine `local` makes them."""
    manifest = federate(root="local")
    assert infer(manifest, model.job(), LOCAL).is_settled
    return written(manifest)


def pod_of(kubectl, index):
    """Return the index' one pod that runs."""
    key = "batch.kubernetes.io/job-completion-index"
    (pod,) = (
        one
        for one in shard_pods(kubectl)
        if one["metadata"]["annotations"][key] == str(index)
        and one["status"]["phase"] == "Running"
    )
    return pod["metadata"]


def assert_whole(manifest):
    """Check by what a reader sees that each row is scored, and once."""
    for entry in manifest:
        rows = pq.read_table(entry.splits[SCORE].paths[0])
        scores = read_scores(entry.silo.path("predictions", "span=7"))
        assert scores["id"].to_pylist() == rows["id"].to_pylist()


def whole(manifest):
    """Return the files of predictions without what killed processes left."""
    return {
        name: data
        for name, data in written(manifest).items()
        if not pathlib.Path(name).name.startswith(".")
    }


def started(kubectl):
    """Return how many pods each index had."""
    key = "batch.kubernetes.io/job-completion-index"
    indexes = [one["metadata"]["annotations"][key] for one in shard_pods(kubectl)]
    return {int(index): indexes.count(index) for index in indexes}


def test_pods_score_all_rows_as_this_machine_does(
    federate, model, gate, wanted, tmp_path, kubectl
):
    manifest = federate()
    account = infer(manifest, model.job(), PODS, tmp_path / "work", TEMPLATE)
    assert (account.status, account.failures, account.rows) == ("done", (), 597)
    assert account.is_settled
    assert started(kubectl) == {0: 1, 1: 1}
    assert written(manifest) == wanted
    assert_whole(manifest)
    assert not (tmp_path / "work").exists()


def test_a_pod_that_is_killed_is_tried_again_and_nothing_is_doubled(
    federate, model, gate, wanted, tmp_path, kubectl, node, meanwhile
):
    gate.set("stop-0-2")

    def kill():
        gate.wait(0)
        node.kill(pod_of(kubectl, 0)["uid"])

    meanwhile(kill)
    manifest = federate()
    account = infer(manifest, model.job(), PODS, tmp_path / "work", TEMPLATE)
    assert (account.status, account.failures, account.rows) == ("done", (), 597)
    assert account.resumed == 0
    assert started(kubectl) == {0: 2, 1: 1}
    assert whole(manifest) == wanted
    assert_whole(manifest)


def test_a_pod_that_is_evicted_costs_no_retry(
    federate, model, gate, wanted, tmp_path, kubectl, meanwhile
):
    gate.set("stop-1-2")

    def drain():
        gate.wait(1)
        evict(kubectl, pod_of(kubectl, 1)["name"])

    meanwhile(drain)
    manifest, settings = federate(), PODS.model_copy(update={"retries": 0})
    account = infer(manifest, model.job(), settings, tmp_path / "work", TEMPLATE)
    assert (account.status, account.failures, account.rows) == ("done", (), 597)
    assert whole(manifest) == wanted
    assert_whole(manifest)


@pytest.mark.parametrize("when", ["start", "middle"])
def test_a_model_that_is_gone_ends_the_job_at_once_and_is_told(
    federate, model, gate, tmp_path, kubectl, meanwhile, when, monkeypatch
):
    folder = tmp_path / "model"
    shutil.copytree(model.folder, folder)
    pod = PODS.pod.model_copy(update={"at_once": 1})
    settings = PODS.model_copy(update={"pod": pod})
    seen = []

    def remove():
        if when == "middle":
            gate.wait(0)
        shutil.rmtree(scoring_model.serving_path(folder))
        gate.set("go")

    if when == "middle":
        gate.set("stop-0-1")
        meanwhile(remove)
    else:
        remove()
    delete = pods._Job.delete

    def note(job):  # the Job is deleted with its error
        seen.append(started(kubectl))
        delete(job)

    monkeypatch.setattr(pods._Job, "delete", note)
    job = dataclasses.replace(model.job(), model=str(folder))
    with pytest.raises(
        FairSiloError, match="found no model that can be loaded"
    ) as told:
        infer(federate(), job, settings, tmp_path / "work", TEMPLATE)
    assert told.value.hint == "bring the folder back, or run the pipeline again"
    assert seen == [{0: 1} if when == "start" else {0: 1, 1: 1}]
    until(lambda: not jobs(kubectl))
    until(lambda: not shard_pods(kubectl))


def test_a_step_that_is_killed_leaves_pods_that_its_next_attempt_joins(
    federate, model, gate, wanted, tmp_path, kubectl, meanwhile, caplog
):
    manifest = federate()
    manifest.write(tmp_path)
    given = {
        "token": incluster_config.SERVICE_TOKEN_FILENAME,
        "authority": incluster_config.SERVICE_CERT_FILENAME,
        "manifest": str(tmp_path),
        "folder": str(tmp_path / "work"),
        "job": dataclasses.asdict(model.job()),
        "settings": PODS.model_dump(),
        "template": dataclasses.asdict(TEMPLATE),
    }
    gate.set("stop-0-2")
    command = [sys.executable, "-c", KILLED, json.dumps(given)]
    with (tmp_path / "step.log").open("wb") as log:
        step = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        gate.wait(0)
    finally:
        step.kill()
        step.wait()
    (before,) = jobs(kubectl)

    def go_on():
        until(lambda: any("joined" in one.message for one in caplog.records))
        gate.set("go")

    meanwhile(go_on)
    caplog.set_level("INFO")
    account = infer(manifest, model.job(), PODS, tmp_path / "work", TEMPLATE)
    (after,) = jobs(kubectl)
    assert before["metadata"]["uid"] == after["metadata"]["uid"]
    assert started(kubectl) == {0: 1, 1: 1}
    assert (account.status, account.rows) == ("done", 597)
    assert written(manifest) == wanted
    assert_whole(manifest)


def test_an_index_out_of_retries_costs_its_items_and_the_others_are_published(
    federate, model, gate, tmp_path, kubectl
):
    gate.set("die-0")
    manifest = federate()
    changes = {"retries": 1, "max_failed_share": 0.9}
    settings = PODS.model_copy(update=changes)
    account = infer(manifest, model.job(), settings, tmp_path / "work", TEMPLATE)
    assert started(kubectl) == {0: 2, 1: 1}
    assert account.status == "done"
    failed = {line.silo for line in account.failures}
    assert failed
    for line in account.failures:
        assert line.reason.startswith(f"silo `{line.silo}`: {line.item}: its pod ended")
        assert "(OOMKilled, exit status 137) before it was done; " in line.reason
    published = {line.silo for line in account.silos if line.is_published}
    assert published == {*SIZES} - failed
    assert published
    assert [line.silo for line in account.silos_not_scored] == sorted(failed)
