"""`fairsilo gate` as reviewers use it: on this machine, and on a cluster's store."""

import datetime
import json

import pytest

from components.fairness_evaluator.waivers import Waivers
from pipelines.places import Places
from tests.pipelines import past
from tests.support.program import fairsilo, project

DAY = datetime.datetime.now(datetime.UTC).date().isoformat()
GIVEN = ["--reason=agreed", "--by=A. Reviewer", f"--until={DAY}"]


@pytest.fixture
def gate(tmp_path):
    project(tmp_path)

    def run(*arguments):
        return fairsilo("gate", *arguments, folder=tmp_path)

    return run


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path / "build" / "flights")


def test_a_refusal_is_explained_waived_and_listed(gate, places):
    past.evaluated(places, "a", 0.67)
    told = json.loads(gate("explain", "a", "--json").stdout)
    assert [(item["gate"], item["passed"]) for item in told["gates"]] == [
        ("minimum_data", True),
        ("better_than_chance", True),
        ("silo_floor", False),
        ("silo_gap", True),
    ]
    done = gate("waive", "a", "--gate=silo_floor", *GIVEN)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[0] == (
        f"gate silo_floor is waived for the model of run a until {DAY}, by A. Reviewer"
    )
    assert "next: `fairsilo run flights --span 2013-05`" in done.stderr
    [waiver] = Waivers(places.operator_store, "flights").active(
        past.DIGEST, datetime.date.fromisoformat(DAY)
    )
    assert (waiver.run_id, waiver.reason) == ("a", "agreed")
    assert gate("waivers", "flights").stdout == (
        f"active    until {DAY}  a  silo_floor  by A. Reviewer: agreed\n"
    )
    assert "it counts from the next run on" in gate("explain", "a").stdout


def test_the_latest_run_is_kept_by_its_id(gate, places):
    past.evaluated(places, "a", 0.67)
    done = gate("waive", "latest", "-uflights", "--gate=silo_floor", *GIVEN)
    assert "is waived for the model of run a until" in done.stderr
    assert "  a  silo_floor  by A. Reviewer" in gate("waivers", "flights").stdout
    done = gate("unwaive", "latest", "-uflights", *ENDED)
    assert "is no longer waived for the model of run a:" in done.stderr


ENDED = ["--gate=silo_floor", "--reason=wrong", "--by=B. Reviewer"]


def test_a_waiver_is_withdrawn_and_stays_listed(gate, places):
    past.evaluated(places, "a", 0.67)
    gate("waive", "a", "--gate=silo_floor", *GIVEN)
    done = gate("unwaive", "a", *ENDED)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.splitlines() == [
        "gate silo_floor is no longer waived for the model of run a: the waiver by "
        f"A. Reviewer until {DAY} is withdrawn",
        "the gate counts again from the next run on; a model that the waiver let into "
        "service stays there until another is blessed",
    ]
    assert gate("waivers", "flights").stdout == (
        f"withdrawn until {DAY}  a  silo_floor  by A. Reviewer: agreed; withdrawn by "
        f"B. Reviewer on {DAY}: wrong\n"
    )
    assert "it counts from the next run on" not in gate("explain", "a").stdout
    again = gate("unwaive", "a", *ENDED)
    assert again.returncode == 2
    assert "those that hold: none" in again.stderr


def test_a_waiver_that_is_not_there_is_not_withdrawn(gate, places):
    past.evaluated(places, "a", 0.67)
    past.failed(places, "b")
    gate("waive", "a", "--gate=silo_floor", *GIVEN)
    for arguments, says in (
        (["x", *ENDED], "run x: found no such run; known: a (flights), b (flights)"),
        (["b", *ENDED], "those that hold: none"),
    ):
        done = gate("unwaive", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert says in done.stderr
    [record] = Waivers(places.operator_store, "flights").history()
    assert record.withdrawal is None


def test_bounds_are_tried_through_the_settings(gate, places):
    past.evaluated(places, "a", 0.67)
    told = gate("preview", "flights", "--set=gates.calibration=null", "--json")
    assert told.returncode == 0, told.stderr
    [item] = json.loads(told.stdout)
    assert (item["run_id"], item["then"], item["now"]) == (
        "a",
        "not blessed",
        "blessed",
    )
    wrong = gate("preview", "flights", "--set=gates.silo_floor.at_leest=0.5")
    assert wrong.returncode == 2
    assert "`gates.silo_floor.at_leest`: unknown key; did you mean `at_least`?" in (
        wrong.stderr
    )


def test_a_preview_takes_bounds_alone(gate):
    done = gate("preview", "flights", "--set=training.rounds=3")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--set training.rounds=3: found a setting outside `gates`" in done.stderr
    assert "`fairsilo run flights --set training.rounds=3` computes" in done.stderr


def test_before_any_run_or_waiver_the_way_to_one_is_told(gate, places, tmp_path):
    for command in (["waivers"], ["preview", "--set=gates.calibration=null"]):
        done = gate(command[0], "flights", *command[1:])
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr.startswith(
            f"use case `flights`: found no run yet in {places.output}; start one with "
            "`fairsilo run flights`"
        )
    assert json.loads(gate("waivers", "flights", "--json").stdout) == []
    assert {path.name for path in tmp_path.iterdir()} == {"pipelines", "schemas"}
    past.evaluated(places, "a", 0.67)
    assert gate("waivers", "flights").stderr == (
        f"use case `flights`: found no waiver yet in {places.output}; `fairsilo gate "
        "waive RUN` gives one\n"
    )


def test_a_wrong_use_case_is_refused_and_nothing_made(gate, tmp_path):
    done = gate("waivers", "nope")
    assert (done.returncode, done.stdout) == (2, "")
    assert "use case `nope`: found no pipelines/nope/settings.yaml" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"pipelines", "schemas"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["x", "--gate=silo_floor", *GIVEN], "run x: found no such run; known: a ("),
        (["a", "--gate=change", *GIVEN], "those that did: silo_floor"),
        (["a", "--gate=silo_floor", *GIVEN[:2], "--until=2020-01-01"], "which is over"),
    ],
)
def test_a_waiver_that_can_not_be_is_refused(gate, places, arguments, says):
    past.evaluated(places, "a", 0.67)
    done = gate("waive", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert Waivers(places.operator_store, "flights").history() == []


def test_all_of_it_works_on_a_clusters_store_without_any_folder(
    store_url, tmp_path, gate
):
    past.stored(store_url, past.evaluated(Places(tmp_path / "elsewhere"), "a", 0.67))
    store = f"--store={store_url}"
    assert "silo_floor: refused" in gate("explain", "a", store).stdout
    done = gate("waive", "a", "--gate=silo_floor", *GIVEN, store)
    assert done.returncode == 0, done.stderr
    assert "(the store at " in done.stderr
    assert "next: `fairsilo kubeflow run flights --span 2013-05`" in done.stderr
    listed = json.loads(gate("waivers", "flights", store, "--json").stdout)
    assert [(item["state"], item["gate"]) for item in listed] == [
        ("active", "silo_floor")
    ]
    ended = gate("unwaive", "a", *ENDED, store)
    assert ended.returncode == 0, ended.stderr
    assert "is withdrawn (the store at " in ended.stderr
    [item] = json.loads(gate("waivers", "flights", store, "--json").stdout)
    assert (item["state"], item["withdrawal"]["by"]) == ("withdrawn", "B. Reviewer")
    tried = gate("preview", "flights", "--set=gates.calibration=null", store)
    assert "run a: not blessed, but would be blessed" in tried.stdout
    assert not (tmp_path / "build").exists()
