"""Runs and their pages: of this machine, and of a cluster's store."""

import json
import os
import pathlib
import shutil

import pytest

from components.dashboard.silo.page import file_name
from components.errors import FairSiloError
from pipelines import summary
from pipelines.past_runs import silo_pages
from pipelines.places import Places
from pipelines.run_store import RunStore
from tests.pipelines.site.conftest import FIRST, SECOND, output, silo, two_runs
from tests.support.program import fairsilo, project, wait_until

__all__ = ["output", "two_runs"]  # fixtures

PAGE = "<h1>Süd-東京</h1>".encode()


def ended(run_id):
    told = summary.of_failure(
        run_id, "flights", "2013-11", FairSiloError("no quorum"), {}
    )
    return {**told, "status": "below_quorum"}


@pytest.fixture(autouse=True)
def _project(tmp_path):
    project(tmp_path)


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
    done = fairsilo("report", "open", "flights", "first", output, folder=tmp_path)
    assert done.stdout == f"{page}\n"
    wait_until(opened.exists)
    assert opened.read_text() == f"{page}\n"


def test_without_a_run_the_site_is_built_and_opened(two_runs, tmp_path, opened):
    output = f"--output={two_runs.folder}"
    done = fairsilo("report", "open", "flights", output, folder=tmp_path)
    index = two_runs.folder / "site" / "index.html"
    assert (done.returncode, done.stdout) == (0, f"{index}\n"), done.stderr
    wait_until(opened.exists)
    assert opened.read_text() == f"{index}\n"
    assert SECOND in index.read_text(encoding="utf-8")


def test_the_site_is_built_where_it_is_asked_for(two_runs, tmp_path):
    output = f"--output={two_runs.folder}"
    done = fairsilo(
        "report", "build", "flights", output, "--to=public", folder=tmp_path
    )
    index = tmp_path / "public" / "index.html"
    assert (done.returncode, done.stdout) == (0, f"{index}\n"), done.stderr
    assert (tmp_path / "public" / "runs" / FIRST / "index.html").is_file()
    assert not (two_runs.folder / "site").exists()


def test_a_clusters_site_is_built_from_its_store(cluster, tmp_path):
    cluster.finish(ended("first"), PAGE)
    done = fairsilo("report", "build", "flights", folder=tmp_path)
    site = tmp_path / "build" / "flights" / "site"
    assert (done.returncode, done.stdout) == (0, f"{site / 'index.html'}\n")
    assert (site / "runs" / "first" / "index.html").read_bytes() == PAGE


def test_a_site_before_any_run_is_no_error(tmp_path):
    done = fairsilo("report", "build", "flights", folder=tmp_path)
    index = tmp_path / "build" / "flights" / "site" / "index.html"
    assert (done.returncode, done.stdout) == (0, f"{index}\n"), done.stderr
    assert "use case `flights`: found no run yet in " in done.stderr
    listed = fairsilo("report", "list", "flights", folder=tmp_path)
    assert (listed.returncode, listed.stdout) == (0, "")
    assert "; start one with `fairsilo run flights`, or give --output" in listed.stderr


@pytest.mark.parametrize("command", ["open", "build", "list", "show"])
def test_a_wrong_use_case_is_refused_and_nothing_made(tmp_path, command):
    done = fairsilo("report", command, "nope", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        f"use case `nope`: found no pipelines/nope/settings.yaml in {tmp_path} or "
        "above, nor a run of "
    ) in done.stderr
    assert "; known: census, flights\n" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"pipelines", "schemas"}


