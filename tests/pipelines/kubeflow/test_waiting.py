"""Waiting tells each change once, outlives an absent server, and ends with the run."""

import threading
import time

import pytest

from pipelines.kubeflow import waiting
from pipelines.kubeflow.errors import KubeflowError, UnreachableError
from tests.support.kfp_server import Fault


class Waited:
    """Waits for a run in a thread, while a change is made.

    Attributes:
        run_id: The run.
        told: The lines that were told.
    """

    def __init__(self, kfp, connection, version, run):
        self.run_id = run.run_id
        self.told: list[str] = []
        self._workflow = kfp.state.workflows[run.run_id]
        self._arguments = (connection, run.run_id, version.package, self.told.append)
        self._ended = []

    def while_(self, change, patience_s=30.0):
        thread = threading.Thread(target=self._wait, args=(patience_s,))
        thread.start()
        change(self._workflow, self.told)
        thread.join(20)
        return self._ended[0]

    def _wait(self, patience_s):
        try:
            ended = waiting.wait(*self._arguments, 0.01, patience_s)
        except KubeflowError as error:
            ended = error
        self._ended.append(ended)


@pytest.fixture
def waited(kfp, connection, version, run):
    return Waited(kfp, connection, version, run)


def _until(told, part):
    end = time.monotonic() + 120
    while not any(part in line for line in told):
        if time.monotonic() > end:
            raise TimeoutError(f"{part!r} was never told: {told}")
        time.sleep(0.005)


def test_each_state_is_told_once_and_the_end_returns(kfp, waited):
    def change(workflow, told):
        workflow.step("open-run", "RUNNING")
        _until(told, "Open run           running")
        workflow.step("open-run", "SUCCEEDED")
        workflow.step("silo-example-gen", "FAILED")
        _until(told, "SiloExampleGen     failed")
        kfp.state.end(waited.run_id, "FAILED")

    assert waited.while_(change).state == "FAILED"
    told = [line.split("s  ", 1)[1] for line in waited.told]
    assert told == [
        "Open run           running",
        "Open run           done",
        "SiloExampleGen     failed",
    ]


def test_a_server_that_is_away_for_a_while_does_not_end_it(kfp, waited):
    def change(_, told):
        kfp.faults = [Fault(503, times=12)]
        _until(told, "the run goes on, waiting for the server")
        kfp.state.end(waited.run_id, "SUCCEEDED")

    assert waited.while_(change).state == "SUCCEEDED"
    assert len([line for line in waited.told if "goes on" in line]) == 1


def test_only_the_absence_counts_against_patience_not_the_run(kfp, waited):
    def change(_, told):
        time.sleep(3)  # longer than the patience
        kfp.faults = [Fault(503, times=4)]
        _until(told, "the run goes on, waiting for the server")
        kfp.state.end(waited.run_id, "SUCCEEDED")

    assert waited.while_(change, patience_s=2.5).state == "SUCCEEDED"


def test_one_that_stays_away_does(kfp, waited):
    def change(*_):
        kfp.faults = [Fault(503, times=10**6)]

    assert isinstance(waited.while_(change, patience_s=0.05), UnreachableError)


def test_a_refusal_ends_it_at_once(kfp, waited):
    def change(*_):
        kfp.token = "another"  # noqa: S105

    error = waited.while_(change)
    assert "wants to know who asks" in error.message
