"""The driver's properties and the executor's outputs, on real silos."""

import errno
import pathlib
import shutil

import pytest
from tfx.orchestration import metadata
from tfx.orchestration.portable import data_types
from tfx.types import channel

from components import artifacts, circumstances
from components.payloads import egress
from components.payloads.manifest import Manifest
from components.silo_example_gen import component, driver, executor
from components.silos import engine
from tests.support import silos
from tests.support.engines import faulty
from tests.support.silos import properties_of

pytestmark = pytest.mark.beam


@pytest.fixture
def properties(tmp_path):
    silos.federation(tmp_path / "data", span="1")
    (tmp_path / "data" / "broken").mkdir()
    (tmp_path / "data" / "broken" / "1.parquet").write_bytes(b"no table")
    return {
        "settings": silos.source(tmp_path / "data").model_dump_json(),
        "code": "code",
        "use_case": "shapes",
        "span": "latest",
        "homes": str(tmp_path / "homes"),
        "purpose": "train",
    }


@pytest.fixture
def inputs(tmp_path):
    schema = artifacts.Schema()
    schema.uri = str(tmp_path / "schema")
    pathlib.Path(schema.uri).mkdir()
    pathlib.Path(schema.uri, "schema.pbtxt").write_text(silos.SCHEMA)
    return {"schema": [schema]}


@pytest.fixture
def connection(tmp_path):
    return metadata.Metadata(
        metadata.sqlite_metadata_connection_config(str(tmp_path / "m.sqlite"))
    )


@pytest.fixture
def publish(connection):
    def run(artifact):
        with connection as opened:
            kind = opened.store.put_artifact_type(artifact.artifact_type)
            artifact.type_id = kind
            silos.publish(opened.store, [artifact.mlmd_artifact])

    return run


@pytest.fixture
def drive(connection, properties):
    def run():
        info = data_types.ExecutionInfo(exec_properties=properties)
        added = driver.Driver(connection).run(info).exec_properties
        return {
            name: getattr(value, value.WhichOneof("value"))
            for name, value in added.items()
        }

    return run


def test_manifest_is_written_and_a_deleted_split_changes_the_cache_key(
    tmp_path, properties, inputs, drive
):
    before = drive()
    assert before["span"] == ""
    examples = artifacts.SiloExamples()
    examples.uri = str(tmp_path / "out")
    pathlib.Path(examples.uri).mkdir()
    executor.Executor().Do(inputs, {"examples": [examples]}, {**properties, **before})
    written = Manifest.read(examples.uri)
    assert written.silos == ["broken", "north", "south", "west"]
    assert "a corrupt file" in written["broken"].error.sentence
    assert written["broken"].error.hint.startswith("export the silo's files again")
    assert "north" in egress.read(examples.uri)
    assert drive() == before, "unchanged input hits the cache"
    pathlib.Path(written["north"].splits["train"].path).unlink()
    assert drive() != before


def test_parameters_are_those_that_executor_and_driver_read():
    read = properties_of(executor)[0] | properties_of(driver)[0]
    assert read | {"generation"} == set(component.SiloExampleGenSpec.PARAMETERS)


def test_node_carries_its_section_and_its_code(tmp_path):
    node = component.SiloExampleGen(
        schema=channel.Channel(type=artifacts.Schema),
        settings=silos.source(tmp_path),
        use_case="shapes",
        span="latest",
        homes="homes",
    )
    assert node.exec_properties["purpose"] == "train"
    assert len(node.exec_properties["code"]) == 64
    assert node.driver_class is driver.Driver


@pytest.fixture
def execute(tmp_path, properties, inputs, publish):
    def execute(added):
        examples = artifacts.SiloExamples()
        examples.uri = str(tmp_path / "out")
        pathlib.Path(examples.uri).mkdir(exist_ok=True)
        executor.Executor().Do(
            inputs, {"examples": [examples]}, {**properties, **added}
        )
        publish(examples)
        return Manifest.read(examples.uri)

    return execute


def test_a_lost_split_is_restored_and_a_run_whose_silo_went_is_never_reused(
    tmp_path, drive, execute
):
    lost = pathlib.Path(execute(drive())["north"].splits["train"].path)
    rows = lost.read_bytes()
    lost.unlink()
    again = drive()
    execute(again)
    assert lost.read_bytes() == rows
    assert drive() == again
    shutil.move(tmp_path / "data/west", tmp_path / "west")  # after the driver ran
    assert execute(again).silos == ["broken", "north", "south"]
    shutil.move(tmp_path / "west", tmp_path / "data/west")
    assert drive() != again, "or the next run would take the manifest without it"
    assert execute(drive()).silos == ["broken", "north", "south", "west"]


@pytest.mark.parametrize("task", ["fingerprint", "ingest"])
def test_a_silo_whose_task_met_a_fault_is_taken_in_by_the_next_run(
    drive, execute, task
):
    error = OSError(errno.EMFILE, "Too many open files")
    with engine.using(faulty(task, "north", error)):
        first = drive()
        error = execute(first)["north"].error
        assert error.sentence == f"silo `north`: {task}: Too many open files"
        assert error.hint == circumstances.OF_MACHINE
        assert drive() != first, "while it lasts, each run tries again"
    assert execute(drive())["north"].error is None
    again = drive()
    execute(again)
    assert drive() == again
