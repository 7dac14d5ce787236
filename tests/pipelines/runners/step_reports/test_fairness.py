"""FairnessEvaluator's page: the decision with every reason, and its figures."""

import shutil

from components.dashboard import formats
from components.payloads.decision import Decision, GateResult, NotEvaluated, Waiver
from pipelines.runners.step_reports import fairness
from pipelines.runners.step_reports.content import Mark
from tests.pipelines.runners.step_reports import cases


def test_a_blessed_model_has_its_figures(blessed):
    content = fairness.describe(blessed)
    assert (content.verdict, content.mood) == ("Blessed: every gate passed", "good")
    assert cases.figure_of(content, "AUC") == (
        "0.713",
        "95 % interval: 0.693 to 0.743; +0.013 against the baseline",
        "",
    )
    assert cases.figure_of(content, "Worst judged silo (AUC)") == (
        "0.610",
        "",
        "north",
    )
    assert cases.figure_of(content, "Gap between best and worst")[0] == "0.130"
    assert content.metrics == {
        "blessed": "yes",
        "gates failed": None,
        "gates waived": None,
        "AUC": 0.713,
        "worst silo AUC": 0.61,
        "worst silo": "north",
        "AUC gap": 0.74 - 0.61,
        "AUC on the following span": 0.698,
        "AUC of the baseline": 0.7,
    }


WAIVER = Waiver(
    "calibration", cases.EVIL, "A. Reviewer", "2026-12-31", "2026-11-24", "run-1"
)


def test_a_model_that_is_not_blessed_has_every_reason_and_failed_gates_first(blessed):
    gates = (
        GateResult("silo_gap", True, "The gap is within the limit."),
        GateResult("calibration", False, "Not blessed: three.", "mend it", WAIVER),
        GateResult("silo_floor", False, "Not blessed: one.", "look at F9"),
        GateResult("worst_silo", False, "Not blessed: two."),
    )
    reasons = ("Not blessed: one.", "Not blessed: two.")
    Decision(False, reasons, gates).write(
        blessed["FairnessEvaluator"].outputs["blessing"]
    )
    content = fairness.describe(blessed)
    assert content.verdict == "Not blessed: this model does not go into service"
    assert content.reasons == reasons
    assert content.metrics["blessed"] == "no"
    assert content.metrics["gates failed"] == "silo_floor, worst_silo"
    assert content.metrics["gates waived"] == "calibration"
    rows = cases.rows(content, "Gates")
    assert list(rows) == ["silo_floor", "worst_silo", "calibration", "silo_gap"]
    assert rows["silo_floor"] == (
        Mark(False, "failed", ("look at F9",)),
        "Not blessed: one.",
    )
    assert rows["calibration"][0] == Mark(
        False, "waived", (f"by A. Reviewer until 2026-12-31: {cases.EVIL}",)
    )


def test_a_model_that_rests_on_a_waiver_says_so_first(blessed):
    gates = (
        GateResult("silo_gap", True, "The gap is within the limit."),
        GateResult("calibration", False, "Not blessed: three.", "mend it", WAIVER),
    )
    Decision(True, (), gates).write(blessed["FairnessEvaluator"].outputs["blessing"])
    content = fairness.describe(blessed)
    assert (content.verdict, content.mood) == (
        "Blessed: every gate passed but calibration, waived",
        "good",
    )


def test_groups_the_baseline_and_who_was_not_judged_are_told(blessed):
    content = fairness.describe(blessed)
    assert cases.rows(content, "Groups over all silos") == {
        "red": ("colour", "0.640", "0.620 to 0.670", ""),
        cases.EVIL: ("colour", "0.660", "0.640 to 0.690", ""),
    }
    assert cases.rows(
        content, "The baseline: the latest blessed model of an earlier span"
    ) == {"2013-01": ("b" * 64,)}
    assert cases.rows(content, "Silos that no gate judged") == {
        cases.EVIL: ("quarantined: too few rows",),
        cases.LONG: ("7 evaluation rows, 100 are needed",),
    }


def test_without_a_model_there_was_nothing_to_judge(refused):
    content = fairness.describe(refused)
    assert content.verdict == "Not blessed: there was nothing to judge"
    assert content.reasons == (f"Not blessed: {cases.REFUSAL}",)
    assert content.figures == ()
    assert {name for name, value in content.metrics.items() if value} == {"blessed"}
    assert not any(table.rows for table in content.tables)


def test_the_worst_silo_is_that_of_those_that_the_gates_judged(blessed):
    """An admitted silo with too few rows is neither the worst nor widens the gap."""
    few = (
        NotEvaluated(cases.EVIL, "quarantined"),
        NotEvaluated(cases.NORTH, "30 rows"),
    )
    Decision(True, not_judged=few).write(
        blessed["FairnessEvaluator"].outputs["blessing"]
    )
    content = fairness.describe(blessed)
    assert cases.figure_of(content, "Worst judged silo (AUC)") == (
        "0.740",
        "",
        cases.ARABIC,
    )
    assert cases.figure_of(content, "Gap between best and worst") == (
        formats.NONE,
        "needs two judged silos with an AUC",
        "",
    )
    assert content.metrics["worst silo"] == cases.ARABIC
    assert content.metrics["AUC gap"] is None


def test_without_a_cohort_the_silos_are_still_told(blessed):
    shutil.rmtree(blessed["SiloValidator"].outputs["cohort"])
    assert fairness.describe(blessed).metrics["worst silo"] == cases.NORTH
