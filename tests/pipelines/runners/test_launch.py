"""A step refuses what is not of its run; real nodes run in the end-to-end test."""

import pytest
from google.protobuf import json_format
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2
from tfx.proto.orchestration import pipeline_pb2

from components.errors import FairSiloError
from pipelines.runners import launch, metadata, results
from pipelines.runners.job import Job


@pytest.fixture
def job(tmp_path) -> Job:
    return Job("flights", "run-1", tmp_path)


def test_a_run_that_was_not_opened_on_this_volume_is_refused(job):
    with pytest.raises(
        FairSiloError, match=r"pipeline\.json: found no chain"
    ) as refusal:
        launch.read_chain(job)
    assert "mount the same volume" in refusal.value.hint


def test_a_node_of_another_version_of_the_package_is_refused(job, tmp_path):
    chain = pipeline_pb2.Pipeline()
    chain.nodes.add().pipeline_node.node_info.id = "SiloExampleGen"
    job.folder.mkdir(parents=True)
    job.ir_file.write_text(json_format.MessageToJson(chain))
    store = metadata.connection(f"sqlite:///{tmp_path}/store.sqlite")
    sentence = "node `Auditor`: found no such node .* expected one of SiloExampleGen"
    with pytest.raises(FairSiloError, match=sentence) as refusal:
        launch.launch(job, "Auditor", store)
    assert "of another version" in refusal.value.hint


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


def test_what_a_killed_attempt_wrote_is_removed(job, killed):
    connection, folder = killed
    folder.mkdir()
    (folder / "half a model").write_text("")
    launch.remove_stale_files(job, "Pusher", connection)
    assert not folder.exists()


def test_what_can_not_be_removed_ends_the_step_instead_of_mixing(job, killed):
    connection, folder = killed
    folder.write_text("no folder")
    sentence = "found outputs of an attempt that was killed, which can't be removed"
    with pytest.raises(FairSiloError, match=sentence) as refusal:
        launch.remove_stale_files(job, "Pusher", connection)
    assert str(folder) in refusal.value.message
    assert "then retry the step" in refusal.value.hint


def test_a_node_that_has_ended_in_this_run_is_not_run_again(job, killed):
    connection, _folder = killed
    chain = pipeline_pb2.Pipeline()
    chain.nodes.add().pipeline_node.node_info.id = "Pusher"  # that could not be run
    job.folder.mkdir(parents=True)
    job.ir_file.write_text(json_format.MessageToJson(chain))
    store = metadata_store.MetadataStore(connection)
    (execution,) = store.get_executions()
    for state in results.DONE:
        execution.last_known_state = state
        store.put_executions([execution])
        assert list(launch.launch(job, "Pusher", connection)) == ["Pusher"]
