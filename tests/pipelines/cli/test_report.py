"""Runs and their pages: of this machine, and of a cluster's store."""

import json
import os
import pathlib

import pytest

from components.errors import FairSiloError
from pipelines import summary
from pipelines.places import Places
from pipelines.run_store import RunStore
from tests.support.program import fairsilo, wait_until

PAGE = "<h1>Süd-東京</h1>".encode()


def ended(run_id):
    told = summary.of_failure(
        run_id, "flights", "2013-11", FairSiloError("no quorum"), {}
    )
    return {**told, "status": "below_quorum"}


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """The file that tells what the desktop was asked to open."""
    told = tmp_path / "opened"
    program = tmp_path / "bin" / "xdg-open"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$1" > {told}.new; mv {told}.new {told}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return told


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """The runs in a store that the environment names."""
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("FAIRSILO_STORE", url)
    return RunStore(url, "flights")


def test_runs_of_a_store_are_listed_and_shown(cluster, tmp_path):
    cluster.finish(ended("first"), PAGE)
    cluster.start("second", "latest")
    done = fairsilo("report", "list", "flights", "--json", folder=tmp_path)
    assert [(one["run_id"], one["status"]) for one in json.loads(done.stdout)] == [
        ("first", "below_quorum"),
        ("second", "running"),
    ]
    shown = fairsilo("report", "show", "flights", "first", folder=tmp_path)
    assert "no quorum" in shown.stdout
    last = fairsilo("report", "show", "flights", folder=tmp_path)
    assert "flights latest: running" in last.stdout
    assert list(tmp_path.glob("build*")) == []


def test_a_stored_page_is_written_to_a_file_and_opened(cluster, tmp_path, opened):
    cluster.finish(ended("first"), PAGE)
    written = tmp_path / "pages" / "first.html"
    done = fairsilo("report", "open", "flights", f"-o{written}", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{written}\n"), done.stderr
    assert written.read_bytes() == PAGE
    wait_until(opened.exists)
    assert opened.read_text() == f"{written}\n"


def test_a_stored_page_is_opened_from_a_file_of_its_own(
    cluster, tmp_path, opened, monkeypatch
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    cluster.finish(ended("first"), PAGE)
    done = fairsilo("report", "open", "flights", "first", folder=tmp_path)
    page = pathlib.Path(done.stdout.strip())
    assert (page.parent, page.read_bytes()) == (tmp_path, PAGE)
    wait_until(opened.exists)
    assert opened.read_text() == f"{page}\n"


def test_a_page_of_this_machine_is_opened_where_it_is(tmp_path, opened):
    page = tmp_path / "page.html"
    page.write_bytes(PAGE)
    told = {**ended("first"), "dashboard": str(page)}
    summary.write(told, Places(tmp_path / "out"))
    output = f"--output={tmp_path / 'out'}"
    done = fairsilo("report", "open", "flights", output, folder=tmp_path)
    assert done.stdout == f"{page}\n"
    wait_until(opened.exists)
    assert opened.read_text() == f"{page}\n"


def test_a_run_without_a_page_is_told_so(cluster, tmp_path):
    cluster.finish(ended("first"), None)
    done = fairsilo("report", "open", "flights", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: this run wrote no page" in done.stderr


def test_a_run_that_the_store_lacks_is_told_with_those_it_has(mariadb, tmp_path):
    url = mariadb.database()
    RunStore(url, "flights").start("first", "latest")
    done = fairsilo("report", "show", "flights", "x", f"--store={url}", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        "run x of `flights`: found no summary of it in the store at "
        f"127.0.0.1:{mariadb.port}; known: first"
    ) in done.stderr
    assert "fairsilo kubeflow run flights" in done.stderr
    assert mariadb.password not in done.stderr


def test_a_password_shows_neither_in_help_nor_in_a_refusal(
    mariadb, tmp_path, monkeypatch
):
    wrong = "hunter2"
    monkeypatch.setenv("FAIRSILO_STORE", mariadb.url("x", password=wrong))
    shown = fairsilo("report", "list", "--help", folder=tmp_path)
    refused = fairsilo("report", "list", "flights", folder=tmp_path)
    assert "FAIRSILO_STORE" in shown.stdout
    assert refused.returncode == 2
    assert "it refuses user `fairsilo` or the password" in refused.stderr
    assert wrong not in shown.stdout + shown.stderr + refused.stdout + refused.stderr
