"""Schedules: what is desired comes about, what is not ours stays, no run is ended."""

import datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from pipelines.kubeflow import schedules
from pipelines.kubeflow.settings import (
    KubeflowSettings,
    ScheduleName,
    ScheduleSettings,
)


def desired(cron="0 4 * * 1", **more) -> ScheduleSettings:
    return ScheduleSettings(cron=cron, **more)


@pytest.fixture
def server(connect):
    return connect()


@pytest.fixture
def apply(server, package):
    """Applies schedules of the use case, as a command of its own would."""

    def run(account="fairsilo-runner", **given):
        return schedules.apply(server, given, server.upload(package), account)

    return run


def test_a_schedule_is_created_once_with_all_that_makes_it_up(kfp, server, apply):
    one = desired(parameters={"rounds": "9", "force": True}, catch_up=True)
    assert apply(weekly=one) == {"weekly": "created"}
    assert apply(weekly=one) == {"weekly": "unchanged"}
    (made,) = kfp.schedules.values()
    assert made.display_name == "fairsilo/flights/weekly"
    assert made.trigger.cron_schedule.cron == "0 0 4 * * 1"
    assert made.runtime_config.parameters == {"rounds": "9", "force": True}
    assert (made.no_catchup, made.max_concurrency) == (False, "1")
    (found,) = schedules.existing(server)
    assert (schedules.name_of(found), schedules.is_on(found)) == ("weekly", True)


@pytest.mark.parametrize(
    "changed",
    [
        {"one": desired("0 5 * * 1")},
        {"one": desired(catch_up=True)},
        {"one": desired(parameters={"rounds": "9"})},
        {"one": desired(), "account": "other"},
    ],
)
def test_what_changed_is_made_anew_before_the_old_one_goes(kfp, apply, changed):
    apply(one=desired())
    (old,) = kfp.schedules
    assert apply(**changed) == {"one": "recreated, for it changed"}
    assert len(kfp.schedules) == 1
    assert old not in kfp.schedules
    made = [path for method, path in kfp.requests if "recurringruns" in path
            and method in {"POST", "DELETE"}]  # fmt: skip
    assert made[-1].endswith(old)


def test_another_package_makes_schedules_anew(kfp, apply, package):
    apply(one=desired())
    package.write_text(package.read_text().replace("abab", "cdcd"))
    assert apply(one=desired()) == {"one": "recreated, for it changed"}


def test_the_switch_alone_is_turned_where_only_that_changed(kfp, apply):
    apply(one=desired())
    assert apply(one=desired(enabled=False)) == {"one": "switched off"}
    assert apply(one=desired(enabled=False)) == {"one": "unchanged"}
    assert apply(one=desired()) == {"one": "switched on"}


def test_those_that_are_no_longer_desired_go_and_others_stay(kfp, apply):
    apply(one=desired(), two=desired())
    *_, two = kfp.schedules.values()
    others = (
        ("by hand", two.description),  # of another name
        ("fairsilo/census/two", two.description),  # of another use case
        ("fairsilo/flights/three", "made by hand"),  # without our mark
    )
    for number, (name, description) in enumerate(others):
        other = type(two)(**{**two.to_dict(), "display_name": name})
        other.trigger, other.description = two.trigger, description
        kfp.schedules[str(number)] = other
    assert apply(one=desired()) == {"one": "unchanged", "two": "deleted"}
    assert apply() == {"one": "deleted"}
    assert set(kfp.schedules) == {"0", "1", "2"}


def test_a_run_in_progress_is_not_ended_by_a_change(kfp, apply):
    apply(one=desired())
    (old,) = kfp.schedules
    run = kfp.fire(old)
    said = apply(one=desired("0 5 * * 1"))["one"]
    assert f"the old one: switched off; goes once run {run} has ended" in said
    assert kfp.killed == []
    assert kfp.schedules[old].status == "DISABLED"
    kfp.runs[run].state = "SUCCEEDED"
    assert apply(one=desired("0 5 * * 1")) == {"one": "unchanged"}
    assert old not in kfp.schedules


def test_schedules_of_many_pages_are_all_found(kfp, server, apply):
    apply(one=desired())
    (made,) = kfp.schedules.values()
    for number in range(230):
        kfp.schedules[str(number)] = made
    assert len(schedules.existing(server)) == 231


def test_the_next_times_are_those_of_the_servers_zone_told_in_utc_too():
    times = schedules.next_times("30 4 * * 1", "Asia/Tokyo")
    assert len(times) == 3
    for text in times:
        assert "04:30 JST = Sun 19:30 UTC" in text
    first = datetime.date.fromisoformat(times[0].split()[1])
    assert 0 <= (first - datetime.datetime.now(datetime.UTC).date()).days <= 8


@pytest.mark.parametrize(
    ("cron", "sentence"),
    [
        ("0 4 * *", "expected five fields, .* found 4"),
        ("0 0 4 * * 1", "found 6: leave out the seconds"),
        ("61 4 * * 1", "Bad minute"),
        ("0 0 31 4,6 *", "Bad day-of-month"),
        ("0 4 L * *", "expected no L, W or #"),
        ("0 4 * * 5#2", "expected no L, W or #"),
        ("0 4 * * 1-7", "Sunday as 0"),
    ],
)
def test_a_cron_that_kubeflow_would_read_otherwise_is_refused(cron, sentence):
    with pytest.raises(ValidationError, match=sentence):
        ScheduleSettings(cron=cron)


@pytest.mark.parametrize(
    "cron", ["0 4 * JUL MON-WED", "*/7 * 7,17 7 */7", "0 0 1 1 0", "5 4 * * sun"]
)
def test_a_cron_that_kubeflow_knows_is_taken(cron):
    assert ScheduleSettings(cron=cron).cron == cron


def test_zone_and_image_of_the_settings_are_checked():
    with pytest.raises(ValidationError, match="IANA name of a time zone"):
        KubeflowSettings(server_time_zone="Berlin")
    with pytest.raises(ValidationError, match="pinned by digest"):
        KubeflowSettings(image="registry.example/fairsilo:latest")


def test_a_name_that_kubeflow_does_not_take_is_refused():
    names = TypeAdapter(ScheduleName)
    names.validate_python("monthly-2")
    for name in ("Monthly", "a/b", "", "a" * 41):
        with pytest.raises(ValidationError, match="should match pattern"):
            names.validate_python(name)
