"""Decisions about silos are recorded; unknown silos and empty reasons are refused."""

import json

import pytest

from tests.support.program import fairsilo


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


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["quarantine", "west", "--reason=x"], "found no such folder"),
        (["quarantine", "../x", "--reason=x"], "would leave its parent folder"),
        (["quarantine", "north", "--reason= "], "found an empty reason"),
        (["release", "north", "--reason=x"], "is not quarantined by hand"),
    ],
)
def test_decision_that_can_not_be_is_refused(command, arguments, told):
    done = command("silo", *arguments, "--use-case=flights")
    assert done.returncode == 2
    assert told in done.stderr
