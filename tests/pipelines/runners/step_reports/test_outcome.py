"""The run's page: its decision from its summary, whatever it came to."""

import dataclasses

import pytest

from components.errors import FairSiloError
from components.payloads import egress
from components.payloads.decision import Decision, NotEvaluated
from components.payloads.egress import Departure
from pipelines import summary
from pipelines.places import Places
from pipelines.runners.step_reports import outcome
from pipelines.runners.step_reports.content import Mark
from tests.pipelines.runners.step_reports import cases


def told_of(nodes, tmp_path) -> summary.Summary:
    folder = nodes["SiloExampleGen"].outputs["examples"]
    egress.write(folder, {cases.NORTH: [Departure("statistics", 3, 2048)]})
    return summary.of_run("run-1", "flights", Places(tmp_path), nodes)


def test_a_blessed_run_has_the_figures_of_its_nodes(blessed, tmp_path):
    content = outcome.describe(told_of(blessed, tmp_path))
    assert (content.verdict, content.mood) == (
        "Blessed: the model went into service",
        "good",
    )
    assert content.metrics == {
        "status": "blessed",
        "blessed": "yes",
        "gates failed": None,
        "gates waived": None,
        "AUC": 0.713,
        "worst silo AUC": 0.61,
        "worst silo": "north",
        "AUC gap": 0.74 - 0.61,
        "AUC on the following span": 0.698,
        "silos admitted": 3,
        "rows scored": 1700,
        "dead letters": 5,
    }
    assert cases.figure_of(content, "Silos admitted")[0] == "3 of 4"
    assert cases.figure_of(content, "Gap between best and worst") == (
        "0.130",
        "AUC of 2 judged silos",
        "",
    )
    assert cases.figure_of(content, "Rows scored")[0] == "1,700"


def test_the_worst_and_the_gap_are_those_of_the_summary(blessed, tmp_path):
    """Whatever silos were admitted, the gates judged the others only."""
    few = (
        NotEvaluated(cases.EVIL, "quarantined"),
        NotEvaluated(cases.ARABIC, "30 rows"),
    )
    Decision(True, not_judged=few).write(
        blessed["FairnessEvaluator"].outputs["blessing"]
    )
    told = told_of(blessed, tmp_path)
    metrics = outcome.describe(told).metrics
    assert told.worst_silo == summary.WorstSilo(cases.NORTH, 0.61)
    assert (metrics["worst silo"], metrics["worst silo AUC"]) == (cases.NORTH, 0.61)
    assert (told.gap, metrics["AUC gap"]) == (0.0, None)  # of one silo


def test_gates_that_refused_come_first(blessed, tmp_path):
    gates = (
        summary.Gate("silo_gap", True),
        summary.Gate("change", False, True),
        summary.Gate("silo_floor", False),
    )
    told = dataclasses.replace(told_of(blessed, tmp_path), gates=gates)
    content = outcome.describe(told)
    assert list(cases.rows(content, "Gates").items()) == [
        ("silo_floor", (Mark(False, "failed"),)),
        ("change", (Mark(False, "waived"),)),
        ("silo_gap", (Mark(True, "passed"),)),
    ]
    assert content.metrics["gates failed"] == "silo_floor"
    assert content.metrics["gates waived"] == "change"


def test_tables_say_who_did_not_train_what_left_and_where_things_are(blessed, tmp_path):
    content = outcome.describe(told_of(blessed, tmp_path))
    reasons = (f"`{cases.EVIL}` is missing", "too few rows")
    assert cases.rows(content, "Silos that were not admitted") == {
        cases.EVIL: (Mark(False, "not admitted", reasons),)
    }
    assert cases.rows(content, "What left the silos") == {
        cases.NORTH: ("3 (2.0 kB)", "", "", "", "", "")
    }
    assert [
        row[-1] for row in cases.rows(content, "AUC by silo, worst first").values()
    ] == [
        "0",
        "30",
        "40",
    ]
    places = cases.rows(content, "Where things are")
    assert places["Predictions, below"] == (str(tmp_path / "silos"),)
    assert places["Digest of the model"] == ("a" * 64,)
    assert cases.rows(content, "How long the steps took")["Pusher"] == ("10.5",)


def test_a_blessed_model_that_was_held_back_did_not_go_into_service(blessed, tmp_path):
    told = dataclasses.replace(
        told_of(blessed, tmp_path), pushed=False, reasons=("why",)
    )
    content = outcome.describe(told)
    assert (
        content.verdict
        == "Blessed, not put into service: a model of a later span is blessed"
    )
    assert (content.mood, content.reasons) == ("plain", ("why",))


def test_below_quorum_the_reason_and_the_silos_are_told(refused, tmp_path):
    content = outcome.describe(told_of(refused, tmp_path))
    assert content.verdict == "Nothing was trained: too few silos were admitted"
    assert content.reasons == (cases.REFUSAL,)
    assert cases.rows(content, "AUC by silo, worst first") == {}
    assert "Model" not in cases.rows(content, "Where things are")
    assert content.metrics["blessed"] == "no"


def test_a_run_that_failed_has_its_fault_and_how_far_it_came(blessed):
    fault = FairSiloError("run run-1 ended after SiloValidator, without a decision")
    content = outcome.describe(
        summary.of_failure(summary.of_start("run-1", "flights", ""), fault, blessed)
    )
    assert (content.verdict, content.mood) == ("The run failed", "bad")
    assert content.reasons == (fault.message,)
    assert content.figures == ()
    assert cases.rows(content, "How long the steps took")["SiloExampleGen"] == ("1.5",)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("not_blessed", "Not blessed: whatever is in service stays in service"),
        ("running", "The run is running"),
    ],
)
def test_other_endings_have_their_words(blessed, tmp_path, status, verdict):
    told = dataclasses.replace(
        told_of(blessed, tmp_path), status=status, reasons=("why",)
    )
    content = outcome.describe(told)
    assert content.verdict == verdict
    assert content.reasons == ("why",)
    assert content.metrics["blessed"] == "no"
