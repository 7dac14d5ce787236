"""Decisions explained, other bounds tried and waivers listed, as people read them."""

import dataclasses
import datetime
import pathlib

import pytest

from components.errors import SettingsError
from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.waivers import Waivers
from components.payloads import table
from components.payloads.decision import Baseline, Waiver
from pipelines.cli import gate_reports
from pipelines.places import Places
from pipelines.runs.store import RunStore
from tests.components.fairness_evaluator.gates.evidence import gains
from tests.pipelines import past

TODAY = datetime.datetime.now(datetime.UTC).date()
WAIVER = Waiver("silo_floor", "agreed", "A. Reviewer", "2026-12-31", "2026-11-24", "a")


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path)


@pytest.fixture
def runs(places):
    return RunStore("", "flights", places.output)


@pytest.fixture
def state(places):
    return Waivers(places.operator_store, "flights")


def waive(state, gate="silo_floor", day=TODAY, reason="agreed"):
    return state.waive(
        run_id="a",
        gate=gate,
        model_digest=past.DIGEST,
        reason=reason,
        by="A. Reviewer",
        until=day.isoformat(),
    )


def withdraw(state, gate="silo_floor"):
    return state.withdraw(
        gate=gate, model_digest=past.DIGEST, reason="wrong", by="B. Reviewer"
    )


def test_each_gate_is_explained(places, runs):
    past.evaluated(places, "a", 0.67)
    text = gate_reports.explanation(gate_reports.explain(runs, "a"))
    assert text.startswith(
        """\
run a: flights 2013-05, not blessed

minimum_data: passed
  protects  Against a decision on a handful of rows, or on hardly any silo.
  demands   judged silos: at least 1, each with 100 labelled rows and 10 of each label
  found     3 of 4 silos can be judged; needed at least 1.

better_than_chance: passed
"""
    )
    assert text.partition("silo_floor: ")[2].partition("silo_gap: ")[0] == (
        """\
refused
  protects  Every single company: none is asked to use a model that fails it.
  demands   AUC of each judged silo at least 0.67; it refuses when even the better end
            of the 95 % interval misses that
  found     Not blessed: silo F9 has AUC 0.612 (95 % CI for 3 silos 0.573 to 0.651);
            needed at least 0.670. Judged: 3 of 4 silos; the others have too few rows or
            are left out.
  hint      Look at the page of silo F9 and at the findings about its data; where its
            data is sound, the model lacks features or training that would serve it.
            Where the bound is wrong, change `gates.silo_floor.at_least`: `fairsilo gate
            preview` shows what another would have decided. To let this one model pass
            all the same, and answer for it: `fairsilo gate waive RUN --gate
            silo_floor`.

"""
    )
    assert text.endswith(
        "\n\nsilos that no gate judged:\n  HA: 20 evaluation rows, 100 are needed"
    )


def test_what_was_judged_by_another_model_than_the_chosen_one_is_said(places, runs):
    lost = {"F9": "silo `F9`: own.npz: found no file"}
    before = ("the baseline, silo `9E`: own.npz: found no file",)
    past.evaluated(places, "a", 0.67, not_as_chosen=lost, baseline_not_as_served=before)
    text = gate_reports.explanation(gate_reports.explain(runs, "a"))
    assert text.endswith(
        "\n\njudged by another model than the one chosen:\n  silo `F9`: own.npz: found "
        "no file\n  the baseline, silo `9E`: own.npz: found no file"
    )


def test_a_waiver_of_the_run_and_one_given_since_are_told_apart(places, runs, state):
    past.evaluated(places, "a", 0.67, waivers=[WAIVER])
    found = gate_reports.explain(runs, "a")
    text = gate_reports.explanation(found)
    assert "silo_floor: refused, and waived" in text
    assert "blessed, 1 gate waived by A. Reviewer\n" in text
    assert "hint" not in text  # it has passed
    assert "  waiver    by A. Reviewer until 2026-12-31: agreed" in text
    assert found["gates"][1]["waived_since"] is None

    past.evaluated(places, "b", 0.67)
    waive(state, reason="agreed since")
    text = gate_reports.explanation(gate_reports.explain(runs, "b"))
    assert "silo_floor: refused\n" in text
    assert f"  since     by A. Reviewer until {TODAY}: agreed since; it counts" in text


