"""The run store: the same class on SQLite and on a real MariaDB."""

import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading

import pytest
import sqlalchemy as sa

from components.dashboard.silo.location import file_name
from components.errors import SettingsError
from components.store import Store
from pipelines import summary
from pipelines.places import Places
from pipelines.runs import store
from pipelines.runs.store import RunStore
from pipelines.summary import Summary
from tests.pipelines import past
from tests.pipelines.runs.conftest import FIRST, PAGE, SECOND, ended, silo


@pytest.fixture
def runs(store_url):
    return RunStore(store_url, "flights")


def start(runs, run_id, span="latest"):
    runs.start(summary.of_start(run_id, runs.use_case, span))


def test_a_run_is_seen_from_its_start_and_its_end_takes_that_place(runs, store_url):
    start(runs, "a")
    assert runs.find("a") == summary.of_start("a", "flights", "")
    done = ended("a", reasons=("Süd-東京 zählt nicht",), silos=(silo("süd"),))
    for _ in range(2):  # a step that is tried again changes nothing
        runs.finish(done)
    again = RunStore(store_url, "flights")
    assert again.summaries() == [done]
    start(runs, "a", "2013-11")  # the whole run is tried again
    assert runs.find("a").status == "running"
    assert runs.figures("a") is None


def test_summaries_come_oldest_first_with_those_that_run(runs):
    for run_id in "bac":
        start(runs, run_id)
    runs.finish(ended("a"))
    runs.finish(ended("b", status="failed"))
    assert [(one.run_id, one.status) for one in runs.summaries()] == [
        ("b", "failed"),
        ("a", "blessed"),
        ("c", "running"),
    ]
    assert [runs.find(name).run_id for name in ("", "latest", "b")] == ["c", "c", "b"]


def test_a_summary_of_another_version_is_left_out_by_name(runs, caplog, monkeypatch):
    runs.finish(ended("a"))
    monkeypatch.setattr(Summary, "to_json", lambda _: '{"run_id": "b"}')
    runs.finish(ended("b"))
    assert [one.run_id for one in runs.summaries()] == ["a"]
    assert "run b: found a fault in `use_case`" in caplog.text
    assert "this run is left out" in caplog.text


def test_use_cases_in_one_store_know_nothing_of_each_other(runs, store_url):
    assert store.known(store_url) == []
    start(runs, "b")
    runs.finish(ended("b", silos=(silo("north"),)))
    other = RunStore(store_url, "census")
    assert (other.summaries(), other.silos()) == ([], {})
    start(other, "b")
    assert runs.find("b").status == "blessed"
    assert store.known(store_url) == [("flights", "b"), ("census", "b")]


def test_a_summary_larger_than_the_servers_packet_is_kept_whole(runs, store_url):
    noise = os.urandom(3_000_000).hex()  # nearly nothing to compress
    runs.finish(ended("a", reasons=(noise,)))
    assert runs.find("a").reasons == (noise,)
    if store_url.startswith("mysql"):
        with Store(store_url, sa.MetaData()).begin() as connection:
            packet = connection.scalar(sa.text("SELECT @@max_allowed_packet"))
        assert packet < len(noise) // 2


def test_runs_at_once_and_attempts_of_one_step_do_not_mix(store_url):
    together = threading.Barrier(4)

    def live(number):
        runs = RunStore(store_url, "flights")
        for turn in range(3):
            together.wait(30)
            start(runs, f"run {number}")
            runs.finish(ended(f"run {number}", span=str(turn)))
            runs.finish(ended("shared", reasons=(f"{number}" * 400_000,)))

    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        list(threads.map(live, range(4)))
    found = {one.run_id: one for one in RunStore(store_url, "flights").summaries()}
    assert len(found) == 5
    assert {found[f"run {n}"].span for n in range(4)} == {"2"}
    assert len(set(found["shared"].reasons[0])) == 1


def test_the_silos_are_those_of_the_latest_runs_that_named_any(runs):
    assert runs.silos() == {}
    runs.finish(ended("old", silos=(silo("west"),)))
    for number in range(store.RECENT - 1):
        runs.finish(ended(f"run {number}", silos=(silo("north"), silo("süd"))))
    for number in range(store.RECENT):
        runs.finish(ended(f"fault {number}", status="failed"))
    start(runs, "now")
    assert list(runs.silos()) == ["north", "süd", "west"]
    assert runs.silos()["west"] == ("old", silo("west"))
    runs.finish(ended("last", status="below_quorum", silos=(silo("north"),)))
    assert (list(runs.silos()), runs.silos()["north"][0]) == (["north", "süd"], "last")


# ---- runs of this machine, and pages ---------------------------------------


