"""A run does not build on artifacts, splits or models of which files were deleted."""

import pathlib
import shutil

import pytest
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline

from components import digests
from components.payloads.manifest import Manifest
from components.silo_example_gen import discovery
from components.silo_example_gen.component import SiloExampleGen
from pipelines.runners import integrity, local
from pipelines.runners.results import NodeResult
from tests.support import silos


class Runs:
    """Runs SiloExampleGen again and again over one output folder."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self.number = folder, 0
        silos.federation(folder / "data")
        (folder / "schema.pbtxt").write_text(silos.SCHEMA)

    def run(self):
        """Run it, and return the manifest and whether the cache answered."""
        self.number += 1
        schema = ImportSchemaGen(schema_file=str(self.folder / "schema.pbtxt"))
        node = SiloExampleGen(
            schema=schema.outputs["schema"],
            settings=silos.source(self.folder / "data"),
            use_case="shapes",
            span=discovery.LATEST,
            homes=str(self.folder / "silos"),
            purpose=discovery.TRAIN,
        )
        connection = metadata.sqlite_metadata_connection_config(
            str(self.folder / "metadata.sqlite")
        )
        pipeline = Pipeline(
            "shapes",
            str(self.folder / "pipeline"),
            components=[schema, node],
            enable_cache=True,
            metadata_connection_config=connection,
        )
        log = self.folder / "log.txt"
        found = local.run(pipeline, f"run-{self.number}", lambda _: None, log)
        result = found["SiloExampleGen"]
        return Manifest.read(result.outputs["examples"]), result.cached

    def is_whole(self, found) -> bool:
        return all(
            digests.of_file(file.path) == file.digest
            for entry in found
            for file in entry.files()
        )


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


DAMAGES = [
    ("silos", shutil.rmtree),
    ("silos/north", shutil.rmtree),
    ("silos/north/splits", shutil.rmtree),
    ("silos/north/splits/*/train.parquet", pathlib.Path.unlink),
    ("silos/*/splits/*/eval.parquet", cut),
    ("pipeline", shutil.rmtree),
    ("pipeline/SiloExampleGen/examples/*", shutil.rmtree),
    ("pipeline/SiloExampleGen/examples/*/manifest.json", pathlib.Path.unlink),
    ("pipeline/SiloExampleGen/examples/*/manifest.json", cut),
    ("pipeline/SiloExampleGen/examples/*/egress.json", pathlib.Path.unlink),
    ("metadata.sqlite", pathlib.Path.unlink),
]


@pytest.mark.beam
@pytest.mark.parametrize(("pattern", "damage"), DAMAGES)
def test_what_was_deleted_or_cut_is_made_again_by_the_next_run(runs, pattern, damage):
    first, _ = runs.run()
    assert runs.run() == (first, True)
    for path in list(runs.folder.glob(pattern)):
        damage(path)
    again, cached = runs.run()
    assert (again, cached) == (first, False)
    assert runs.is_whole(again)
    assert runs.run() == (again, True)


@pytest.mark.beam
def test_what_another_node_wrote_is_put_aside_too(runs):
    runs.run()
    model = artifact(runs.folder / "pipeline" / "Trainer" / "model" / "1")
    (model / "a.json").unlink()
    runs.run()
    assert not model.exists()


def artifact(folder):
    (folder / "eval").mkdir(parents=True)
    (folder / "a.json").write_text("{}")
    (folder / "eval" / "b").write_text("content")
    note(folder)
    return folder


def note(folder, cached=False):
    outputs = {"a": folder, "b": folder.parent / "gone"}
    integrity.record_files(NodeResult("Node", 0.0, cached, outputs))


def test_a_folder_that_lost_a_file_is_put_aside_and_told(tmp_path, caplog):
    sound, lost, short, more, unlisted = (
        artifact(tmp_path / "Node" / "output" / name) for name in "12345"
    )
    (lost / "eval" / "b").unlink()
    (short / "a.json").write_text("")
    (more / "of a person").write_text("stays")
    (unlisted / integrity.LIST).unlink()
    (unlisted / "a.json").unlink()
    integrity.set_damaged_aside([tmp_path / "Node", tmp_path / "NeverRan"])
    left = sorted(path.name for path in (tmp_path / "Node" / "output").iterdir())
    assert [name.split("-")[0] for name in left] == [
        *("1", "2.damaged", "3.damaged", "4", "5")
    ]
    told = " ".join(caplog.messages)
    assert f"{lost}: `eval/b` is lost or cut; its node runs again" in told
    assert f"{short}: `a.json` is lost or cut" in told
    integrity.set_damaged_aside([tmp_path / "Node"])
    assert sorted(p.name for p in (tmp_path / "Node" / "output").iterdir()) == left
    assert sound.is_dir()


def test_a_list_is_that_of_the_execution_that_wrote_the_files(tmp_path):
    folder = artifact(tmp_path / "Node" / "output" / "1")
    before = (folder / integrity.LIST).read_bytes()
    (folder / "a.json").write_text("changed")
    note(folder, cached=True)
    assert (folder / integrity.LIST).read_bytes() == before
    note(folder)  # with new metadata ids begin at 1 again
    assert (folder / integrity.LIST).read_bytes() != before
    (folder / integrity.LIST).unlink()
    note(folder, cached=True)
    assert (folder / integrity.LIST).exists()
