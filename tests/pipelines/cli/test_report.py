"""Runs and their pages: of this machine, and of a cluster's store."""

import json
import os

import pytest

from components.dashboard.silo.location import file_name
from pipelines import summary
from pipelines.runs.store import RunStore
from pipelines.summary import Summary
from tests.pipelines.runs.conftest import FIRST, PAGE, SECOND, output, two_runs
from tests.support.program import fairsilo, project, wait_until

__all__ = ["output", "two_runs"]  # fixtures


def ended(run_id, **more) -> Summary:
    fields = {"span": "2013-11", "status": "below_quorum", "reasons": ("no quorum",)}
    return Summary(run_id, **{"use_case": "flights", **fields, **more})


@pytest.fixture(autouse=True)
def _project(tmp_path):
    project(tmp_path)


@pytest.fixture
def report(tmp_path):
    """Runs `fairsilo report` with these arguments in the project."""
    return lambda *arguments: fairsilo("report", *arguments, folder=tmp_path)


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """The file that names what the desktop was asked to open."""
    asked = tmp_path / "opened"
    program = tmp_path / "bin" / "xdg-open"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$1" > {asked}.new; mv {asked}.new {asked}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return asked


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """The runs in a store that the environment names."""
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("FAIRSILO_STORE", url)
    return RunStore(url, "flights")


def test_runs_of_a_store_are_listed_and_shown(cluster, report, tmp_path):
    cluster.finish(ended("first"))
    cluster.start(summary.of_start("second", "flights", "latest"))
    done = report("list", "flights", "--json")
    assert [(one["run_id"], one["status"]) for one in json.loads(done.stdout)] == [
        ("first", "below_quorum"),
        ("second", "running"),
    ]
    assert "no quorum" in report("show", "flights", "first").stdout
    assert "flights second: running" in report("show", "flights").stdout
    assert list(tmp_path.glob("build*")) == []


def test_a_page_is_opened_where_it_is_or_from_a_copy(two_runs, report, opened):
    output = f"--output={two_runs.folder}"
    page = two_runs.runs.pages()[FIRST]
    done = report("open", "flights", FIRST, output)
    assert (done.returncode, done.stdout) == (0, f"{page}\n"), done.stderr
    wait_until(opened.exists)
    assert opened.read_text() == f"{page}\n"
    copy = two_runs.folder / "pages" / "last.html"
    done = report("open", "flights", f"-o{copy}", output)
    assert (done.returncode, done.stdout) == (0, f"{copy}\n"), done.stderr
    assert copy.read_text(encoding="utf-8") == PAGE


def test_the_site_is_built_where_it_is_asked_for_and_opened(
    two_runs, report, opened, tmp_path
):
    output = f"--output={two_runs.folder}"
    done = report("build", "flights", output, "--to=public")
    index = tmp_path / "public" / "index.html"
    assert (done.returncode, done.stdout) == (0, f"{index}\n"), done.stderr
    assert (tmp_path / "public" / "runs" / FIRST / "index.html").is_file()
    assert not (two_runs.folder / "site").exists()
    done = report("open", "flights", output)
    index = two_runs.folder / "site" / "index.html"
    assert (done.returncode, done.stdout) == (0, f"{index}\n"), done.stderr
    wait_until(opened.exists)
    assert SECOND in index.read_text(encoding="utf-8")


def test_a_site_before_any_run_is_no_error(report, tmp_path):
    done = report("build", "flights")
    index = tmp_path / "build" / "flights" / "site" / "index.html"
    assert (done.returncode, done.stdout) == (0, f"{index}\n"), done.stderr
    listed = report("list", "flights")
    assert (listed.returncode, listed.stdout) == (0, "")
    assert "use case `flights`: found no run yet in " in listed.stderr
    assert "; start one with `fairsilo run flights`, or give --output" in listed.stderr


@pytest.mark.parametrize("command", ["open", "build", "list", "show"])
def test_a_wrong_use_case_is_refused_and_nothing_made(report, tmp_path, command):
    done = report(command, "nope")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        f"use case `nope`: found no pipelines/nope/settings.yaml in {tmp_path} or "
        "above, nor a run of "
    ) in done.stderr
    assert "; known: census, flights\n" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"pipelines", "schemas"}


