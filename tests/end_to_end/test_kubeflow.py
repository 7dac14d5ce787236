"""The compiled package on a cut of the real flights, without a cluster.

The KFP SDK runs the package's own container commands as processes; ML Metadata, the
operator's state and the runs are in a real MariaDB. The tests build on each other's
runs, in their order.
"""

import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ml_metadata import metadata_store
from ml_metadata.proto.metadata_store_pb2 import Execution

from components.dashboard.silo.location import file_name
from pipelines import summary, use_case
from pipelines.runners import kubeflow, metadata, results, steps
from pipelines.runs.store import RunStore
from tests.support import published
from tests.support.kfp_local import Package
from tests.support.program import (
    PROJECT,
    fairsilo,
    start,
    wait_until,
    workers_below,
)

pytestmark = [pytest.mark.slow, pytest.mark.tff, pytest.mark.beam]

CONFIG_MAP = """
silos: {{root: {data}}}
validation: {{quorum: 2}}
gates:
  silo_floor: {{at_least: 0.5}}
  silo_gap: {{at_most: 0.4}}
  calibration: null
"""
LOCAL = (
    "validation.quorum=2",
    "gates.silo_floor.at_least=0.5",
    "gates.silo_gap.at_most=0.4",
    "gates.calibration=null",
    "training.rounds=3",
    "training.batch_size=16",
)
FORM = {"rounds": "3", "batch_size": "16"}
NODES = 11


class Cluster:
    """What a cluster gives to the steps: volume, config map, database."""

    def __init__(self, folder: pathlib.Path, data: pathlib.Path, store: str) -> None:
        self.folder, self.data, self.store = folder, data, store
        self.root = folder / "root"
        (self.root / "config-map").mkdir(parents=True)
        text = CONFIG_MAP.format(data=data)
        (self.root / "config-map" / "flights.yaml").write_text(text)
        self.file = folder / "package.yaml"
        kubeflow.compile_package(use_case.find("flights"), self.file)
        self.runs = RunStore(store, "flights")

    def package(self, name: str) -> Package:
        outputs = self.folder / name
        outputs.mkdir()
        return Package(self.file, self.root, self.store, outputs)

    def start(self, name: str, **parameters) -> subprocess.Popen:
        """Run the package in a process of its own."""
        outputs = self.folder / name
        outputs.mkdir()
        return subprocess.Popen(
            [
                *(sys.executable, "-W", "ignore", "-m", "tests.support.kfp_local"),
                *map(str, (self.file, self.root, outputs)),
                json.dumps(parameters),
            ],
            cwd=PROJECT,
            env={**os.environ, "FAIRSILO_STORE": self.store},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(outputs / "log").open("wb"),
        )

    def told(self, name: str) -> dict:
        return json.loads((self.folder / name / "told.json").read_text())

    def executions(self, run_id: str, node: str = ""):
        store = metadata_store.MetadataStore(metadata.connection(self.store))
        return results.executions(store, run_id, node)


def predictions(homes: pathlib.Path) -> dict[tuple[str, str], pa.Table]:
    """Return the predictions by silo and file, without when they were made."""
    return {
        (path.relative_to(homes).parts[0], path.name): pq.read_table(path).drop(
            ["scored_at"]
        )
        for path in published.files(homes)
    }


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, flights, mariadb) -> Cluster:
    folder = tmp_path_factory.mktemp("cluster")
    return Cluster(folder, flights, mariadb.database())


@pytest.fixture(scope="module")
def first(cluster) -> Package:
    """A run whose trainer is killed in the middle and tried again."""
    package = cluster.package("first")
    checkpoints = cluster.root / "flights" / "pipeline" / "checkpoints"

    def kill_the_trainer(command: list[str]) -> int | None:
        if command[3] == "train":
            process = package.start(command)
            wait_until(lambda: bool(list(checkpoints.glob("*/checkpoints/*.npz"))), 300)
            process.kill()
            process.wait()
        return None

    local = start(
        "run",
        "flights",
        "--span=2013-02",
        f"--set=silos.root={cluster.data}",
        f"--output={cluster.folder / 'local'}",
        "--json",
        *(f"--set={item}" for item in LOCAL),
        folder=cluster.folder,
    )
    succeeded = package.run(kill_the_trainer, span="2013-02", **FORM)
    package.local = json.loads(local.communicate()[0])
    assert succeeded, package.logs
    return package


