from __future__ import annotations

from components.dashboard import report, scores
from components.dashboard.formats import NONE
from components.dashboard.run.key_figures import KeyFigure, key_figures
from components.payloads import table
from components.payloads.table import Figure
from tests.components.dashboard.conftest import LEFT_OUT, LOWEST, WORST, Run, auc_of

ABOUT = report.About("flights", "7", "", {})


def figures_of(run: Run) -> dict[str, KeyFigure]:
    cells = scores.of_table(table.read(run.evaluation))
    found = key_figures(report.gather(run.sources, ABOUT, cells))
    return {figure.label: figure for figure in found}


def test_the_auc_stands_with_its_interval_and_the_change(run):
    figure = figures_of(run)["AUC"]
    assert figure.value == "0.700"
    assert figure.detail == (
        "95 % interval: 0.693 to 0.711; +0.020 against the baseline (+0.016 to +0.024)"
    )


def test_the_worst_silo_and_the_gap_are_of_judged_silos(run):
    found = figures_of(run)
    assert found["Worst judged silo (AUC)"].silo == LOWEST
    assert found["Worst judged silo (AUC)"].value == f"{auc_of(LOWEST):.3f}"
    judged = [auc_of(silo) for silo in WORST if silo != LEFT_OUT]
    gap = max(judged) - min(judged)
    assert found["Gap between best and worst"].value == f"{gap:.3f}"
    assert found["Gap between best and worst"].detail == "AUC of the judged silos"


def test_value_and_interval_of_the_gap_are_those_of_the_evaluation():
    made = [
        Figure("candidate", "eval", "a", "", "", "auc", value=0.9, rows=1000),
        Figure("candidate", "eval", "b", "", "", "auc", value=0.5, rows=12),
        *(
            Figure(
                *("candidate", "eval", "", "silo_id", "", f"{name}_auc", None),
                *(value, low, high, 3000, 900, "", about),
            )
            for name, value, low, high, about in (
                ("gap", 0.081, 0.047, 0.114, "a (0.90) and c (0.82)"),
                ("worst", 0.819, 0.8, 0.83, "c"),
            )
        ),
    ]
    found = key_figures(
        report.of_evaluation(ABOUT, None, scores.of_table(table.of(made))), False
    )
    worst, gap = found[1:3]
    assert (worst.value, worst.silo) == ("0.819", "c")
    assert gap.value == "0.081"
    assert gap.detail == (
        "AUC of the measured silos; a (0.90) and c (0.82); "
        "95 % interval: 0.047 to 0.114"
    )


def test_silos_that_lose_are_counted_where_the_interval_says_so(run):
    figure = figures_of(run)["Silos that surely lose"]
    assert figure.value == "0 of 14"
    assert figure.detail.endswith("1 are lower at all")


def test_the_widest_gap_between_groups_says_between_which(run):
    figure = figures_of(run)["Widest gap between groups (AUC)"]
    assert figure.value == "0.120"
    assert figure.detail == (
        "sex x carrier: F x UA (0.760) and F x DL (0.640); "
        "95 % interval: 0.086 to 0.156"
    )


def test_of_an_evaluation_alone_nothing_of_a_run_is_told(run):
    cells = scores.of_table(table.read(run.evaluation))
    found = key_figures(report.of_evaluation(ABOUT, None, cells), process=False)
    labels = {figure.label: figure.value for figure in found}
    assert labels["Silos measured"] == "15 of 16"
    assert not any("judged" in label for label in labels)
    assert "Rows scored" not in labels


def test_counts_are_those_of_cohort_and_ledger(run):
    found = figures_of(run)
    assert found["Silos admitted"].value == "15 of 16"
    assert found["Rows scored"].value == "8,000"
    assert found["Silos admitted"].detail == "the quorum is 3; judged: 14"
    assert found["AUC on the following span"].value == "0.690"


def test_without_an_evaluation_there_are_dashes_with_the_reason(refused):
    found = figures_of(refused)
    assert found["AUC"].value == found["Gap between best and worst"].value == NONE
    assert found["AUC"].detail == "nothing was evaluated"
    assert found["Rows scored"].value == "0"
