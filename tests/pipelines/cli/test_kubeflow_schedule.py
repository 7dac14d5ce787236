"""`fairsilo kubeflow schedule`: from a file's section to recurring runs and back."""

import json
import shutil

import pytest
import yaml
from typer.testing import CliRunner

from components.errors import FairSiloError
from pipelines.cli import kubeflow_schedule
from tests.support.program import PROJECT

WEEKLY = {"cron": "0 4 * * 1", "parameters": {"rounds": 9}}
TOKYO = {"server_time_zone": "Asia/Tokyo"}
DAILY = {"cron": "30 5 * * *"}


@pytest.fixture
def settings(tmp_path):
    """Writes the file's schedules, and other sections that are given."""
    folder = tmp_path / "pipelines" / "flights"
    shutil.copytree(PROJECT / "pipelines" / "flights", folder)
    (tmp_path / "schemas").mkdir()
    schema = PROJECT / "schemas" / "flights.pbtxt"
    shutil.copy(schema, tmp_path / "schemas")
    original = yaml.safe_load((folder / "settings.yaml").read_text())

    def write(schedules, **sections):
        changed = {**original, **sections, "schedules": schedules}
        (folder / "settings.yaml").write_text(yaml.safe_dump(changed))

    write({})
    return write


@pytest.fixture
def command(kfp, tmp_path, monkeypatch, settings):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAIRSILO_KFP_HOST", kfp.host)

    def run(*arguments):
        done = CliRunner().invoke(kubeflow_schedule.app, list(arguments))
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return run


@pytest.fixture
def apply(command, package):
    return lambda *more: command("apply", "flights", f"--package={package}", *more)


def test_apply_creates_says_the_next_three_times_and_is_idempotent(
    kfp, settings, apply
):
    settings({"weekly": WEEKLY, "daily": DAILY}, kubeflow=TOKYO)
    first = apply()
    assert first.stdout == "daily: created\nweekly: created\n"
    assert first.stderr.count("04:00 JST = Sun 19:00 UTC") == 3
    assert apply().stdout == "daily: unchanged\nweekly: unchanged\n"
    crons = {one.trigger.cron_schedule.cron for one in kfp.schedules.values()}
    assert crons == {"0 0 4 * * 1", "0 30 5 * * *"}


def test_apply_tells_scripts_what_was_done(kfp, settings, apply):
    settings({"weekly": WEEKLY, "daily": DAILY})
    apply()
    settings({"weekly": {**WEEKLY, "catch_up": True}})
    assert json.loads(apply("--json").stdout) == [
        {"name": "weekly", "done": "recreated, for it changed"},
        {"name": "daily", "done": "deleted"},
    ]


def test_the_last_schedule_goes_without_a_package(kfp, settings, apply, command):
    settings({"weekly": WEEKLY})
    apply()
    settings({})
    assert command("apply", "flights").stdout == "weekly: deleted\n"
    assert kfp.schedules == {}


@pytest.mark.parametrize(
    ("schedule", "found"),
    [
        ({"cron": "61 4 * * 1"}, "`schedules.weekly.cron`: found '61 4"),
        ({"cron": "0 4 * * 1", "time_zone": "Berlin"}, "time_zone`: unknown key"),
        ({**WEEKLY, "parameters": {"roundz": 3}}, "schedule `weekly`: parameter"),
        ({**WEEKLY, "parameters": {"rounds": "x"}}, "field `rounds`: found 'x'"),
    ],
)
def test_a_bad_schedule_is_refused_by_name_before_anything_is_sent(
    kfp, settings, apply, schedule, found
):
    settings({"daily": DAILY, "weekly": schedule})
    with pytest.raises(FairSiloError, match=found) as caught:
        apply()
    assert caught.value.exit_status == 2
    assert kfp.requests == []


def test_list_tells_server_and_file(settings, apply, command):
    settings({"weekly": WEEKLY, "daily": DAILY})
    apply()
    settings({"weekly": WEEKLY, "hourly": {"cron": "0 * * * *"}})
    told = {
        one["name"]: one
        for one in json.loads(command("list", "flights", "--json").stdout)
    }
    assert told["weekly"]["state"] == "on"
    assert told["daily"]["state"] == "on, not in settings"
    assert told["hourly"]["state"] == "not applied yet"
    assert told["weekly"]["cron"] == "0 4 * * 1"
    assert told["weekly"]["parameters"] == {"rounds": "9"}
    assert [len(one["next"]) for one in told.values()] == [3, 3, 3]
    text = command("list", "flights").stdout
    assert "weekly                   on                   next Mon 20" in text


def test_apply_and_list_say_where_runs_have_another_accounts_rights(
    kfp, settings, apply, command
):
    settings({"weekly": WEEKLY})
    told = " ".join(apply().stderr.split())
    assert "warning: weekly: its runs use service account `pipeline-runner`" in told
    assert "expected `fairsilo-runner`" in told
    assert "DEFAULTPIPELINERUNNERSERVICEACCOUNT=fairsilo-runner" in told
    assert "pipeline-runner" in command("list", "flights").stderr
    command("delete", "flights", "weekly")
    kfp.runner_account = "fairsilo-runner"
    assert "service account" not in apply().stderr
    assert "warning" not in command("list", "flights").stderr


def test_pause_and_resume_switch_one_or_all(kfp, settings, apply, command):
    settings({"weekly": WEEKLY, "daily": DAILY})
    apply()
    assert command("pause", "flights", "daily").stdout == "daily: switched off\n"
    states = {one.display_name: one.status for one in kfp.schedules.values()}
    assert states == {
        "fairsilo/flights/daily": "DISABLED",
        "fairsilo/flights/weekly": "ENABLED",
    }
    told = json.loads(command("list", "flights", "--json").stdout)
    told = [one for one in told if one["name"] == "daily"]
    assert (told[0]["state"], told[0]["next"]) == ("off", [])
    assert "daily: is off already" in command("pause", "flights").stdout
    assert sorted(command("resume", "flights").stdout.split("\n")) == [
        "",
        "daily: switched on",
        "weekly: switched on",
    ]


def test_delete_wants_a_name_or_all(kfp, settings, apply, command):
    settings({"weekly": WEEKLY, "daily": DAILY})
    apply()
    with pytest.raises(FairSiloError, match="the name of a schedule, or --all"):
        command("delete", "flights")
    assert command("delete", "flights", "daily").stdout == "daily: deleted\n"
    assert command("delete", "flights", "--all").stdout == "weekly: deleted\n"
    assert kfp.schedules == {}


@pytest.mark.parametrize("verb", ["pause", "resume", "delete"])
def test_a_schedule_that_there_is_not_is_told(command, verb):
    with pytest.raises(FairSiloError, match="found no schedule `nightly`") as caught:
        command(verb, "flights", "nightly")
    assert "schedule list flights" in caught.value.hint
