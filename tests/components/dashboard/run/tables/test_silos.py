from __future__ import annotations

from components.dashboard.run.tables import silos
from components.payloads.findings import Group
from tests.components.dashboard.conftest import (
    EVIL,
    LEFT_OUT,
    MISSING,
    TOO_FEW_SILO,
    WORST,
)
from tests.components.dashboard.run.tables.reading import texts


def test_silos_come_surely_worst_first_and_say_why_they_are_not_judged(run):
    rows = texts(silos.all_silos(run.report(), process=True))
    assert [row[0] for row in rows] == [*WORST, TOO_FEW_SILO]
    judged = {row[0]: row[4] for row in rows}
    assert judged[TOO_FEW_SILO] == "no: too few rows to judge"
    assert judged[LEFT_OUT] == "no: it is quarantined"
    assert judged[EVIL] == "yes"
    assert rows[-1][1] == "too few (7)"


def test_a_silo_that_was_not_admitted_says_why_and_leaves_the_way_out_below(run):
    made = silos.all_silos(run.report(), process=True)
    (row,) = (row for row in made.rows if row.cells[0].text == LEFT_OUT)
    (part,) = (cell for cell in row.cells if cell.text == "not admitted")
    assert part.findings == (Group("", (MISSING.sentence,)),)


def test_of_an_evaluation_alone_nothing_of_a_run_is_told(run):
    made = silos.all_silos(run.report(), process=False)
    assert [column.name for column in made.columns][-1] == "Rows to evaluate"
    assert len(made.rows[0].cells) == len(made.columns)


def test_silos_that_no_gate_judged_are_listed_with_the_reason(run):
    made = silos.unjudged(run.report())
    assert made is not None
    assert texts(made) == [
        [TOO_FEW_SILO, "too few rows to judge"],
        [LEFT_OUT, "it is quarantined"],
    ]