def test_a_withdrawal_since_is_told_of_a_run_that_rests_on_the_waiver(
    places, runs, state
):
    given = waive(state)
    past.evaluated(places, "a", 0.67)
    past.evaluated(places, "b", 0.67, waivers=[given])
    withdraw(state)
    text = gate_reports.explanation(gate_reports.explain(runs, "b"))
    assert "silo_floor: refused, and waived\n" in text
    assert f"  waiver    by A. Reviewer until {TODAY}: agreed\n" in text
    assert f"  withdrawn by B. Reviewer on {TODAY}: wrong; it counts from the" in text
    found = gate_reports.explain(runs, "a")["gates"][1]
    assert (found["waived_since"], found["withdrawn_since"]) == (None, None)


def test_a_decision_by_settings_of_before_is_refused(places, runs):
    past.evaluated(places, "a", 0.67, settings={"worst_silo": None})
    with pytest.raises(
        SettingsError, match=r"gates are of another version.*worst_silo"
    ):
        gate_reports.explain(runs, "a")


def bounds(floor, **more):
    both = {"silo_floor": {"at_least": floor}, "silo_gap": {"at_most": 0.2}}
    return GateSettings.model_validate(both | more)


def test_bounds_are_tried_on_all_runs_and_what_is_gone_is_said(places, runs):
    past.evaluated(places, "a", 0.67)
    past.failed(places, "b")
    past.evaluated(places, "c", 0.6)
    found = gate_reports.preview(runs, bounds(0.6))
    assert [(item["then"], item["now"]) for item in found] == [
        ("not blessed", "blessed"),
        (None, None),
        ("blessed", "blessed"),
    ]
    lines = gate_reports.preview_text(found).splitlines()
    assert lines[0] == "run a: not blessed, but would be blessed"
    assert lines[1] == "  silo_floor"
    assert lines[2].startswith("    then: Not blessed: silo F9 has AUC")
    assert lines[3].startswith("    now:  Closest of 3: silo F9 has AUC")
    assert lines[4:] == [
        "run b: no evaluation of it is kept (the disk is full)",
        "run c: blessed, and still so",
    ]


ALONE = ("worse_than_alone", "base_worse_than_alone")
WITH_GAINS = table.make_table(
    [
        *past.FIGURES,
        *(
            one
            for name, of_base, of_served in (
                ("9E", 0.02, 0.02),
                ("AA", -0.06, 0.0),
                ("F9", -0.1, -0.05),
            )
            for one in gains(name, of_base, of_served)
            if one.metric == "gain_auc"
        ),
    ]
)


@pytest.mark.parametrize(
    ("gate", "loses"),
    zip(ALONE, ("silo F9 loses 0.050 AUC", "silo F9 loses 0.100 AUC"), strict=True),
)
def test_gates_on_training_alone_are_explained_tried_and_waived(
    places, runs, state, gate, loses
):
    asked = {gate: {"at_most_worse": 0.03}}
    ended = past.evaluated(places, "a", 0.6, figures=WITH_GAINS, asked=asked)
    text = gate_reports.explanation(gate_reports.explain(runs, "a"))
    assert f"\n{gate}: refused\n" in text
    flat = " ".join(text.split())
    assert "at most 0.03 worse than with one of its own rows" in flat
    assert f"  found     Not blessed: {loses} with" in text
    # The base model loses silo AA too, which its own model serves.
    assert ("Missed too by silo AA" in flat) == (gate == "base_worse_than_alone")

    [found] = gate_reports.preview(runs, bounds(0.6, **{gate: {"at_most_worse": 0.2}}))
    assert (found["then"], found["now"]) == ("not blessed", "blessed")
    assert [each["gate"] for each in found["changed"]] == [gate]

    gate_reports.check_refused(ended, gate)
    waiver = waive(state, gate)
    again = past.evaluated(
        places, "b", 0.6, figures=WITH_GAINS, asked=asked, waivers=[waiver]
    )
    assert again.is_blessed
    text = gate_reports.explanation(gate_reports.explain(runs, "b"))
    assert f"\n{gate}: refused, and waived\n" in text