def test_a_use_case_may_be_in_the_store_alone(cluster, tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    RunStore(url, "loans").finish({**ended("other"), "use_case": "loans"}, PAGE)
    listed = fairsilo("report", "list", "loans", "--json", folder=tmp_path)
    assert [one["run_id"] for one in json.loads(listed.stdout)] == ["other"]
    shown = fairsilo("report", "show", "other", folder=tmp_path)
    assert "loans" in shown.stdout, shown.stderr
    wrong = fairsilo("report", "list", "nope", folder=tmp_path)
    assert wrong.returncode == 2
    assert "; known: census, flights, loans\n" in wrong.stderr


def test_a_run_is_shown_and_opened_by_its_id_alone(tmp_path, opened):
    page = tmp_path / "page.html"
    page.write_bytes(PAGE)
    told = {**ended("20131101-000000-x"), "dashboard": str(page)}
    for folder in (tmp_path / "build" / "flights", tmp_path / "other"):
        summary.write(told, Places(folder))
    for more in ([], [f"--output={tmp_path / 'other'}"]):
        shown = fairsilo("report", "show", told["run_id"], *more, folder=tmp_path)
        assert "no quorum" in shown.stdout, shown.stderr
    done = fairsilo("report", "open", told["run_id"], folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{page}\n"), done.stderr
    wait_until(opened.exists)
    wrong = fairsilo("report", "show", "20131101-000000-y", folder=tmp_path)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "nor a run of that id; known: census, flights\n" in wrong.stderr
    assert "`fairsilo report list USE_CASE` lists the runs" in wrong.stderr


def test_a_run_that_failed_shows_no_empty_tables_and_no_page(tmp_path):
    places = Places(tmp_path / "build" / "flights")
    error = FairSiloError("the disk is full")
    summary.write(summary.of_failure("first", "flights", "2013-05", error, {}), places)
    shown = fairsilo("report", "show", "flights", folder=tmp_path).stdout
    assert shown == "flights 2013-05: failed\nthe disk is full\n"


def test_a_silos_own_page_is_opened(two_runs, tmp_path, opened):
    second = two_runs.runs.summaries()[-1]
    page = pathlib.Path(second["dashboard"]).parent / "silos" / file_name("F9")
    page.parent.mkdir()
    page.write_text("for F9")
    output = f"--output={two_runs.folder}"
    for more in ([], [SECOND]):
        done = fairsilo(
            "report", "open", "flights", *more, "--silo=F9", output, folder=tmp_path
        )
        assert (done.returncode, done.stdout) == (0, f"{page}\n"), done.stderr
    written = tmp_path / "for-f9.html"
    done = fairsilo(
        "report",
        "open",
        "flights",
        "--silo=F9",
        f"-o{written}",
        output,
        folder=tmp_path,
    )
    assert done.stdout == f"{written}\n"
    assert written.read_text() == "for F9"


def test_a_silos_page_is_of_the_last_run_that_has_a_page(two_runs, tmp_path, opened):
    second = two_runs.runs.summaries()[-1]
    page = pathlib.Path(second["dashboard"]).parent / "silos" / file_name("F9")
    page.parent.mkdir()
    page.write_text("for F9")
    error = FairSiloError("the disk is full")
    summary.write(
        summary.of_failure("third", "flights", "2013-12", error, {}), two_runs.places
    )
    output = f"--output={two_runs.folder}"
    done = fairsilo("report", "open", "flights", "--silo=F9", output, folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{page}\n"), done.stderr
    assert done.stderr == f"run third has no page: this is of run {SECOND}\n"
    wait_until(opened.exists)


def test_a_silo_without_a_page_is_told_so(two_runs, tmp_path):
    done = fairsilo(
        *("report", "open", "flights", FIRST, "--silo=F9"),
        f"--output={two_runs.folder}",
        folder=tmp_path,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        f"silo `F9`: found no page of it beside the page of run {FIRST} in "
        f"{two_runs.folder}, expected one; it was deleted"
    ) in done.stderr
    assert "run that span again" in done.stderr


@pytest.fixture
def silos_on_the_cluster(cluster, tmp_path):
    """A run in the store with the pages of two silos, none of them on this machine."""
    pages = tmp_path / "pages"
    pages.mkdir()
    for name in ("F9", "Süd-東京"):
        (pages / file_name(name)).write_text(f"for {name}", encoding="utf-8")
    told = {**ended("first"), "silos": [silo("F9"), silo("Süd-東京")]}
    cluster.finish(told, PAGE, silo_pages=silo_pages.pack(pages))
    shutil.rmtree(pages)


def test_a_silos_stored_page_is_opened_like_one_of_this_machine(
    silos_on_the_cluster, tmp_path, opened, monkeypatch
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = ("report", "open", "flights")
    done = fairsilo(*command, "--silo=F9", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    page = pathlib.Path(done.stdout.strip())
    assert (page.parent, page.read_text()) == (tmp_path, "for F9")
    wait_until(opened.exists)
    assert opened.read_text() == f"{page}\n"
    written = tmp_path / "handed over" / "süd.html"
    done = fairsilo(
        *command, "first", "--silo=Süd-東京", f"-o{written}", folder=tmp_path
    )
    assert (done.returncode, done.stdout) == (0, f"{written}\n"), done.stderr
    assert written.read_text(encoding="utf-8") == "for Süd-東京"


def test_a_silo_that_no_stored_page_is_of_is_told_so(silos_on_the_cluster, tmp_path):
    done = fairsilo("report", "open", "flights", "--silo=ZZ", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        "silo `ZZ`: found no such silo among the 2 that run first tells of"
    ) in done.stderr
    assert "`fairsilo report show flights first` lists them" in done.stderr


def test_silo_pages_of_a_run_that_kept_none_in_the_store_are_missed(cluster, tmp_path):
    cluster.finish({**ended("first"), "silos": [silo("F9")]}, PAGE)
    done = fairsilo("report", "open", "flights", "--silo=F9", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "in the store at " in done.stderr
    assert "that run's version of FairSilo kept none" in done.stderr


def test_a_clusters_site_has_the_pages_of_its_silos(silos_on_the_cluster, tmp_path):
    done = fairsilo("report", "build", "flights", "--to=public", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "public" / "runs" / "first" / "silos"
    assert {
        path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()
    } == {file_name(name): f"for {name}" for name in ("F9", "Süd-東京")}


def test_two_runs_are_compared_for_people(two_runs, tmp_path):
    output = f"--output={two_runs.folder}"
    done = fairsilo("report", "diff", "flights", FIRST, SECOND, output, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    silos = done.stdout[done.stdout.index("AUC by silo") :].splitlines()
    assert silos[2].split()[:4] == ["F9", "0.7020", "0.5710", "-0.1310"]
    assert "sex: Female" in done.stdout
    assert "Variance of AUC, over the silos" in done.stdout
    assert done.stdout.startswith("Sure changes first, and biggest losses before gains")


def test_a_run_compared_with_itself_is_told_so(two_runs, tmp_path):
    output = f"--output={two_runs.folder}"
    done = fairsilo("report", "diff", "flights", FIRST, FIRST, output, folder=tmp_path)
    assert done.stdout.startswith(f"{FIRST}: the same run twice, so nothing differs\n")


def test_a_waived_run_without_a_span_is_shown_as_such(cluster, tmp_path):
    waiver = {"passed": False, "waived": True, "waived_by": "A. Reviewer"}
    gates = [{"gate": gate, **waiver} for gate in ("silo_floor", "silo_gap")]
    told = {**ended("first"), "status": "blessed", "gates": gates, "span": ""}
    cluster.finish(told, PAGE)
    shown = fairsilo("report", "show", "flights", "first", folder=tmp_path).stdout
    assert "flights first: blessed, 2 gates waived by A. Reviewer\n" in shown
    assert "on held-out rows\n" in shown
    listed = fairsilo("report", "list", "flights", folder=tmp_path).stdout
    assert "blessed, 2 gates" in " ".join(listed.split())


def test_two_runs_are_compared_for_scripts(two_runs, tmp_path):
    done = fairsilo(
        *("report", "diff", "flights", FIRST, SECOND, "--json"),
        f"--output={two_runs.folder}",
        folder=tmp_path,
    )
    found = json.loads(done.stdout)
    assert (found["before"], found["after"]) == (FIRST, SECOND)
    worst = found["changes"][0]
    assert (worst["silo"], worst["metric"]) == ("F9", "auc")
    assert worst["change"] == pytest.approx(-0.131)
    assert (worst["rows_before"], worst["rows_after"]) == (50, 50)


def test_an_unknown_run_is_not_compared(two_runs, tmp_path):
    output = f"--output={two_runs.folder}"
    done = fairsilo("report", "diff", "flights", FIRST, "x", output, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"run x of `flights`: found no summary of it in {two_runs.folder}" in (
        done.stderr
    )
    assert f"known: {FIRST}, {SECOND}" in done.stderr


def test_runs_without_figures_are_not_compared(cluster, tmp_path):
    cluster.finish(ended("first"), PAGE)
    done = fairsilo("report", "diff", "flights", "first", "first", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "run first: found no figures of its evaluation, which are gone" in (
        done.stderr
    )
    assert "fairsilo report list" in done.stderr


def test_folders_here_and_a_store_are_not_mixed(cluster, tmp_path):
    for command in ("build", "open"):
        done = fairsilo("report", command, "flights", "--output=x", folder=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert "found --output beside a store" in done.stderr


def test_a_run_without_a_page_is_told_so(cluster, tmp_path):
    cluster.finish(ended("first"), None)
    done = fairsilo("report", "open", "flights", "first", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "has no page: it wrote none, or it was deleted" in done.stderr


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