def test_a_local_run_has_its_summary_in_the_store_and_in_its_folder(two_runs):
    assert [one.run_id for one in two_runs.runs.summaries()] == [FIRST, SECOND]
    path = Places(two_runs.folder).runs / SECOND / "summary.json"
    assert json.loads(path.read_text(encoding="utf-8"))["worst_silo"]["silo"] == "F9"
    assert two_runs.runs.place == str(two_runs.folder)
    assert two_runs.runs.figures(SECOND)["value"].to_pylist()[0] == 0.7
    with pytest.raises(SettingsError) as caught:
        two_runs.runs.find("x")
    assert caught.value.message == (
        f"run x of `flights`: found no summary of it in {two_runs.folder}; known: "
        f"{FIRST}, {SECOND}"
    )


def test_asking_makes_no_database(output):
    assert (output.runs.summaries(), output.runs.silos()) == ([], {})
    with pytest.raises(SettingsError, match="found no run yet in ") as caught:
        output.runs.find()
    assert caught.value.hint == (
        "start one with `fairsilo run flights`, or give --output where they were "
        "written elsewhere"
    )
    assert not output.folder.exists()


def test_pages_are_files_found_through_the_store_wherever_the_folder_lies(
    two_runs, tmp_path
):
    runs = two_runs.runs
    page = runs.pages()[SECOND]
    assert page.read_text(encoding="utf-8") == PAGE
    assert runs.required_page(runs.find(SECOND)) == page
    moved = two_runs.folder.rename(tmp_path / "moved")
    mounted = RunStore(f"sqlite:///{moved}/operator.sqlite", "flights", moved)
    assert mounted.pages()[SECOND].is_relative_to(moved)
    unreachable = RunStore(mounted.url, "flights")
    assert unreachable.pages() == {}
    with pytest.raises(SettingsError, match="found no page at ") as caught:
        unreachable.required_page(unreachable.last_with_page())
    assert "mount it, and give with --output its folder of `flights`" in (
        caught.value.hint
    )


def test_a_silos_page_lies_beside_the_runs_page(two_runs):
    runs = two_runs.runs
    second = runs.find(SECOND)
    with pytest.raises(SettingsError, match=r"silo `F9` in run .*: found no page at"):
        runs.required_page(second, "F9")
    page = runs.pages()[SECOND].parent / "silos" / file_name("F9")
    page.write_text("for F9")
    assert runs.required_page(second, "F9") == page
    with pytest.raises(SettingsError, match="found no such silo among the 4 of run"):
        runs.required_page(second, "ZZ")


def test_the_last_run_with_a_page_is_found_behind_failed_ones(two_runs):
    past.failed(Places(two_runs.folder), "third")
    assert two_runs.runs.last_with_page().run_id == SECOND
    with pytest.raises(SettingsError, match="run third has no page: it wrote none"):
        two_runs.runs.required_page(two_runs.runs.find("third"))


def test_an_evaluation_outlives_the_artifacts_that_it_is_of(output):
    done = past.evaluated(Places(output.folder), "a", 0.67)
    pathlib.Path(str(done.blessing), "decision.json").unlink()
    kept = output.runs.evaluation(output.runs.find("a"))
    assert kept.figures == past.FIGURES
    assert kept.decision.reasons == done.reasons
    failed = past.failed(Places(output.folder), "b")
    with pytest.raises(SettingsError, match=r"no evaluation .* \(the disk is full\)"):
        output.runs.evaluation(failed)


# ---- killed runs -----------------------------------------------------------

RUN = """
import os, pathlib, signal, sys
from pipelines import summary
from pipelines.runs.store import RunStore
from pipelines.summary import Summary

runs = RunStore("", "flights", pathlib.Path(sys.argv[1]))
with runs.running(summary.of_start("a", "flights", "latest")):
    print("started", flush=True)
    if sys.argv[2] == "wait":
        sys.stdin.read()
    runs.finish(summary.Summary("a", "flights", "7", "blessed"))
"""


def run(folder, how):
    command = [sys.executable, "-c", RUN, str(folder), how]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "started\n"
    return process


def test_a_killed_run_is_recorded_as_failed_with_a_summary_in_its_folder(output):
    process = run(output.folder, "wait")
    assert output.runs.find("a").status == "running"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (found,) = output.runs.summaries()
    assert (found.status, found.span) == ("failed", "")
    assert "its process was killed before the run ended" in found.reasons[0]
    folder = Places(output.folder).runs / "a"
    assert json.loads((folder / "summary.json").read_text())["status"] == "failed"


def test_a_run_that_ended_leaves_its_summary_alone(output):
    run(output.folder, "end").communicate()
    assert output.runs.find("a").status == "blessed"
    folder = Places(output.folder).runs / "a"
    assert [path.name for path in folder.iterdir()] == ["summary.json"]