def test_a_use_case_may_be_in_the_store_alone(cluster, report):
    RunStore(cluster.url, "loans").finish(ended("other", use_case="loans"))
    listed = report("list", "loans", "--json")
    assert [one["run_id"] for one in json.loads(listed.stdout)] == ["other"]
    shown = report("show", "other")
    assert "loans" in shown.stdout, shown.stderr
    wrong = report("list", "nope")
    assert wrong.returncode == 2
    assert "; known: census, flights, loans\n" in wrong.stderr


def test_a_run_is_shown_by_its_id_alone(report, tmp_path):
    run = ended("20131101-000000-x", status="failed")
    for folder in (tmp_path / "build" / "flights", tmp_path / "other"):
        RunStore("", "flights", folder).finish(run)
    for more in ([], [f"--output={tmp_path / 'other'}"]):
        shown = report("show", run.run_id, *more)
        assert shown.stdout == "flights 2013-11: failed\nno quorum\n", shown.stderr
    wrong = report("show", "20131101-000000-y")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "nor a run of that id; known: census, flights\n" in wrong.stderr
    assert "`fairsilo report list USE_CASE` lists the runs" in wrong.stderr


def test_a_silos_own_page_is_that_of_the_last_run_with_pages(two_runs, report, opened):
    page = two_runs.runs.pages()[SECOND].parent / "silos" / file_name("F9")
    page.write_text("for F9")
    two_runs.runs.finish(ended("third", status="failed"))
    output = f"--output={two_runs.folder}"
    done = report("open", "flights", "--silo=F9", output)
    assert (done.returncode, done.stdout) == (0, f"{page}\n"), done.stderr
    assert done.stderr == f"run third has no page: this is of run {SECOND}\n"
    copy = two_runs.folder / "for-f9.html"
    done = report("open", "flights", SECOND, "--silo=F9", f"-o{copy}", output)
    assert done.stdout == f"{copy}\n"
    assert copy.read_text() == "for F9"
    none = report("open", "flights", FIRST, "--silo=F9", output)
    assert (none.returncode, none.stdout) == (2, "")
    assert f"silo `F9` in run {FIRST}: found no page at " in none.stderr
    assert "it was deleted: run that span again" in none.stderr


def test_two_runs_are_compared_for_people_scripts_and_as_a_page(
    two_runs, report, tmp_path
):
    output = f"--output={two_runs.folder}"
    done = report("diff", "flights", FIRST, SECOND, output)
    assert done.returncode == 0, done.stderr
    silos = done.stdout[done.stdout.index("AUC by silo") :].splitlines()
    assert silos[2].split()[:4] == ["F9", "0.7020", "0.5710", "-0.1310"]
    assert "sex: Female" in done.stdout
    assert "Variance of AUC, over the silos" in done.stdout
    assert done.stdout.startswith("Sure changes first, and biggest losses before gains")
    same = report("diff", "flights", FIRST, FIRST, output)
    assert same.stdout.startswith(f"{FIRST}: the same run twice, so nothing differs\n")
    found = json.loads(
        report("diff", "flights", FIRST, SECOND, "--json", output).stdout
    )
    assert (found["before"], found["after"]) == (FIRST, SECOND)
    worst = found["changes"][0]
    assert (worst["silo"], worst["metric"]) == ("F9", "auc")
    assert worst["change"] == pytest.approx(-0.131)
    assert (worst["rows_before"], worst["rows_after"]) == (50, 50)
    two_runs.runs.finish(ended("third", status="failed"))
    refused = report("diff", "flights", FIRST, "third", output)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "run third: found no figures of it, expected those of its" in refused.stderr
    page = tmp_path / "pages" / "diff.html"
    done = report("diff", "flights", FIRST, SECOND, output, f"--to={page}")
    assert done.stdout == f"{page}\n"
    assert "✗ <bdi>worse</bdi>" in page.read_text(encoding="utf-8")


def test_a_run_that_a_server_lacks_is_refused_with_those_it_has(mariadb, report):
    url = mariadb.database()
    RunStore(url, "flights").start(summary.of_start("first", "flights", "latest"))
    done = report("show", "flights", "x", f"--store={url}")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        "run x of `flights`: found no summary of it in the store at "
        f"127.0.0.1:{mariadb.port}; known: first"
    ) in done.stderr
    assert "fairsilo kubeflow run flights" in done.stderr
    assert mariadb.password not in done.stderr
