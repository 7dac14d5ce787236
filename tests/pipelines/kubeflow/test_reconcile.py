"""The server is brought to what the file says, and no run or schedule gets lost."""

import datetime

import pytest

from components.errors import SettingsError
from pipelines.kubeflow import schedules, versions
from pipelines.kubeflow.errors import KubeflowError
from pipelines.kubeflow.reconcile import Reconciler
from pipelines.kubeflow.settings import KubeflowSettings, ScheduleSettings
from tests.support import kfp_package
from tests.support.kfp_server import Fault

NOW = datetime.datetime(2026, 11, 23, 21, tzinfo=datetime.UTC)
WEEKLY = ScheduleSettings(cron="0 4 * * 1")
DAILY = ScheduleSettings(cron="0 5 * * *")


@pytest.fixture
def server(connection, place):
    return Reconciler(connection, "flights", place, "fairsilo-runner")


@pytest.fixture
def apply(server, version):
    """Applies schedules by name, as the program does."""

    def bring(of=version, **named):
        wanted = schedules.wanted(named, KubeflowSettings(), NOW)
        done = server.apply(wanted, of) if wanted else []
        done += server.retire_others(list(named))
        return {one.name: one.what for one in done}

    return bring


def _names(kfp):
    return sorted(one.display_name for one in kfp.state.jobs.values())


def test_what_is_new_is_created(kfp, apply):
    assert apply(weekly=WEEKLY, daily=DAILY) == {
        "weekly": "created",
        "daily": "created",
    }
    assert _names(kfp) == ["fairsilo/flights/daily", "fairsilo/flights/weekly"]


def test_applying_again_changes_nothing(kfp, apply):
    apply(weekly=WEEKLY, daily=DAILY)
    before = set(kfp.state.jobs)
    assert set(apply(weekly=WEEKLY, daily=DAILY).values()) == {"unchanged"}
    assert set(kfp.state.jobs) == before


def test_what_changed_is_made_anew_before_the_old_goes(kfp, apply):
    apply(weekly=WEEKLY, daily=DAILY)
    kfp.requests.clear()
    changed = WEEKLY.model_copy(update={"parameters": {"rounds": 9}})
    assert apply(weekly=changed, daily=DAILY) == {
        "weekly": "recreated, for it changed",
        "daily": "unchanged",
    }
    writes = [one.method for one in kfp.requests if one.method != "GET"]
    assert writes == ["POST", "DELETE"]
    assert _names(kfp) == ["fairsilo/flights/daily", "fairsilo/flights/weekly"]


def test_another_content_of_the_package_recreates(
    kfp, connection, apply, version, tmp_path
):
    apply(weekly=WEEKLY)
    path = kfp_package.write(tmp_path / "newer.yaml", image="newer")
    newer = versions.ensure(connection, "flights", path)
    assert apply(newer, weekly=WEEKLY) == {"weekly": "recreated, for it changed"}
    [job] = kfp.state.jobs.values()
    assert job.pipeline_version_reference.pipeline_version_id == newer.version_id


def test_what_the_file_no_longer_has_goes(kfp, apply):
    apply(weekly=WEEKLY, daily=DAILY)
    assert apply(daily=DAILY) == {"daily": "unchanged", "weekly": "deleted"}
    assert apply() == {"daily": "deleted"}
    assert kfp.state.jobs == {}


def test_others_are_never_touched(kfp, apply):
    apply(weekly=WEEKLY)
    [ours] = kfp.state.jobs.values()
    for name, text in (("loans", "x"), ("fairsilo/flights/weekly", "by hand")):
        ours_too = dict(ours.to_dict(), display_name=name, description=text)
        kfp.state.create_job(_copy(ours, ours_too))
    apply()
    assert _names(kfp) == ["fairsilo/flights/weekly", "loans"]


def test_the_switch_is_brought_to_what_the_file_says(kfp, apply, server):
    apply(weekly=WEEKLY)
    [found] = server.found()
    assert server.switch(found, on=False)
    assert apply(weekly=WEEKLY) == {"weekly": "switched on"}
    off = WEEKLY.model_copy(update={"enabled": False})
    assert apply(weekly=off) == {"weekly": "switched off"}
    assert apply(weekly=off) == {"weekly": "unchanged"}
    assert [one.status for one in kfp.state.jobs.values()] == ["DISABLED"]


def test_a_run_in_progress_outlives_the_change_of_its_schedule(kfp, apply, server):
    # Kubeflow would end it: the workflow belongs to the recurring run.
    apply(weekly=WEEKLY)
    [old] = kfp.state.jobs
    run = kfp.state.fire(old)
    changed = WEEKLY.model_copy(update={"catch_up": True})
    told = apply(weekly=changed)["weekly"]
    assert told.startswith("recreated, for it changed; the old one: switched off")
    assert run in told
    assert kfp.state.killed == []
    assert kfp.state.jobs[old].status == "DISABLED"
    kfp.state.end(run, "SUCCEEDED")
    assert apply(weekly=changed) == {"weekly": "unchanged"}
    assert old not in kfp.state.jobs
    assert [one.enabled for one in server.found()] == [True]


def test_going_back_while_the_old_one_waits_uses_it_again(kfp, apply):
    apply(weekly=WEEKLY)
    [old] = kfp.state.jobs
    kfp.state.fire(old)
    apply(weekly=WEEKLY.model_copy(update={"catch_up": True}))
    assert apply(weekly=WEEKLY) == {"weekly": "switched on"}
    assert list(kfp.state.jobs) == [old]
    assert kfp.state.killed == []


def test_a_fault_in_between_leaves_one_too_many_and_the_next_time_mends_it(kfp, apply):
    apply(weekly=WEEKLY)
    changed = WEEKLY.model_copy(update={"catch_up": True})
    kfp.faults = [Fault(503, method="DELETE")]
    with pytest.raises(KubeflowError, match="delete jobs: found status 503"):
        apply(weekly=changed)
    assert len(kfp.state.jobs) == 2
    assert apply(weekly=changed) == {"weekly": "unchanged"}
    assert len(kfp.state.jobs) == 1


def test_a_fault_at_creation_loses_nothing(kfp, apply):
    apply(weekly=WEEKLY)
    before = dict(kfp.state.jobs)
    kfp.faults = [Fault(500, method="POST", where="recurringruns")]
    with pytest.raises(KubeflowError, match="create jobs"):
        apply(weekly=WEEKLY.model_copy(update={"catch_up": True}))
    assert kfp.state.jobs == before


def test_a_wrong_parameter_in_one_schedule_changes_none(kfp, apply):
    wrong = DAILY.model_copy(update={"parameters": {"round": 3}})
    with pytest.raises(SettingsError, match="schedule `zzz`"):
        apply(daily=DAILY, zzz=wrong)
    assert kfp.state.jobs == {}


def test_one_that_somebody_deleted_meanwhile_is_no_fault(kfp, apply, server):
    apply(weekly=WEEKLY)
    [found] = server.found()
    kfp.state.jobs.clear()
    assert server.retire(found) == "deleted"


def test_without_an_experiment_there_are_no_schedules(kfp, connection):
    server = Reconciler(connection, "loans", None, "")
    assert server.found() == []
    assert server.retire_others([]) == []
    assert kfp.requests == []


def _copy(job, fields):
    import kfp_server_api

    made = kfp_server_api.V2beta1RecurringRun(**fields)
    made.trigger, made.runtime_config = job.trigger, job.runtime_config
    made.pipeline_version_reference = job.pipeline_version_reference
    return made
