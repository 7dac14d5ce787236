import pytest
from ml_metadata import MetadataStore
from tfx.orchestration import metadata
from tfx.orchestration.portable import data_types

from components import artifacts
from components.drivers import PropertyDriver
from pipelines.runners import metadata as stores


class Adds(PropertyDriver):
    def added(self, execution_info, store):
        assert isinstance(store, MetadataStore)
        return {"text": execution_info.exec_properties["seen"] + "!", "number": 3}


@pytest.fixture
def connection(store_url):
    stores.wait(store_url, 60, print)
    return metadata.Metadata(stores.connection(store_url))


def drive(connection, seen, number=1):
    artifact = artifacts.Cohort()
    artifact.id = number
    info = data_types.ExecutionInfo(
        input_dict={"cohort": [artifact]}, exec_properties={"seen": seen}
    )
    return Adds(connection).run(info).exec_properties


def test_added_properties_reach_tfx_with_their_types(connection):
    output = drive(connection, "a")
    assert set(output) == {"text", "number", "attempt"}
    assert output["text"].string_value == "a!"
    assert output["number"].int_value == 3


def test_only_the_attempt_that_was_marked_gets_another_number(connection):
    def mark(*attempts):
        with connection as opened:
            for attempt in attempts:
                made = artifacts.Cohort()
                made.set_string_custom_property("attempt", attempt)
                made.type_id = opened.store.put_artifact_type(made.artifact_type)
                opened.store.put_artifacts([made.mlmd_artifact])

    def attempt(*key):
        return drive(connection, *key)["attempt"].string_value

    first, other, third = attempt("a"), attempt("b"), attempt("a", 2)
    assert len({first, other, third}) == 3
    assert attempt("a") == first
    mark(first, third)
    second = attempt("a")
    assert second == first.removesuffix("/0") + "/1"
    assert attempt("b") == other
    mark(second, second)
    assert attempt("a") == first.removesuffix("/0") + "/2"
    assert attempt("a", 2) == third.removesuffix("/0") + "/1"
