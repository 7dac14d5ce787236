"""The node: what its driver puts into the cache key, and what its executor writes."""

import collections
import errno
import os
import pathlib
import shutil

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.orchestration import metadata
from tfx.orchestration.portable import data_types

from components import artifacts, digests, temporary_faults
from components.payloads import egress
from components.payloads.manifest import Manifest
from components.silo_example_gen import component, discovery, driver, executor, node
from components.silos import engine, pool
from tests.support import silos
from tests.support.engines import faulty
from tests.support.silos import properties_of


@pytest.fixture
def data(tmp_path):
    return silos.federation(tmp_path / "data")


@pytest.fixture
def found(data, tmp_path):
    return lambda: discovery.discover(silos.source(data), str(tmp_path / "homes"))


def ingest(found, source, span=""):
    return ingest_with_egress(found, source, span).manifest


def ingest_with_egress(found, source, span=""):
    window = discovery.window(found, source, span)
    return node.ingest_all("shapes", found, window, source, silos.schema(), "code")


def test_every_row_lands_in_its_own_silos_home_once_and_again_the_same(data, found):
    source = silos.source(data, score="all")
    before = silos.snapshot(data)
    manifest = ingest(found(), source)
    for entry in manifest:
        rows = silos.SIZES[entry.silo.id]
        assert entry.rows("train") + entry.rows("eval") == rows == entry.rows("score")
        for file in entry.files():
            assert file.path.startswith(entry.silo.home + "/splits/")
            assert digests.of_file(file.path) == file.digest
    assert ingest(found(), source) == manifest
    assert silos.snapshot(data) == before


def test_silo_whose_folder_goes_in_mid_run_is_an_entry_with_its_reason(data, found):
    listed = found()
    shutil.rmtree(data / "west")
    manifest = ingest(listed, silos.source(data))
    assert "No such file or directory" in manifest["west"].error.sentence
    assert manifest["north"].rows("train")


def test_a_silo_without_files_is_told_from_one_that_cannot_be_read(data, found):
    (data / "idle").mkdir()
    (data / "cut").mkdir()
    (data / "cut" / "1.parquet").write_bytes(b"PAR1 no table")
    manifest = ingest(found(), silos.source(data))
    assert [entry.silo.id for entry in manifest if entry.no_files_in_spans] == ["idle"]
    assert [e.silo.id for e in manifest if e.error] == ["cut", "idle"]


def test_egress_is_what_the_tasks_sent_byte_by_byte(data, found):
    (data / "west" / "2.parquet").write_text("no Parquet")
    (data / "idle").mkdir()
    sent: collections.Counter[str] = collections.Counter()

    def counting(task, calls):
        for index, outcome in pool.run(task, calls):
            sent[calls[index][0].id] += outcome.num_bytes
            yield index, outcome

    with engine.using(counting):
        manifest, left = ingest_with_egress(found(), silos.source(data))
    assert {s: sum(item.bytes for item in items) for s, items in left.items()} == sent
    listed, counted, said = left["west"]
    assert (listed.kind, listed.count) == ("counts and digests", 2)
    entry = manifest["west"]
    assert counted.kind == "counts and digests"
    assert counted.count == len(entry.inputs) + len(entry.files())
    number = len(entry.unreadable + entry.unreadable_to_score + entry.notes)
    assert (said.kind, said.count) == ("findings", number)
    assert said.bytes > len(entry.unreadable[0].sentence)
    assert [item.kind for item in left["idle"]] == ["counts and digests", "findings"]
    assert [item.kind for item in left["north"]] == ["counts and digests"] * 2


def test_a_silo_that_lacks_a_span_is_told_which(tmp_path):
    for silo, span in [("north", "1"), ("north", "2"), ("west", "2"), ("west", "3")]:
        silos.write(tmp_path / "data", silo, f"{span}.csv", silos.rows(9, int(span)))
    source = silos.source(tmp_path / "data", "{silo}/{span}.csv")
    listed = discovery.discover(source, str(tmp_path / "homes"))
    north, west = ingest(listed, source, "3")
    assert north.notes == ()
    assert west.notes[0].sentence == "no file of 1 of 2 spans to learn from: 1"


@pytest.fixture
def connection(tmp_path):
    return metadata.Metadata(
        metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata.sqlite"))
    )


@pytest.fixture
def drive(connection, data, tmp_path):
    """Drive the node, and return all its exec properties."""

    def drive(span="latest", purpose="train", source=None):
        properties = {
            "settings": (source or silos.source(data)).model_dump_json(),
            "code": "code",
            "use_case": "shapes",
            "span": span,
            "homes": str(tmp_path / "homes"),
            "purpose": purpose,
        }
        info = data_types.ExecutionInfo(exec_properties=properties)
        added = driver.Driver(connection).run(info).exec_properties
        assert set(added) == {"span", "fingerprint", "stale_manifest_ids", "attempt"}
        return properties | {name: value.string_value for name, value in added.items()}

    return drive


