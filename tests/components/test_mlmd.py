import pytest
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd

from components.mlmd import last_runs
from tests.support import silos


@pytest.fixture
def store(tmp_path):
    config = mlmd.ConnectionConfig()
    config.sqlite.filename_uri = str(tmp_path / "metadata.sqlite")
    config.sqlite.connection_mode = 3  # READWRITE_OPENCREATE
    return MetadataStore(config)


def test_the_last_execution_that_gave_an_artifact_out_counts(store):
    kind = store.put_artifact_type(mlmd.ArtifactType(name="Model"))
    first, second = (
        store.get_artifacts_by_id(
            silos.publish(store, [mlmd.Artifact(type_id=kind, uri=uri)])
        )[0]
        for uri in "ab"
    )
    silos.publish(store, [first])  # as by a node that the cache served
    (unpublished,) = store.put_artifacts([mlmd.Artifact(type_id=kind, uri="c")])
    reader = store.put_execution_type(mlmd.ExecutionType(name="a reader"))
    store.put_execution(
        mlmd.Execution(type_id=reader),
        [(second, mlmd.Event(type=mlmd.Event.INPUT))],
        [],
    )
    artifacts = store.get_artifacts()
    assert unpublished in {artifact.id for artifact in artifacts}
    assert last_runs(store, artifacts) == {first.id: 3, second.id: 2}
    assert last_runs(store, []) == {}
