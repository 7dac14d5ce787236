"""The node: what its driver puts into the cache key, and what its executor writes."""

import dataclasses
import errno
import json
import os
import pathlib
import shutil

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.orchestration import metadata
from tfx.orchestration.portable import data_types

from components import artifacts, circumstances, digests
from components.payloads import egress
from components.payloads.manifest import Manifest
from components.silo_example_gen import component, discovery, driver, executor, node
from components.silos import engine
from tests.support import silos
from tests.support.engines import faulty
from tests.support.silos import properties_of


@pytest.fixture
def world(tmp_path):
    silos.federation(tmp_path / "data", span="1")
    source = silos.source(tmp_path / "data", score="all")
    return source, str(tmp_path / "homes"), tmp_path / "data"


def ingest(world):
    source, homes, _ = world
    found = discovery.discover(source, homes)
    window = discovery.window(found, source, "")
    return node.ingest_all("shapes", found, window, source, silos.schema(), "code")


def test_every_row_lands_in_its_own_silos_home_once(world):
    manifest = ingest(world)
    for entry in manifest:
        rows = silos.SIZES[entry.silo.id]
        assert entry.rows("train") + entry.rows("eval") == rows == entry.rows("score")
        for file in entry.files():
            assert file.path.startswith(entry.silo.home + "/splits/")
            assert digests.of_file(file.path) == file.digest


def test_unchanged_input_gives_the_same_manifest_and_input_stays_as_it_was(world):
    before = silos.snapshot(world[2])
    first = ingest(world)
    assert ingest(world) == first
    assert silos.snapshot(world[2]) == before


def test_silo_whose_folder_goes_in_mid_run_is_an_entry_with_its_reason(world):
    source, homes, data = world
    found = discovery.discover(source, homes)
    shutil.rmtree(data / "west")
    window = discovery.window(found, source, "")
    manifest = node.ingest_all("shapes", found, window, source, silos.schema(), "code")
    assert "No such file or directory" in manifest["west"].error.sentence
    assert manifest["north"].rows("train")


def test_a_silo_without_files_is_told_from_one_that_cannot_be_read(world):
    source, homes, data = world
    (data / "idle").mkdir()
    (data / "cut").mkdir()
    (data / "cut" / "1.parquet").write_bytes(b"PAR1 no table")
    manifest = ingest((source, homes, data))
    assert {entry.silo.id: entry.has_no_file for entry in manifest} == {
        "idle": True,
        "cut": False,
        "north": False,
        "south": False,
        "west": False,
    }
    assert manifest["idle"].error
    assert manifest["cut"].error


def test_a_silo_that_lacks_a_span_is_told_which(tmp_path):
    for silo, span in [("north", "1"), ("north", "2"), ("west", "2"), ("west", "3")]:
        silos.write(tmp_path / "data", silo, f"{span}.csv", silos.rows(9, int(span)))
    source = silos.source(tmp_path / "data", "{silo}/{span}.csv")
    found = discovery.discover(source, str(tmp_path / "homes"))
    window = discovery.window(found, source, "3")
    north, west = node.ingest_all(
        "shapes", found, window, source, silos.schema(), "code"
    )
    assert north.notes == ()
    assert west.notes[0].sentence == "no file of 1 of 2 spans to learn from: 1"


@pytest.fixture
def data(tmp_path):
    for span in ("9", "10", "11"):
        silos.federation(tmp_path / "data", span)
    return tmp_path / "data"


@pytest.fixture
def keys(tmp_path, data):
    connection = metadata.Metadata(
        metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata.sqlite"))
    )

    def keys(span="latest", purpose="train"):
        source = silos.source(data, "{silo}/{span}.*", score="following_span")
        properties = {
            "settings": source.model_dump_json(),
            "code": "code",
            "use_case": "shapes",
            "span": span,
            "homes": str(tmp_path / "homes"),
            "purpose": purpose,
        }
        output = driver.Driver(connection).run(
            data_types.ExecutionInfo(exec_properties=properties)
        )
        found = output.exec_properties
        assert set(found) == {"span", "fingerprint", "lost", "attempt"}
        return (
            found["span"].string_value,
            found["fingerprint"].string_value,
            found["lost"].string_value,
        )

    return keys


def test_latest_becomes_the_span_that_it_means(keys):
    assert keys() == keys("10")
    assert keys("11")[0] == "11"


def test_a_changed_file_gives_another_key_to_the_runs_that_read_it(keys, data):
    before = {span: keys(span) for span in ("10", "11")}
    silos.write(data, "west", "10.parquet", silos.rows(5, seed=99))
    assert keys("10") == before["10"]  # learns from 9, scores 11
    assert keys("11") != before["11"]


def test_learning_and_scoring_have_keys_of_their_own(keys):
    assert keys("10")[1] != keys("10", "score")[1]


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
            artifact.mlmd_artifact.state = mlmd.Artifact.State.LIVE
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
    tmp_path, drive, execute
):
    before = drive()
    assert before["span"] == ""
    written = execute(before)
    assert written.silos == ["broken", "north", "south", "west"]
    assert "a corrupt file" in written["broken"].error.sentence
    assert written["broken"].error.hint.startswith("export the silo's files again")
    assert "north" in egress.read(tmp_path / "out")
    assert drive() == before, "unchanged input hits the cache"
    pathlib.Path(written["north"].splits["train"].paths[0]).unlink()
    assert drive() != before


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
    lost = pathlib.Path(execute(drive())["north"].splits["train"].paths[0])
    rows = lost.read_bytes()
    lost.unlink()
    again = drive()
    execute(again)
    assert lost.read_bytes() == rows
    again = drive()
    shutil.move(tmp_path / "data/west", tmp_path / "west")  # after the driver ran
    assert execute(again).silos == ["broken", "north", "south"]
    shutil.move(tmp_path / "west", tmp_path / "data/west")
    assert drive() != again, "or the next run would take the manifest without it"
    assert execute(drive()).silos == ["broken", "north", "south", "west"]


@pytest.mark.parametrize("task", ["list", "ingest"])
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


def test_egress_holds_each_byte_that_the_entry_and_the_listing_hold(world):
    source, homes, data = world
    (data / "west" / "2.parquet").write_text("no Parquet")
    found = discovery.discover(source, homes)
    manifest = ingest(world)
    left = node.egress_of(manifest, found)
    assert {name for name, items in left.items() if len(items) == 2} == {"west"}
    west = next(silo for silo in found if silo.silo.id == "west")
    listed, said = left["west"]
    entry = manifest["west"]
    files = [dataclasses.asdict(file) for file in (*entry.inputs, *entry.files())]
    values = [*files, west.files[1]]
    assert (listed.kind, listed.count) == ("counts and digests", len(values))
    assert listed.bytes == len(json.dumps(values).encode())
    number = len(entry.unreadable + entry.unscored + entry.notes)
    assert (said.kind, said.count) == ("findings and label counts", number)
    assert said.bytes > len(entry.unreadable[0].sentence)


def test_a_touched_file_gives_the_same_key_and_another_file_another(keys, data):
    before = keys()
    os.utime(data / "north/9.parquet", (1, 1))
    assert keys() == before
    silos.write(data, "north", "9.csv", silos.rows(1))
    assert keys() != before
    (data / "north/9.csv").unlink()
    assert keys() == before


def test_parameters_are_those_that_executor_and_driver_read():
    parameters = component.SiloExampleGenSpec.PARAMETERS
    read = properties_of(executor)[0] | properties_of(discovery)[0]
    assert read | {"lost"} == set(parameters)
    added = {name for name, found in parameters.items() if found.optional}
    assert added == {"fingerprint", "lost"}
