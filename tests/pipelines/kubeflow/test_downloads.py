"""What of a run can be had is written; what can't is said."""

import json

from pipelines.kubeflow import downloads, runs
from pipelines.runs.store import RunStore
from pipelines.summary import Summary


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


def test_summary_and_pages_come_through_the_run_store(tmp_path):
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    page = tmp_path / "flights" / "index.html"
    (page.parent / "silos").mkdir(parents=True)
    (page.parent / "silos" / "f9-01.html").write_text("this is F9")
    page.write_text("the page")
    ended = Summary("r1", "flights", "2013-11", "blessed", dashboard=str(page))
    RunStore(store, "flights").finish(ended)
    folder = tmp_path / "run"
    for _ in range(2):
        written, missing = downloads.from_store(store, "flights", "r1", folder)
        assert {path.name for path in written} == {"summary.json", "page.html", "silos"}
        assert missing == []
    assert json.loads((folder / "summary.json").read_text())["run_id"] == "r1"
    assert (folder / "silos" / "f9-01.html").read_text() == "this is F9"
    page.unlink()
    written, missing = downloads.from_store(store, "flights", "r1", tmp_path / "more")
    assert [path.name for path in written] == ["summary.json"]
    assert "left none that can be read here" in missing[0]


def test_a_run_that_the_store_lacks_writes_nothing(tmp_path):
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    assert downloads.from_store(store, "flights", "r1", tmp_path / "run")[0] == []
