"""Logs are found by Argo's own numbers, archived or live, of the last attempt."""

import pytest

from pipelines.kubeflow import logs, runs
from pipelines.kubeflow.errors import KubeflowError
from pipelines.kubeflow.package import Step
from tests.support.kfp_nodes import fnv32a
from tests.support.kfp_server import Fault


@pytest.fixture
def read(connection, version, run):
    steps = {step.task: step for step in version.package.steps}

    def log(task):
        found = runs.get(connection, run.run_id)
        return b"".join(logs.read(connection, found, steps[task]))

    return log


@pytest.fixture
def workflow(kfp, run):
    return kfp.state.workflows[run.run_id]


def test_the_log_of_a_step_that_has_ended_is_archived(workflow, read):
    workflow.step("open-run", "SUCCEEDED", b"opened\n")
    workflow.step("silo-example-gen", "SUCCEEDED", b"another's\n")
    assert read("open-run") == b"opened\n"


@pytest.mark.parametrize("attempts", [1, 2, 3])
def test_of_a_step_that_was_tried_again_it_is_the_last_attempts(
    workflow, read, attempts
):
    workflow.step("open-run", "SUCCEEDED", b"another's")
    workflow.step("silo-example-gen", "FAILED", b"fell over", attempts)
    assert read("silo-example-gen") == b"fell over"


@pytest.mark.parametrize("newer", [False, True])
@pytest.mark.parametrize("task", ["open-run", "silo-example-gen"])
def test_a_running_step_is_read_from_its_pod_by_the_servers_naming(
    workflow, read, newer, task
):
    workflow.newer = newer
    workflow.step(task, "RUNNING", b"round 3 of 15\n" * 9000, attempts=2)
    assert read(task) == b"round 3 of 15\n" * 9000


def test_a_pod_of_another_name_is_asked_for_once(kfp, workflow, read):
    # The server answers 500 there, which elsewhere is worth another try.
    workflow.step("open-run", "RUNNING", b"x")
    read("open-run")
    asked = [one.path for one in kfp.asked("GET", "/log")]
    assert len(asked) == len(set(asked)) == 2


def test_a_log_in_any_encoding_is_handed_on_as_it_is(workflow, read):
    workflow.step("open-run", "RUNNING", b'{"json": 1}\xff\x00')
    assert read("open-run") == b'{"json": 1}\xff\x00'


def test_a_step_that_has_not_begun_has_no_log(workflow, read):
    workflow.step("open-run", "RUNNING", b"x")
    with pytest.raises(KubeflowError, match=r"`dashboard` .* has not begun") as caught:
        read("dashboard")
    assert "kubeflow status" in caught.value.hint


def test_a_log_that_is_nowhere_is_told_with_another_way(workflow, read, run):
    workflow.step("open-run", "SUCCEEDED")
    with pytest.raises(KubeflowError, match="neither archived nor of a pod") as caught:
        read("open-run")
    assert f"--selector pipeline/runid={run.run_id}" in caught.value.hint


def test_a_missing_right_is_not_taken_for_a_missing_log(kfp, workflow, read):
    workflow.step("open-run", "SUCCEEDED", b"x")
    kfp.faults = [Fault(403, where=":read")]
    with pytest.raises(KubeflowError, match="readArtifact runs: not allowed"):
        read("open-run")


def test_an_attempts_number_follows_from_its_steps_number():
    name = "flights-x2x4c.root.exit-handler-1.dashboard.executor"
    node = f"flights-x2x4c-{fnv32a(name)}"
    for number in (0, 1, 12):
        expected = f"flights-x2x4c-{fnv32a(f'{name}({number})')}"
        assert logs.attempt(node, number) == expected


def test_pods_are_named_by_template_and_the_number_of_labels():
    step = Step("decide", "Decide", retried=True, annotations=0, labels=2)
    assert logs.pods("flights-a-1-77", step) == [
        "flights-a-1-metadata-0-2-retry-system-container-impl-77",
        "flights-a-1-retry-system-container-impl-77",
        "flights-a-1-77",
    ]
    assert logs.pods("w-7", Step("decide", "Decide", retried=False)) == [
        "w-system-container-impl-7",
        "w-7",
    ]
