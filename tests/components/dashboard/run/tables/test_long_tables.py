from __future__ import annotations

from components.dashboard import scores
from components.dashboard.run.tables.long_tables import (
    SHOWN,
    Cell,
    Column,
    LongTable,
    Row,
    between,
    figure,
    number,
)
from components.payloads.findings import Group


def table(num_rows: int, threshold: float | None = None) -> LongTable:
    rows = tuple(Row((Cell(f"row {i}"),), threshold) for i in range(num_rows))
    return LongTable("Rows", (Column("Name"),), rows)


def test_the_first_rows_are_html_and_the_others_data():
    made = table(SHOWN + 2)
    assert len(made.first) == SHOWN
    assert made.rest == [[f"row {SHOWN}"], [f"row {SHOWN + 1}"]]
    assert table(SHOWN).rest == []


def test_a_row_at_a_threshold_says_so_as_data_too():
    assert table(SHOWN + 1, 0.25).rest == [
        {"cells": [f"row {SHOWN}"], "threshold": 0.25}
    ]
    assert table(3, 0.25).has_thresholds
    assert not table(3).has_thresholds


def test_cells_are_as_short_as_can_be():
    assert Cell("a").to_json() == "a"
    assert number(1234).to_json() == ["1,234", 1234]
    told = (Group("mend it", ("why", "why else")), Group("", ("how",)))
    assert Cell("no", mood="bad", findings=told).to_json() == {
        "text": "no",
        "sort": None,
        "mood": "bad",
        "findings": [[["why", "why else"], "mend it"], [["how"], ""]],
    }


def test_what_is_no_number_is_sorted_last_and_has_no_verdict():
    few = scores.Cell(None, None, None, 7, "too few")
    assert figure(few, "bad") == Cell("too few (7)", "")
    assert between(few) == Cell("", "")
    assert figure(None) == Cell("\N{EN DASH}", "")


def test_figures_are_sorted_by_value_and_intervals_by_their_lower_end():
    cell = scores.Cell(0.71234, 0.65, 0.75, 99, "")
    assert figure(cell) == Cell("0.712", 0.7123)
    assert between(cell) == Cell("0.650 to 0.750", 0.65)