def test_a_run_gives_the_same_blessing_and_the_same_model_as_the_local_one(
    cluster, first
):
    told = cluster.runs.summary(first.run_id)
    assert told.status == first.local["status"] == "blessed"
    assert told.model.digest == first.local["model"]["digest"]
    assert dataclasses.asdict(told.metrics) == first.local["metrics"]
    assert told.predictions.rows == first.local["predictions"]["rows"] > 0
    here = predictions(cluster.root / "flights" / "silos")
    assert here == predictions(cluster.folder / "local" / "silos") != {}


def test_a_step_that_was_killed_and_tried_again_published_once(cluster, first):
    executions = cluster.executions(first.run_id)
    assert len(executions) == NODES
    assert {one.last_known_state for one in executions} <= results.DONE
    folder = cluster.root / "flights" / "pipeline" / "FederatedTrainer" / "model"
    assert len(list(folder.iterdir())) == 1
    assert not workers_below(cluster.root)


def test_every_step_shows_a_page_and_the_last_ones_the_decision(first):
    pages = {path.parent.name: path for path in first.outputs.rglob("page")}
    assert set(pages) == set(steps.STEPS) == set(first.statuses)
    for step in steps.STEPS.values():
        text = pages[step.name].read_text()
        assert "<html" in text
        assert "Content-Security-Policy" in text
        if step is not steps.REPORT:
            for node in step.nodes:
                assert f"{node} " in text
    last = pages["predict-and-report"].read_text()
    assert len(last) > 1_000_000  # the whole page of the run
    assert last.index('title="Decision"') < last.index('title="Dashboard"')
    output = json.loads(
        next(first.outputs.rglob("predict-and-report/executor_output.json")).read_text()
    )
    (metrics,) = output["artifacts"]["metrics"]["artifacts"]
    assert metrics["metadata"]["blessed"] == "yes"
    assert metrics["metadata"]["silos admitted"] == 3


def test_no_step_tells_the_stores_password(cluster, first, mariadb):
    for text in first.logs.values():
        assert mariadb.password not in text
    for path in (cluster.root / "flights" / "runs").rglob("*.json"):
        assert mariadb.password not in path.read_text()


def test_the_operator_works_on_runs_and_quarantines_from_outside(cluster, first):
    def command(*arguments):
        return fairsilo(*arguments, "--store", cluster.store, folder=cluster.folder)

    listed = command("report", "list", "flights", "--json")
    assert [one["run_id"] for one in json.loads(listed.stdout)] == [first.run_id]
    about = ("-u", "flights", "--reason", "audit")
    done = command("silo", "quarantine", "F9", *about)
    assert done.returncode == 0, done.stderr
    unknown = command("silo", "quarantine", "ZZ", *about)
    assert unknown.returncode == 2
    assert "F9" in unknown.stderr
    command("silo", "release", "F9", *about)

    done = command("report", "build", "flights", f"--to={cluster.folder / 'site'}")
    assert done.returncode == 0, done.stderr
    copies = cluster.folder / "site" / "runs" / first.run_id / "silos"
    told = cluster.runs.summary(first.run_id)
    written = pathlib.Path(told.dashboard).parent / "silos"
    names = {file_name(silo.silo) for silo in told.silos}
    assert {path.name for path in copies.iterdir()} == names
    for name in names:
        assert (copies / name).read_bytes() == (written / name).read_bytes()


def test_a_wrong_parameter_ends_the_run_in_its_first_step(cluster):
    package = cluster.package("wrong")
    assert not package.run(span="2013-02", rounds="0")
    assert package.statuses == {"prepare": 2}
    assert "field `rounds`: found '0'" in package.logs["prepare"]


