"""Schedules of the file are checked as a whole; those of ours are told from others."""

import datetime

import kfp_server_api as api
import pytest

from components.errors import SettingsError
from pipelines.kubeflow import schedules
from pipelines.kubeflow.settings import KubeflowSettings, ScheduleSettings

NOW = datetime.datetime(2026, 11, 23, 21, tzinfo=datetime.UTC)
WEEKLY = ScheduleSettings(
    cron="0 4 * * 1", time_zone="Asia/Tokyo", parameters={"rounds": 20}
)


def _wanted(**named):
    return schedules.wanted(named, KubeflowSettings(), NOW)


def _job(version, place, settings=WEEKLY, account="fairsilo-runner"):
    [wanted] = _wanted(weekly=settings)
    return schedules.job("flights", wanted, version, place, account)


def test_a_schedule_becomes_a_recurring_run_that_never_overlaps(version, place):
    job = _job(version, place)
    assert job.display_name == "fairsilo/flights/weekly"
    assert job.description.startswith("fairsilo ")
    assert job.description.endswith(" 0 4 * * 1 Asia/Tokyo")
    assert job.trigger.cron_schedule.cron == "0 0 19 * * 0"
    assert (job.max_concurrency, job.no_catchup, job.mode) == ("1", True, "ENABLE")
    assert job.runtime_config.parameters == {"rounds": 20}
    assert job.pipeline_version_reference.pipeline_version_id == version.version_id
    assert (job.experiment_id, job.service_account) == (place, "fairsilo-runner")


def test_catching_up_and_being_off_are_handed_on(version, place):
    settings = WEEKLY.model_copy(update={"catch_up": True, "enabled": False})
    job = _job(version, place, settings)
    assert (job.no_catchup, job.mode) == (False, "DISABLE")


@pytest.mark.parametrize(
    "change",
    [
        {"cron": "0 5 * * 1"},
        {"time_zone": "Asia/Seoul"},
        {"parameters": {"rounds": 21}},
        {"parameters": {}},
        {"catch_up": True},
    ],
)
def test_the_digest_changes_with_all_that_makes_a_schedule_up(version, place, change):
    changed = WEEKLY.model_copy(update=change)
    digests = {
        schedules.digest_of(_job(version, place, one)) for one in (WEEKLY, changed)
    }
    assert len(digests) == 2


def test_the_digest_is_of_the_account_too_but_not_of_the_switch(version, place):
    same = schedules.digest_of(_job(version, place))
    off = WEEKLY.model_copy(update={"enabled": False})
    assert schedules.digest_of(_job(version, place, off)) == same
    assert schedules.digest_of(_job(version, place, account="other")) != same


def test_a_long_description_still_fits_the_servers_column(version, place):
    odd = ",".join(map(str, range(1, 60, 2)))
    settings = WEEKLY.model_copy(update={"cron": f"{odd},{odd},{odd} 4 * * *"})
    job = _job(version, place, settings)
    assert len(job.description) == 255
    assert schedules.digest_of(job)


@pytest.mark.parametrize("name", ["Weekly", "a b", "-a", "a-", "", "x" * 41, "a/b"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(SettingsError, match="expected a name of small letters"):
        _wanted(**{name: WEEKLY})


def test_a_time_that_cannot_be_said_names_its_schedule():
    monthly = ScheduleSettings(cron="0 4 1 * *", time_zone="Asia/Tokyo")
    with pytest.raises(SettingsError, match="schedule `monthly`: `0 4 1"):
        _wanted(weekly=WEEKLY, monthly=monthly)


def test_a_parameter_that_is_none_names_its_schedule(version, place):
    settings = WEEKLY.model_copy(update={"parameters": {"round": 3}})
    with pytest.raises(SettingsError, match="`weekly`: parameter `round`: found no"):
        _job(version, place, settings)


def test_schedules_come_by_name():
    assert [one.name for one in _wanted(b=WEEKLY, a=WEEKLY)] == ["a", "b"]


def test_only_those_with_our_name_and_mark_are_ours(kfp, connection, version, place):
    ours = _job(version, place)
    for name, description in (
        ("fairsilo/flights/weekly", ours.description),
        ("fairsilo/flights/by-hand", "made in the UI"),
        ("fairsilo/loans/weekly", ours.description),
        ("Clone of fairsilo/flights/weekly", ours.description),
        ("fairsilo/flights/blank", None),
    ):
        job = api.V2beta1RecurringRun(**ours.to_dict())
        job.display_name, job.description = name, description
        job.trigger, job.runtime_config = ours.trigger, ours.runtime_config
        job.pipeline_version_reference = ours.pipeline_version_reference
        kfp.state.create_job(job)
    [found] = schedules.found(connection, place, "flights")
    assert found.name == "weekly"
    assert found.digest == schedules.digest_of(ours)
    assert found.about == "0 4 * * 1 Asia/Tokyo"
    assert (found.cron, found.enabled) == ("0 0 19 * * 0", True)
    assert found.parameters == {"rounds": 20}
    assert found.version_id == version.version_id
