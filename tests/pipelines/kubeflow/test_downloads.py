"""What of a run can be had is written; what can't is said."""

import json

import pytest

from pipelines import summary
from pipelines.kubeflow import downloads, runs
from pipelines.past_runs import silo_pages
from pipelines.run_store import RunStore


def test_logs_and_the_run_are_written_and_missing_logs_told(
    kfp, connection, run, tmp_path
):
    workflow = kfp.state.workflows[run.run_id]
    workflow.step("open-run", "SUCCEEDED", b"opened\n")
    workflow.step("silo-example-gen", "FAILED", b"fell over\n", attempts=2)
    kfp.state.end(run.run_id, "FAILED")
    found = runs.get(connection, run.run_id)
    written, missing = downloads.download(connection, found, tmp_path / "run")
    assert (tmp_path / "run" / "logs" / "open-run.log").read_bytes() == b"opened\n"
    assert (tmp_path / "run/logs/silo-example-gen.log").read_bytes() == b"fell over\n"
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (told["run_id"], told["state"]) == (run.run_id, "FAILED")
    assert {path.name for path in written} == {
        "run.json",
        "open-run.log",
        "silo-example-gen.log",
    }
    assert len(missing) == 3
    assert all("has not begun" in sentence for sentence in missing)


@pytest.mark.parametrize("page", [b"<html>page</html>", None])
def test_page_and_summary_come_from_the_operators_store(tmp_path, page):
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    told = summary.of_failure("r1", "flights", "2013-11", ValueError("x"), {})
    RunStore(store, "flights").finish(told, page)
    folder = tmp_path / "run"
    written = downloads.from_store(store, "flights", "r1", folder)
    names = {"summary.json", "page.html"} if page else {"summary.json"}
    assert {path.name for path in written} == names
    assert json.loads((folder / "summary.json").read_text())["run_id"] == "r1"
    if page:
        assert (folder / "page.html").read_bytes() == page


def test_silo_pages_come_from_the_operators_store_into_a_folder(tmp_path):
    (tmp_path / "pages").mkdir()
    for name in ("f9-01.html", "aa-02.html"):
        (tmp_path / "pages" / name).write_text(f"this is {name}")
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    told = summary.of_failure("r1", "flights", "2013-11", ValueError("x"), {})
    packed = silo_pages.pack(tmp_path / "pages")
    RunStore(store, "flights").finish(told, b"page", silo_pages=packed)
    folder = tmp_path / "run"
    for _ in range(2):
        written = downloads.from_store(store, "flights", "r1", folder)
        assert folder / "silos" in written
    assert {path.name: path.read_text() for path in (folder / "silos").iterdir()} == {
        "f9-01.html": "this is f9-01.html",
        "aa-02.html": "this is aa-02.html",
    }


def test_a_run_that_the_store_lacks_writes_nothing(tmp_path):
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    assert downloads.from_store(store, "flights", "r1", tmp_path / "run") == []
