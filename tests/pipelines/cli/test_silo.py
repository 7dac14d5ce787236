"""Decisions about silos are recorded; unknown silos and empty reasons are refused."""

import json
import pathlib

import pytest

from components.operator_state import OperatorState
from components.payloads.cohort import Member
from components.payloads.findings import Finding
from pipelines.cli import silo
from pipelines.runs.store import RunStore
from pipelines.summary import Silo, Summary
from tests.support.program import fairsilo, project


@pytest.fixture
def command(tmp_path):
    for name in ("north", "süd"):
        (tmp_path / "data" / name).mkdir(parents=True)
    shared = [f"--output={tmp_path / 'out'}", f"--set=silos.root={tmp_path / 'data'}"]

    def run(*arguments):
        return fairsilo(*arguments, *shared, folder=tmp_path)

    return run


def test_quarantine_and_release_are_recorded_with_their_reasons(command, tmp_path):
    use = "--use-case=flights"
    assert command("silo", "quarantine", "süd", use, "--reason=audit").returncode == 0
    listed = json.loads(command("silo", "list", "flights", "--json").stdout)
    assert {item["silo"]: item["quarantined"] for item in listed} == {
        "north": "",
        "süd": "audit",
    }
    assert command("silo", "release", "süd", use, "--reason=done").returncode == 0
    told = fairsilo(
        "silo",
        "history",
        "flights",
        f"--output={tmp_path / 'out'}",
        "--json",
        folder=tmp_path,
    )
    assert [one["action"] for one in json.loads(told.stdout)] == [
        "quarantine",
        "release",
    ]


def test_a_decision_is_seen_from_every_folder_of_the_project(tmp_path):
    (project(tmp_path) / "data/north").mkdir(parents=True)
    root = f"--set=silos.root={tmp_path / 'data'}"
    quarantine = ("silo", "quarantine", "north", "--use-case=flights", "--reason=audit")
    assert fairsilo(*quarantine, root, folder=tmp_path).returncode == 0
    for folder in (tmp_path, tmp_path / "data/north", tmp_path / "pipelines/flights"):
        told = fairsilo("silo", "history", "flights", "--json", folder=folder)
        assert [one["reason"] for one in json.loads(told.stdout)] == ["audit"]
    builds = [path.relative_to(tmp_path) for path in tmp_path.rglob("build")]
    assert builds == [pathlib.Path("build")]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["quarantine", "west", "--reason=x"], "found no such folder"),
        (["quarantine", "../x", "--reason=x"], "would leave its parent folder"),
        (["quarantine", "north", "--reason= "], "found an empty reason"),
        (["release", "north", "--reason=x"], "is not quarantined manually"),
    ],
)
def test_decision_that_can_not_be_is_refused(command, arguments, told):
    done = command("silo", *arguments, "--use-case=flights")
    assert done.returncode == 2
    assert told in done.stderr


def test_a_decision_before_there_is_data_is_refused(tmp_path):
    (project(tmp_path) / "pipelines/flights/source.py").unlink()
    quarantine = ("silo", "quarantine", "north", "--use-case=flights", "--reason=x")
    done = fairsilo(*quarantine, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        f"error: silo `north`: found no such folder in {tmp_path}/build/flights-data; "
        "there are none\n\nhint: correct the name, or silos.root in the settings\n"
    )


def test_decisions_reach_a_clusters_store_without_any_folder(mariadb, tmp_path):
    url = mariadb.database()
    store, use = f"--store={url}", "--use-case=flights"

    def told(*arguments):
        done = fairsilo("silo", *arguments, store, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert mariadb.password not in done.stdout + done.stderr
        return done

    refused = Silo("süd", 9, 3, False, (Finding("few rows"),))
    ended = Summary("a", "flights", "2013-11", "blessed", silos=(refused,))
    RunStore(url, "flights").finish(ended)
    done = told("quarantine", "süd", use, "--reason=audit")
    assert done.stderr == (
        "süd is quarantined from the next run on "
        f"(the store at 127.0.0.1:{mariadb.port})\n"
    )
    listed = " ".join(told("list", "flights").stdout.split())
    assert listed == "süd refused few rows; quarantined manually: audit"
    assert json.loads(told("list", "flights", "--json").stdout)[0]["run_id"] == "a"
    told("release", "süd", use, "--reason=done")
    assert OperatorState(url, "flights").quarantined() == {}
    assert len(told("history", "flights").stdout.splitlines()) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_store_and_local_folders_at_once_are_refused(command, tmp_path):
    store = f"--store=sqlite:///{tmp_path}/store.db"
    use = "--use-case=flights"
    done = command("silo", "quarantine", "süd", use, "--reason=x", store)
    assert done.returncode == 2
    assert "found --output beside a store" in done.stderr
    assert not (tmp_path / "store.db").exists()


def test_a_check_tells_a_hint_once_below_all_that_it_mends():
    again = "export this column again"
    member = Member(
        "süd",
        admitted=False,
        reasons=(
            Finding("column `a`: found none", again),
            Finding("too few rows", "export more history"),
            Finding("column `b`: found none", again),
        ),
        notes=(Finding("column `c` is new"),),
    )
    assert list(silo._findings(member)) == [
        "  column `a`: found none",
        "  column `b`: found none",
        f"    hint: {again}",
        "  too few rows",
        "    hint: export more history",
        "  column `c` is new",
    ]
