"""`fairsilo gate` as reviewers use it: on this machine, and on a cluster's store."""

import datetime
import json

import pytest

from components.fairness_evaluator.waivers import Waivers
from pipelines.places import Places
from tests.pipelines import past
from tests.support.program import fairsilo, project

DAY = datetime.datetime.now(datetime.UTC).date().isoformat()
GATE = ["--gate=silo_floor"]
GIVEN = ["--reason=agreed", "--by=A. Reviewer", f"--until={DAY}"]
ENDED = [*GATE, "--reason=wrong", "--by=B. Reviewer"]
# Gates of flights whose figures the made evaluations lack.
UNMEASURED = [
    f"--set=gates.{name}=null" for name in ("calibration", "worse_than_alone")
]


@pytest.fixture
def gate(tmp_path):
    project(tmp_path)

    def run(*arguments):
        return fairsilo("gate", *arguments, folder=tmp_path)

    return run


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path / "build" / "flights")


def test_a_refusal_is_explained_waived_listed_and_the_waiver_withdrawn(gate, places):
    past.evaluated(places, "a", 0.67)
    told = json.loads(gate("explain", "a", "--json").stdout)
    assert told["outcome"] == "not blessed"
    assert [(item["gate"], item["passed"]) for item in told["gates"]] == [
        ("minimum_data", True),
        ("better_than_chance", True),
        ("silo_floor", False),
        ("silo_gap", True),
    ]
    done = gate("waive", "latest", "-uflights", *GATE, *GIVEN)  # kept by the run's id
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[0] == (
        f"gate silo_floor is waived for the model of run a until {DAY}, by A. Reviewer"
    )
    assert "next: `fairsilo run flights --span 2013-05`" in done.stderr
    listed = f"until {DAY}  a  silo_floor  by A. Reviewer: agreed"
    assert gate("waivers", "flights").stdout == f"active    {listed}\n"
    assert "it counts from the next run on" in gate("explain", "a").stdout
    done = gate("unwaive", "latest", "-uflights", *ENDED)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.splitlines() == [
        "gate silo_floor is no longer waived for the model of run a: the waiver by "
        f"A. Reviewer until {DAY} is withdrawn",
        "the gate counts again from the next run on; a model that the waiver let into "
        "service stays there until another is blessed",
    ]
    assert gate("waivers", "flights").stdout == (
        f"withdrawn {listed}; withdrawn by B. Reviewer on {DAY}: wrong\n"
    )
    assert "it counts from the next run on" not in gate("explain", "a").stdout


def test_a_waiver_is_for_what_serves_and_not_for_the_base_model_alone(gate, places):
    past.evaluated(places, "a", 0.67, served_digest="s" * 64)
    assert gate("waive", "a", *GATE, *GIVEN).returncode == 0
    [item] = json.loads(gate("waivers", "flights", "--json").stdout)
    assert item["model_digest"] == "s" * 64
    assert "it counts from the next run on" in gate("explain", "a").stdout
    assert gate("unwaive", "a", *ENDED).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["waive", "x", *GATE, *GIVEN], "run x: found no such run; known: a (flights)"),
        (["waive", "a", "--gate=change", *GIVEN], "those that did: silo_floor"),
        (["waive", "a", *GATE, *GIVEN[:2], "--until=2020-01-01"], "which is over"),
        (["unwaive", "a", *ENDED], "those that hold: none"),
        (
            ["preview", "flights", "--set=training.rounds=3"],
            "--set training.rounds=3: found a setting outside `gates`",
        ),
        (
            ["preview", "flights", "--set=gates.silo_floor.at_leest=0.5"],
            "`gates.silo_floor.at_leest`: unknown key; did you mean `at_least`?",
        ),
    ],
)
def test_what_can_not_be_is_refused_and_not_recorded(gate, places, arguments, says):
    past.evaluated(places, "a", 0.67)
    done = gate(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert Waivers(places.operator_store, "flights").history() == []


def test_bounds_are_tried_through_the_settings(gate, places):
    past.evaluated(places, "a", 0.67)
    told = gate("preview", "flights", *UNMEASURED, "--json")
    assert told.returncode == 0, told.stderr
    [item] = json.loads(told.stdout)
    assert (item["run_id"], item["then"], item["now"]) == (
        "a",
        "not blessed",
        "blessed",
    )


def test_before_any_run_or_waiver_the_way_to_one_is_told(gate, places, tmp_path):
    for command in (["waivers"], ["preview", *UNMEASURED]):
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
    tried = gate("preview", "flights", *UNMEASURED, store)
    assert "run a: not blessed, but would be blessed" in tried.stdout
    assert not (tmp_path / "build").exists()
