from __future__ import annotations

import dataclasses

from components.dashboard import report, scores, silo_tables
from components.scoring import table
from components.silos.departures import Departure
from tests.components.dashboard.conftest import (
    ARABIC,
    EVIL,
    LEFT_OUT,
    TOO_FEW_SILO,
    WORST,
)

ABOUT = report.About("flights", "7", "", {})


def gather(run) -> report.Report:
    return report.gather(
        run.sources, ABOUT, scores.of_table(table.read(run.evaluation))
    )


def texts(made) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in made.rows]


def test_silos_come_surely_worst_first_and_say_why_they_are_not_judged(run):
    rows = texts(silo_tables.all_silos(gather(run), process=True))
    assert [row[0] for row in rows] == [*WORST, TOO_FEW_SILO]
    judged = {row[0]: row[4] for row in rows}
    assert judged[TOO_FEW_SILO] == "no: too few rows to judge"
    assert judged[LEFT_OUT] == "no: it is quarantined"
    assert judged[EVIL] == "yes"
    assert rows[-1][1] == "too few (7)"


def test_of_an_evaluation_alone_nothing_of_a_run_is_told(run):
    made = silo_tables.all_silos(gather(run), process=False)
    assert [column.name for column in made.columns][-1] == "Rows to evaluate"
    assert len(made.rows[0].cells) == len(made.columns)


def test_findings_name_quarantined_silos_first_with_the_reason(run):
    made = silo_tables.findings(gather(run))
    assert made is not None
    assert [row[0] for row in texts(made)] == [LEFT_OUT, EVIL, ARABIC]
    assert made.rows[0].cells[1].mood == "bad"
    assert made.rows[0].cells[2].sentences[0].startswith("column `dep_delay`")
    assert made.rows[2].cells[3].sentences == ("old.csv is empty",)


def test_what_left_is_added_up_over_silos_first(run):
    found = gather(run)
    uneven = [
        dataclasses.replace(line, left=(Departure("statistics", 2 + i, 100 * i),))
        for i, line in enumerate(found.silos[:3])
    ]
    made = silo_tables.left_silos(dataclasses.replace(found, silos=tuple(uneven)))
    assert [column.name for column in made.columns] == [
        *("Silo", "Statistics", "Together")
    ]
    assert texts(made)[0] == ["All silos", "9 (300 bytes)", "300 bytes"]


def test_drop_outs_say_when_and_why(run):
    made = silo_tables.dropped(gather(run))
    assert made is not None
    assert texts(made) == [[EVIL, "3", "no answer in 60 s"]]


def test_the_last_round_has_the_highest_loss_first(run):
    made = silo_tables.last_round(gather(run))
    assert made is not None
    losses = [float(row[1]) for row in texts(made)]
    assert losses == sorted(losses, reverse=True)


def test_predictions_are_listed_by_silo(run):
    made = silo_tables.predictions(gather(run))
    assert made is not None
    assert texts(made)[0][1:] == ["500", "2", "cccccccccccc", "/silo/predictions"]


def test_what_is_not_there_has_no_table(refused):
    found = gather(refused)
    assert silo_tables.predictions(found) is None
    assert silo_tables.last_round(found) is None
    assert silo_tables.dropped(found) is None


def test_silos_that_no_gate_judged_are_listed_with_the_reason(run):
    made = silo_tables.unjudged(gather(run))
    assert made is not None
    assert texts(made) == [
        [TOO_FEW_SILO, "too few rows to judge"],
        [LEFT_OUT, "it is quarantined"],
    ]
