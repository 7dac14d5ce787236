"""Runs in the shared store: retried steps, runs at once, documents of any size."""

import concurrent.futures
import datetime
import os
import threading

import pytest
import sqlalchemy as sa

from components.store import Store
from pipelines import run_store
from pipelines.run_store import RunStore


def ended(run_id, span="2013-11", status="blessed", silos=()):
    return {
        "run_id": run_id,
        "use_case": "flights",
        "span": span,
        "status": status,
        "reasons": ["Süd-東京 zählt nicht"],
        "silos": [{"silo": silo} for silo in silos],
        "dashboard": "/mnt/fairsilo/flights/index.html",
    }


@pytest.fixture
def runs(store_url):
    return RunStore(store_url, "flights")


def test_a_run_is_seen_from_its_start(runs):
    runs.start("a", "latest")
    [run] = runs.running()
    assert (run.run_id, run.span, run.status) == ("a", "latest", "running")
    started = datetime.datetime.fromisoformat(run.started)
    assert started.utcoffset() == datetime.timedelta(0)
    told = runs.summary("a")
    assert (told["status"], told["span"], told["reasons"]) == ("running", "latest", [])
    assert (told["use_case"], told["silos"]) == ("flights", [])
    assert told["metrics"] == {"auc": None, "auc_next_span": None}
    assert runs.page("a") is None


def test_what_a_run_gave_is_read_back_as_it_was(runs, store_url):
    runs.start("a", "latest")
    runs.finish(ended("a"), "<h1>東京</h1>".encode())
    again = RunStore(store_url, "flights")
    assert again.summary("a") == ended("a")
    assert again.page("a") == "<h1>東京</h1>".encode()
    assert again.running() == []
    assert [(run.span, run.status) for run in again.runs()] == [("2013-11", "blessed")]


def test_an_evaluation_is_kept_whole_with_its_run(runs, store_url):
    left = {"table": b"PAR1 \x00 table", "decision": b"{}", "silo_pages": b"\xfd7zXZ"}
    runs.finish(ended("a"), b"page", **left)
    runs.finish(ended("b"), b"page")
    again = RunStore(store_url, "flights")
    assert (again.table("a"), again.decision("a")) == (b"PAR1 \x00 table", b"{}")
    assert (again.table("b"), again.decision("b")) == (None, None)
    assert (again.silo_pages("a"), again.silo_pages("b")) == (b"\xfd7zXZ", None)
    assert (again.page("a"), again.summary("a")) == (b"page", ended("a"))


def test_all_runs_of_a_store_are_known_by_use_case(runs, store_url):
    assert run_store.known(store_url) == []
    runs.start("b", "latest")
    RunStore(store_url, "census").start("a", "")
    assert run_store.known(store_url) == [("flights", "b"), ("census", "a")]


def test_an_unknown_run_has_neither_summary_nor_page(runs):
    assert (runs.summary("x"), runs.page("x"), runs.summaries()) == (None, None, [])


def test_summaries_come_oldest_first_with_those_that_run(runs):
    runs.start("b", "2013-11")
    runs.start("a", "2013-12")
    runs.start("c", "2014-01")
    runs.finish(ended("a"), None)
    runs.finish(ended("b", status="failed"), None)
    assert [(one["run_id"], one["status"]) for one in runs.summaries()] == [
        ("b", "failed"),
        ("a", "blessed"),
        ("c", "running"),
    ]


def test_a_step_that_is_tried_again_changes_nothing(runs):
    for _ in range(2):
        runs.start("a", "latest")
    for _ in range(2):
        runs.finish(ended("a"), b"page")
    assert runs.summaries() == [ended("a")]
    assert runs.page("a") == b"page"


def test_a_run_that_begins_again_runs_and_keeps_nothing_of_its_first_end(runs):
    runs.start("a", "latest")
    runs.finish(ended("a", status="failed"), b"old")
    runs.start("a", "latest")
    assert runs.summary("a")["status"] == "running"
    assert runs.page("a") is None
    runs.finish(ended("a"), None)
    assert runs.summaries() == [ended("a")]
    assert runs.page("a") is None


def test_a_run_may_end_without_having_been_seen_to_start(runs):
    runs.finish(ended("a"), b"page")
    assert runs.summary("a") == ended("a")


def test_use_cases_in_one_store_know_nothing_of_each_other(runs, store_url):
    runs.start("a", "latest")
    runs.finish(ended("a", silos=["north"]), b"page")
    other = RunStore(store_url, "census")
    assert (other.summaries(), other.page("a"), other.silos()) == ([], None, {})
    other.start("a", "latest")
    assert runs.summary("a")["status"] == "blessed"


def test_a_page_larger_than_the_servers_packet_is_kept_whole(runs, store_url):
    page = os.urandom(5_000_000)  # nothing to compress
    runs.finish(ended("a"), page, silo_pages=page[::-1])
    assert runs.page("a") == page
    assert runs.silo_pages("a") == page[::-1]
    if store_url.startswith("mysql"):
        with Store(store_url, sa.MetaData()).begin() as connection:
            packet = connection.scalar(sa.text("SELECT @@max_allowed_packet"))
        assert packet < len(page)


def test_a_summary_of_thousands_of_silos_is_kept_whole(runs):
    told = ended("a", silos=[f"silo {number}" for number in range(100_000)])
    runs.finish(told, None)
    assert runs.summary("a") == told


def test_runs_at_once_do_not_mix_nor_block_each_other(store_url):
    together = threading.Barrier(4)

    def live(run_id):
        runs = RunStore(store_url, "flights")
        for turn in range(5):
            together.wait(30)
            runs.start(run_id, "latest")
            runs.finish(ended(run_id, span=str(turn)), f"{run_id} {turn}".encode())
        return runs.page(run_id)

    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        pages = list(threads.map(live, "abcd"))
    assert pages == [b"a 4", b"b 4", b"c 4", b"d 4"]
    told = RunStore(store_url, "flights").summaries()
    assert sorted((one["run_id"], one["span"]) for one in told) == [
        (name, "4") for name in "abcd"
    ]


def test_attempts_of_one_step_at_once_leave_one_whole_page(store_url):
    together = threading.Barrier(4)
    size = 3 * run_store.PART_BYTES

    def attempt(_):
        runs = RunStore(store_url, "flights")
        page = os.urandom(size)
        together.wait(30)
        runs.finish(ended("a"), page)
        return page

    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        pages = list(threads.map(attempt, range(4)))
    runs = RunStore(store_url, "flights")
    assert runs.page("a") in pages
    assert len(runs.runs()) == 1


def test_the_silos_are_those_of_the_latest_runs_that_named_any(runs):
    assert runs.silos() == {}
    runs.finish(ended("old", silos=["west"]), None)
    for number in range(run_store.RECENT - 1):
        runs.finish(ended(f"run {number}", silos=["north", "süd"]), None)
    for number in range(run_store.RECENT):
        runs.finish(ended(f"fault {number}", status="failed"), None)
    runs.start("now", "latest")
    assert list(runs.silos()) == ["north", "süd", "west"]
    assert runs.silos()["west"] == {"silo": "west", "run_id": "old"}
    runs.finish(ended("last", status="below_quorum", silos=["north", "east"]), None)
    assert list(runs.silos()) == ["east", "north", "süd"]
    assert runs.silos()["north"]["run_id"] == "last"