@pytest.fixture
def keys(drive, data):
    silos.federation(data, "2")
    silos.federation(data, "10")
    source = silos.source(data, "{silo}/{span}.*", score="following_span")

    def keys(span="latest", purpose="train"):
        found = drive(span, purpose, source)
        return [found[name] for name in ("span", "fingerprint", "stale_manifest_ids")]

    return keys


def test_latest_becomes_the_span_that_it_means(keys):
    assert keys() == keys("2")
    assert keys("10")[0] == "10"
    assert keys("2")[1] != keys("2", "score")[1]


def test_a_touched_file_gives_the_same_key_and_another_file_another(keys, data):
    before = keys()
    os.utime(data / "north/1.parquet", (1, 1))
    assert keys() == before
    silos.write(data, "north", "1.csv", silos.rows(1))
    assert keys() != before
    (data / "north/1.csv").unlink()
    assert keys() == before


def test_a_changed_file_gives_another_key_to_the_runs_that_read_it(keys, data):
    before = {span: keys(span) for span in ("2", "10")}
    silos.write(data, "west", "2.parquet", silos.rows(5, seed=99))
    assert keys("2") == before["2"]  # learns from 1, scores 10
    assert keys("10") != before["10"]


@pytest.fixture
def execute(tmp_path, connection):
    """Execute and publish what was driven, and return the manifest."""
    schema, examples = artifacts.Schema(), artifacts.SiloExamples()
    for artifact, name in ((schema, "schema"), (examples, "out")):
        artifact.uri = str(tmp_path / name)
        (tmp_path / name).mkdir()
    (tmp_path / "schema/schema.pbtxt").write_text(silos.SCHEMA)

    def execute(properties):
        output = artifacts.SiloExamples()
        output.uri = examples.uri
        executor.Executor().Do({"schema": [schema]}, {"examples": [output]}, properties)
        with connection as opened:
            output.type_id = opened.store.put_artifact_type(output.artifact_type)
            output.mlmd_artifact.state = mlmd.Artifact.State.LIVE
            silos.publish(opened.store, [output.mlmd_artifact])
        return Manifest.read(output.uri)

    return execute


def test_manifest_and_egress_are_written_and_unchanged_input_hits_the_cache(
    tmp_path, data, drive, execute
):
    (data / "broken").mkdir()
    (data / "broken" / "1.parquet").write_bytes(b"no table")
    before = drive()
    assert before["span"] == ""
    written = execute(before)
    assert written.silos == ["broken", "north", "south", "west"]
    assert "a corrupt file" in written["broken"].error.sentence
    assert written["broken"].error.hint.startswith("export the silo's files again")
    assert "north" in egress.read(tmp_path / "out")
    assert drive() == before


def test_a_lost_split_is_restored_and_a_run_whose_silo_went_is_never_reused(
    tmp_path, data, drive, execute
):
    first = drive()
    lost = pathlib.Path(execute(first)["north"].splits["train"].paths[0])
    rows = lost.read_bytes()
    lost.unlink()
    again = drive()
    assert again != first
    execute(again)
    assert lost.read_bytes() == rows
    again = drive()
    shutil.move(data / "west", tmp_path / "west")  # after the driver ran
    assert execute(again).silos == ["north", "south"]
    shutil.move(tmp_path / "west", data / "west")
    assert drive() != again, "or the next run would take the manifest without it"
    assert execute(drive()).silos == ["north", "south", "west"]


@pytest.mark.parametrize("task", ["list", "ingest"])
def test_a_silo_whose_task_met_a_fault_is_ingested_by_the_next_run(
    drive, execute, task
):
    error = OSError(errno.EMFILE, "Too many open files")
    with engine.using(faulty(task, "north", error)):
        first = drive()
        error = execute(first)["north"].error
        assert error.sentence == f"silo `north`: {task}: Too many open files"
        assert error.hint == temporary_faults.MACHINE_HINT
        assert drive() != first, "while it lasts, each run tries again"
    assert execute(drive())["north"].error is None
    again = drive()
    execute(again)
    assert drive() == again


def test_parameters_are_those_that_executor_and_driver_read():
    parameters = component.SiloExampleGenSpec.PARAMETERS
    read = properties_of(executor)[0] | properties_of(discovery)[0]
    assert read | {"stale_manifest_ids"} == set(parameters)
    added = {name for name, found in parameters.items() if found.optional}
    assert added == {"fingerprint", "stale_manifest_ids"}