def test_a_step_that_fails_leaves_a_failed_run_and_nothing_that_runs(cluster, first):
    package = cluster.package("failing")
    cluster.runs.start(summary.of_start("killed", "flights", "2013-02"))
    assert not package.run(
        lambda command: 1 if command[3] == "prepare" else None, span="2013-02", **FORM
    )
    assert package.statuses == {}
    # The SDK's local runner knows no exit handlers: run its command as Argo would.
    command = [*first.commands["close-run"]]
    command[command.index("--run-id") + 1] = "killed"
    assert package.step(command) == 0, package.logs
    told = cluster.runs.summary("killed")
    assert told.status == "failed"
    assert "without a decision" in told.reasons[0]


def test_a_step_waits_for_a_database_that_comes_back(cluster, first, mariadb):
    mariadb.stop()
    process = first.start(first.commands["close-run"])
    try:
        wait_until(lambda: "waiting" in first.log("close-run"), 120)
    finally:
        mariadb.start()
    assert process.wait(120) == 0, first.log("close-run")
    assert "the store answers" in first.log("close-run")


@pytest.fixture(scope="module")
def second(cluster, first) -> tuple[dict, dict]:
    """Two runs at the same time: the first's again, and one that can't be blessed."""
    again = cluster.start("again", span="2013-02", **FORM)
    bad = cluster.start(
        "bad",
        span="2013-03",
        client_learning_rate="1e-6",
        colour_if_not_blessed="red",
        **FORM,
    )
    assert again.wait() == bad.wait() == 0
    return cluster.told("again"), cluster.told("bad")


def test_a_second_run_of_the_span_comes_from_the_cache_and_tells_what_it_took(
    cluster, first, second
):
    again, _ = second
    assert again["succeeded"], again["logs"]
    executions = cluster.executions(again["run_id"])
    assert [one.last_known_state for one in executions] == [Execution.CACHED] * NODES
    told = cluster.runs.summary(again["run_id"])
    assert told.model == cluster.runs.summary(first.run_id).model


def test_two_runs_at_once_do_not_mix(cluster, second):
    told = [cluster.runs.summary(one["run_id"]) for one in second]
    assert [one.status for one in told] == ["blessed", "not_blessed"]
    assert [one.span for one in told] == ["2013-02", "2013-03"]
    assert told[0].model.digest != told[1].model.digest
    for one in second:
        assert len(cluster.executions(one["run_id"])) == NODES
    assert not workers_below(cluster.root)


def test_a_run_that_is_not_blessed_is_red_in_its_last_step_alone(cluster, second):
    _, bad = second
    assert not bad["succeeded"]
    assert bad["statuses"].pop("predict-and-report") == 4
    assert set(bad["statuses"].values()) == {0}
    assert "silo" in bad["logs"]["predict-and-report"]
    assert cluster.runs.summary(bad["run_id"]).predictions.rows == 0


def test_the_second_span_is_compared_with_the_firsts_model(cluster, first, second):
    _, bad = second
    (execution,) = cluster.executions(bad["run_id"], "FairnessEvaluator")
    known = cluster.runs.summary(first.run_id).model.digest
    values = [one.string_value for one in execution.custom_properties.values()]
    assert known in values


def test_a_full_volume_is_told_in_a_sentence(cluster, first, tmp_path):
    if os.geteuid():
        pytest.skip("mounting a small volume needs root")
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(small)], check=True
    )
    try:
        (small / "config-map").mkdir()
        text = (cluster.root / "config-map" / "flights.yaml").read_text()
        (small / "config-map" / "flights.yaml").write_text(text)
        package = Package(cluster.file, small, cluster.store, tmp_path)
        assert not package.run(span="2013-02", **FORM)
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert package.statuses == {"prepare": 1}
    assert re.search("no space left on the volume", package.logs["prepare"])
