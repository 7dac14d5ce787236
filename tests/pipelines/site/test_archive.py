"""Runs of this machine and of a store; what is gone is none, not an error."""

import pathlib
import shutil

import pytest

from pipelines.run_store import RunStore
from pipelines.site.archive import StoredArchive
from tests.pipelines.site.conftest import FIRST, PAGE, figure, told


@pytest.fixture
def run(output):
    return output.add(FIRST, [figure("auc", 0.7)])


def metrics(archive, run):
    return archive.figures(run).to_pydict()["metric"]


def test_a_run_of_this_machine(output, run):
    archive = output.archive
    assert archive.summaries() == [run]
    assert archive.page(run) == PAGE
    assert archive.page_file(run) == pathlib.Path(run["dashboard"])
    assert metrics(archive, run) == ["auc"]


def test_silo_pages_are_those_beside_the_runs_page(output, run):
    assert output.archive.silo_pages(run) == {}
    folder = pathlib.Path(run["dashboard"]).parent / "silos"
    folder.mkdir()
    for name in ("a.html", "b.html", "notes.txt"):
        (folder / name).write_text(name)
    assert output.archive.silo_pages(run) == {
        "a.html": folder / "a.html",
        "b.html": folder / "b.html",
    }


def test_what_is_gone_is_none(output, run):
    shutil.rmtree(output.folder / "pipeline")
    archive = output.archive
    assert archive.summaries() == [run]
    assert archive.page(run) is None
    assert archive.page_file(run) is None
    assert archive.silo_pages(run) == {}
    assert archive.figures(run) is None


def test_a_cut_off_table_is_none(output, run):
    table = pathlib.Path(run["evaluation"], "table.parquet")
    table.write_bytes(table.read_bytes()[:-9])
    assert output.archive.figures(run) is None


@pytest.mark.parametrize("told_of", [{"evaluation": None}, {}])
def test_a_run_that_was_never_evaluated_has_none(output, told_of):
    assert output.archive.figures(told("run-1", **told_of)) is None


def test_a_run_of_a_store(tmp_path, output, run):
    store = RunStore(f"sqlite:///{tmp_path}/store.db", "flights")
    table = pathlib.Path(run["evaluation"], "table.parquet").read_bytes()
    store.finish(run, PAGE, table)
    store.start("second", "latest")
    archive = StoredArchive(store)
    assert [one["run_id"] for one in archive.summaries()] == [FIRST, "second"]
    assert archive.page(run) == PAGE
    assert archive.page_file(run) is None
    assert archive.silo_pages(run) == {}
    assert metrics(archive, run) == ["auc"]
    assert archive.page(told("second")) is None
    assert archive.figures(told("second")) is None
