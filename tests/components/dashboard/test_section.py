"""Tables: their places, and what is written as data for the page's script."""

from __future__ import annotations

import math

import pytest

from components.dashboard import formats
from components.dashboard.section import (
    SHOWN,
    Cell,
    Column,
    Table,
    cell,
    facts,
    interval,
    table,
)
from components.payloads.findings import Group
from components.payloads.table import Figure

FEW = Figure("candidate", "eval", "a", "", "", "rows", rows=7, note="too few")


def figure(value: float, low: float | None = None, high: float | None = None) -> Figure:
    return Figure(*("candidate", "eval", "a", "", "", "auc", None, value, low, high, 9))


def rows(number: int, threshold: float | None = None) -> Table:
    columns = (Column("Name", lambda index: f"row {index}"),)
    return table("Rows", range(number), columns, threshold=lambda _: threshold)


def test_the_first_rows_are_html_and_the_others_data():
    made = rows(SHOWN + 2)
    assert len(made.first) == SHOWN
    assert made.rest == [[f"row {SHOWN}"], [f"row {SHOWN + 1}"]]
    assert rows(SHOWN).rest == []
    assert rows(SHOWN + 1, 0.25).rest == [
        {"cells": [f"row {SHOWN}"], "threshold": 0.25}
    ]


def test_cells_are_as_short_as_can_be():
    assert cell("a").to_json() == "a"
    assert cell(1234).to_json() == 1234
    assert cell(figure(0.5)).to_json() == ["0.500", 0.5]
    found = (Group("mend it", ("why", "why else")), Group("", ("how",)))
    assert Cell("no", mood="bad", findings=found).to_json() == {
        "text": "no",
        "sort": None,
        "mood": "bad",
        "findings": [[["why", "why else"], "mend it"], [["how"], ""]],
    }


def test_what_is_no_number_is_sorted_last():
    assert cell(FEW) == Cell("too few (7)", "")
    assert interval(FEW) == Cell("", "")
    assert cell(None) == Cell(formats.NONE, "")


def test_figures_are_sorted_by_value_and_intervals_by_their_lower_end():
    assert cell(figure(0.71234)) == Cell("0.712", 0.7123)
    assert interval(figure(0.7, 0.6512, 0.74)) == Cell("0.651 to 0.740", 0.6512)
    assert interval(figure(0.7)) == Cell("", "")


def test_facts_without_a_value_are_left_out():
    made = facts("Where", {"Model": "/m", "Digest": ""})
    assert [[cell.text for cell in row.cells] for row in made.rows] == [["Model", "/m"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (formats.size(0), "0 bytes"),
        (formats.size(999), "999 bytes"),
        (formats.size(1500), "1.5 kB"),
        (formats.size(7 * 10**12), "7.0 TB"),
        (formats.count(1234567), "1,234,567"),
        (formats.metric(math.nan), formats.NONE),
        (formats.share(0.0625), "6.2 %"),
        (formats.signed(0.0134), "+0.013"),
        (formats.short("a" * 64), "a" * 12),
        (formats.short(""), formats.NONE),
        (formats.verb(1, "was", "were"), "was"),
        (formats.verb(0, "was", "were"), "were"),
    ],
)
def test_numbers_read_as_people_write_them(text, expected):
    assert text == expected
