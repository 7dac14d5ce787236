"""A step refuses what is not of its run; real nodes run in the end-to-end test."""

import pytest
from google.protobuf import json_format
from tfx.proto.orchestration import pipeline_pb2

from components.errors import FairSiloError
from pipelines.runners import launch, metadata
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
