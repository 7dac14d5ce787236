from __future__ import annotations

from components.dashboard import report, scores
from components.dashboard.formats import NONE
from components.dashboard.key_figures import KeyFigure, key_figures
from components.scoring import table
from tests.components.dashboard.conftest import WORST, Run, auc_of

ABOUT = report.About("flights", "7", "", {})


def figures_of(run: Run) -> dict[str, KeyFigure]:
    cells = scores.of_table(table.read(run.evaluation))
    found = key_figures(report.gather(run.sources, ABOUT, cells))
    return {figure.label: figure for figure in found}


def test_the_auc_stands_with_its_interval_and_the_change(run):
    figure = figures_of(run)["AUC"]
    assert figure.value == "0.713"
    assert figure.detail == (
        "95 % interval: 0.693 to 0.743; +0.013 against the model in service"
    )


def test_the_worst_silo_and_the_gap_are_of_admitted_silos(run):
    found = figures_of(run)
    assert found["Worst admitted silo (AUC)"].silo == WORST[0]
    gap = auc_of(WORST[-1]) - auc_of(WORST[0])
    assert found["Gap between best and worst"].value == f"{gap:.3f}"
    assert found["Gap between best and worst"].detail == "AUC of 14 admitted silos"


def test_counts_are_those_of_cohort_and_ledger(run):
    found = figures_of(run)
    assert found["Silos admitted"].value == "15 of 16"
    assert found["Rows scored"].value == "8,000"
    assert found["AUC on the following span"].value == "0.698"


def test_without_an_evaluation_there_are_dashes_with_the_reason(refused):
    found = figures_of(refused)
    assert found["AUC"].value == found["Gap between best and worst"].value == NONE
    assert found["AUC"].detail == "nothing was evaluated"
    assert found["Rows scored"].value == "0"
