"""A step refuses what is not of its run; real nodes run in the end-to-end test."""

import pytest
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2
from tfx.proto.orchestration import pipeline_pb2

from components.errors import FairSiloError
from pipelines.runners import launch, metadata, results
from pipelines.runners.job import Job


@pytest.fixture
def job(tmp_path) -> Job:
    return Job("flights", "run-1", tmp_path)


@pytest.fixture
def chain():
    """A chain of a node that could not be run."""
    found = pipeline_pb2.Pipeline()
    found.nodes.add().pipeline_node.node_info.id = "Pusher"
    return found


@pytest.fixture
def killed(job, tmp_path):
    """ML Metadata with a node's execution that never ended, and its folder."""
    connection = metadata.connection(f"sqlite:///{tmp_path}/store.sqlite")
    store = metadata_store.MetadataStore(connection)
    contexts = []
    for kind, name in (("pipeline_run", job.run_id), ("node", "flights.Pusher")):
        type_id = store.put_context_type(metadata_store_pb2.ContextType(name=kind))
        contexts.append(metadata_store_pb2.Context(type_id=type_id, name=name))
    type_id = store.put_execution_type(metadata_store_pb2.ExecutionType(name="Pusher"))
    execution = metadata_store_pb2.Execution(
        type_id=type_id, last_known_state=metadata_store_pb2.Execution.RUNNING
    )
    number, *_ = store.put_execution(execution, [], contexts)
    folder = job.places.pipeline_root / "Pusher" / "pushed_model" / str(number)
    folder.parent.mkdir(parents=True)
    return connection, folder


def test_a_node_of_another_version_of_the_package_is_refused(job, chain, killed):
    sentence = "node `Auditor`: found no such node .* expected one of Pusher"
    with pytest.raises(FairSiloError, match=sentence) as refusal:
        launch.launch_once(job, chain, "Auditor", killed[0])
    assert "of another version" in refusal.value.hint


def test_what_a_killed_attempt_wrote_is_removed(job, chain, killed):
    connection, folder = killed
    folder.mkdir()
    (folder / "half a model").write_text("")
    with pytest.raises(Exception):  # noqa: B017, PT011  of TFX: there is no such node
        launch.launch_once(job, chain, "Pusher", connection)
    assert not folder.exists()


def test_what_can_not_be_removed_ends_the_step_instead_of_mixing(job, chain, killed):
    connection, folder = killed
    folder.write_text("no folder")
    sentence = "found outputs of an attempt that was killed, which can't be removed"
    with pytest.raises(FairSiloError, match=sentence) as refusal:
        launch.launch_once(job, chain, "Pusher", connection)
    assert str(folder) in refusal.value.message
    assert "then retry the step" in refusal.value.hint


def test_a_node_that_has_ended_in_this_run_is_not_run_again(job, chain, killed):
    connection, _folder = killed
    store = metadata_store.MetadataStore(connection)
    (execution,) = store.get_executions()
    for state in results.DONE:
        execution.last_known_state = state
        store.put_executions([execution])
        assert [*launch.launch_once(job, chain, "Pusher", connection)] == ["Pusher"]


def test_what_a_killed_step_left_running_is_ended(job, killed):
    connection, _folder = killed
    results.end_all(connection, job.run_id)
    (execution,) = metadata_store.MetadataStore(connection).get_executions()
    assert execution.last_known_state == metadata_store_pb2.Execution.FAILED