@pytest.mark.parametrize("gate", ALONE)
def test_a_preview_on_a_run_without_gains_refuses_and_says_what_is_missing(
    places, runs, gate
):
    past.evaluated(places, "a", 0.6)
    [found] = gate_reports.preview(runs, bounds(0.6, **{gate: {"at_most_worse": 0.2}}))
    assert (found["then"], found["now"]) == ("blessed", "not blessed")
    [changed] = found["changed"]
    assert "gain in AUC over training alone is not known for" in changed["after"]


def test_of_one_run_a_missing_evaluation_is_an_error(places, runs):
    past.failed(places, "b")
    with pytest.raises(SettingsError, match="no evaluation of it is kept"):
        gate_reports.preview(runs, bounds(0.6), "b")


def test_a_preview_shows_gates_more_and_less_and_other_silos(places, runs):
    past.evaluated(places, "a", 0.6)
    tenth = bounds(0.6, silo_gap=None, worst_tenth={"at_least": 0.9})
    [found] = gate_reports.preview(runs, tenth)
    assert (found["then"], found["now"]) == ("blessed", "not blessed")
    assert [(each["gate"], bool(each["before"])) for each in found["changed"]] == [
        ("silo_gap", True),
        ("worst_tenth", False),
    ]
    assert "    now:  not asked" in gate_reports.preview_text([found])
    few = bounds(0.6, minimum_data={"rows": 10, "rows_of_each_label": 5})
    [found] = gate_reports.preview(runs, few)
    assert "silo HA has AUC 0.100" in found["changed"][1]["after"]


def test_a_preview_counts_the_waivers_of_then(places, runs):
    past.evaluated(places, "a", 0.67, waivers=[WAIVER])
    [found] = gate_reports.preview(runs, bounds(0.9))
    assert (found["then"], found["now"]) == ("blessed", "blessed")


def test_a_model_that_could_not_be_compared_with_refuses_under_any_bound(places, runs):
    gone = Baseline("2013-04", "d1", "/models/4")
    past.evaluated(places, "a", 0.6, baseline_gone=gone)
    [found] = gate_reports.preview(runs, bounds(0.6, change={"at_most_worse": 1.0}))
    assert found["now"] == "not blessed"
    assert "the folder of the model of 2013-04" in found["changed"][-1]["after"]


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
        gate_reports.check_refused(make(places), "change")
    assert caught.value.message == says
    assert hint in caught.value.hint


def test_the_next_step_is_the_same_run_again(places, runs, state):
    ended = past.evaluated(places, "a", 0.67)
    waive(state)
    [line] = gate_reports.next_steps(runs, ended, state, pathlib.Path("my out"))
    assert line == (
        "next: `fairsilo run flights --span 2013-05 --output 'my out'`, with the "
        "settings of that run: all steps before the evaluation come from the cache, "
        "and the gates judge again"
    )


def test_gates_that_still_refuse_are_named_and_a_cluster_has_its_own_command(
    places, state
):
    ended = past.evaluated(places, "a", 0.67, gap=0.01)
    waive(state)
    runs = RunStore(f"sqlite:///{places.output}/store.db", "flights")
    ended = dataclasses.replace(ended, span="")
    lines = gate_reports.next_steps(runs, ended, state, None)
    assert lines[0] == "it is not blessed yet: silo_gap refused it too"
    assert lines[1].startswith("next: `fairsilo kubeflow run flights`, with")


def test_waivers_are_listed_with_how_they_stand(state):
    waive(state, day=TODAY + datetime.timedelta(days=5))
    waive(state)
    waive(state, gate="change")
    withdraw(state, gate="change")
    waive(state, gate="change")
    found = gate_reports.waivers(state)
    assert [(item["gate"], item["state"]) for item in found] == [
        ("silo_floor", "replaced"),
        ("silo_floor", "active"),
        ("change", "withdrawn"),
        ("change", "active"),
    ]
    assert found[1]["model_digest"] == past.DIGEST
    assert (found[1]["by"], found[1]["run_id"]) == ("A. Reviewer", "a")
    assert gate_reports.waiver_line(found[1]) == (
        f"active    until {TODAY}  a  silo_floor  by A. Reviewer: agreed"
    )
    assert gate_reports.waiver_line(found[2]) == (
        f"withdrawn until {TODAY}  a  change  by A. Reviewer: agreed; withdrawn by B. "
        f"Reviewer on {TODAY}: wrong"
    )
