"""Runs are started with what was asked, found again, and tell their steps."""

import pytest

from pipelines.kubeflow import experiments, runs
from pipelines.kubeflow.errors import KubeflowError, NotFoundError
from tests.support.kfp_server import Fault


def test_a_run_names_version_experiment_parameters_and_account(
    kfp, connection, version, place
):
    run = runs.start(
        connection, version, "one", place, {"rounds": 3}, "fairsilo-runner"
    )
    stored = kfp.state.runs[run.run_id]
    assert stored.display_name == "one"
    assert stored.experiment_id == place
    assert stored.pipeline_version_reference.pipeline_version_id == version.version_id
    assert stored.runtime_config.parameters == {"rounds": 3}
    assert stored.service_account == "fairsilo-runner"


def test_without_an_account_the_servers_default_is_left(
    kfp, connection, version, place
):
    runs.start(connection, version, "one", place, {}, "")
    [asked] = kfp.asked("POST", "/runs")
    assert "service_account" not in asked.body


def test_what_the_server_refuses_is_told_in_its_words(connection, version, place):
    with pytest.raises(KubeflowError, match="parameter round provided is not required"):
        runs.start(connection, version, "one", place, {"round": 3}, "")


def test_a_start_that_was_not_answered_is_not_repeated(kfp, connection, version, place):
    kfp.faults = [Fault(503, method="POST", after=True)]
    with pytest.raises(KubeflowError, match="status 503"):
        runs.start(connection, version, "one", place, {}, "")
    assert len(kfp.state.runs) == 1


def test_the_newest_run_of_the_experiment_is_the_latest(connection, version, place):
    other = experiments.ensure(connection, "other")
    started = [
        runs.start(connection, version, name, where, {}, "").run_id
        for name, where in (("one", place), ("two", place), ("three", other))
    ]
    assert runs.latest(connection, place, "flights") == started[1]
    assert [one.run_id for one in runs.recent(connection, place)] == started[1::-1]


def test_before_the_first_run_there_is_none(connection, place):
    for experiment in (place, None):
        with pytest.raises(NotFoundError, match="found no run of `flights` yet"):
            runs.latest(connection, experiment, "flights")


def test_steps_stand_in_the_packages_order_with_a_word_each(
    kfp, connection, version, run
):
    workflow = kfp.state.workflows[run.run_id]
    workflow.step("open-run", "SUCCEEDED")
    workflow.step("silo-example-gen", "RUNNING")
    steps = runs.steps(runs.get(connection, run.run_id), version.package.steps)
    told = {step.title: step.state for step in steps}
    assert told["Open run"] == "done"
    assert told["SiloExampleGen"] == "running"
    assert told["Dashboard"] == told["Close run"] == "waiting"


def test_a_run_that_has_not_begun_has_waiting_steps(connection, version, run):
    found = runs.get(connection, run.run_id)
    states = {step.state for step in runs.steps(found, version.package.steps)}
    assert states == {"waiting"}


@pytest.mark.parametrize(
    ("state", "word"),
    [("SUCCEEDED", "done"), (None, "waiting"), ("CANCELING", "being cancelled")],
)
def test_states_are_words(state, word):
    assert runs.word(state) == word


def test_the_address_is_that_of_the_ui():
    assert runs.address("http://kfp/", "r1") == "http://kfp/#/runs/details/r1"
