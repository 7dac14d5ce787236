"""Only what refused can be waived, and what comes next is said."""

import dataclasses
import datetime
import pathlib

import pytest

from components.errors import SettingsError
from components.fairness_evaluator.waivers import Waivers
from pipelines.cli import waiving
from pipelines.places import Places
from pipelines.runs.store import RunStore
from tests.pipelines import past

TODAY = datetime.datetime.now(datetime.UTC).date()


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path)


@pytest.fixture
def state(places):
    return Waivers(places.operator_store, "flights")


def waive(state, gate="silo_floor", day=TODAY):
    return state.waive(
        run_id="a",
        gate=gate,
        model_digest=past.DIGEST,
        reason="agreed",
        by="A. Reviewer",
        until=day.isoformat(),
    )


@pytest.mark.parametrize(
    ("make", "says", "hint"),
    [
        (
            lambda places: past.evaluated(places, "a", 0.67, gap=0.01),
            "gate `change` did not refuse in run a; those that did: silo_floor, "
            "silo_gap",
            "`fairsilo gate explain a` shows what each gate found",
        ),
        (
            lambda places: past.evaluated(places, "a", 0.6),
            "run a was blessed: there is nothing to waive",
            "",
        ),
        (
            lambda places: past.failed(places, "a"),
            "run a: no gate refused its model, it came to none (the disk is full)",
            "mend what ended the run",
        ),
        (
            lambda places: past.failed(places, "a", status="running"),
            "run a has not ended, so no gate has decided yet",
            "wait for its end",
        ),
    ],
)
def test_what_did_not_refuse_can_not_be_waived(places, make, says, hint):
    with pytest.raises(SettingsError) as caught:
        waiving.check(make(places), "change")
    assert caught.value.message == says
    assert hint in caught.value.hint


def test_the_next_step_is_the_same_run_again(places, state):
    told = past.evaluated(places, "a", 0.67)
    waive(state)
    runs = RunStore("", "flights", places.output)
    [line] = waiving.next_steps(runs, told, state, pathlib.Path("my out"))
    assert line == (
        "next: `fairsilo run flights --span 2013-05 --output 'my out'`, with the "
        "settings of that run: all steps before the evaluation come from the cache, "
        "and the gates judge again"
    )


def test_gates_that_still_refuse_are_named_and_a_cluster_has_its_own_command(
    places, state
):
    told = past.evaluated(places, "a", 0.67, gap=0.01)
    waive(state)
    url = f"sqlite:///{places.output}/store.db"
    runs = RunStore(url, "flights")
    lines = waiving.next_steps(runs, dataclasses.replace(told, span=""), state, None)
    assert lines[0] == "it is not blessed yet: silo_gap refused it too"
    assert lines[1].startswith("next: `fairsilo kubeflow run flights`, with")


def test_waivers_are_listed_with_how_they_stand(state):
    waive(state, day=TODAY + datetime.timedelta(days=5))
    waive(state)
    waive(state, gate="change")
    state.withdraw(
        gate="change", model_digest=past.DIGEST, reason="wrong", by="B. Reviewer"
    )
    waive(state, gate="change")
    found = waiving.listed(state)
    assert [(item["gate"], item["state"]) for item in found] == [
        ("silo_floor", "replaced"),
        ("silo_floor", "active"),
        ("change", "withdrawn"),
        ("change", "active"),
    ]
    assert found[1]["model_digest"] == past.DIGEST
    assert (found[1]["by"], found[1]["run_id"]) == ("A. Reviewer", "a")
    ends = [item["withdrawal"] and item["withdrawal"]["by"] for item in found]
    assert ends == [None, None, "B. Reviewer", None]
    assert waiving.line(found[1]) == (
        f"active    until {TODAY}  a  silo_floor  by A. Reviewer: agreed"
    )
    assert waiving.line(found[2]) == (
        f"withdrawn until {TODAY}  a  change  by A. Reviewer: agreed; withdrawn by B. "
        f"Reviewer on {TODAY}: wrong"
    )
