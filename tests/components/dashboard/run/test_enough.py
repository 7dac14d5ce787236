from __future__ import annotations

import pytest

from components.dashboard.run.enough import MinimumData
from components.dashboard.scores import Cell
from components.fairness_evaluator import gate_settings

ASKED = {"gates": {"minimum_data": {"rows": 50, "rows_of_each_label": 5}}}


def cell(rows: int, positives: int | None) -> Cell:
    return Cell(0.7, None, None, rows, "", positives=positives)


@pytest.mark.parametrize(
    ("rows", "positives", "enough"),
    [
        (49, 20, False),
        (50, 5, True),
        (50, 4, False),
        (50, 46, False),
        (50, None, True),
    ],
)
def test_rows_and_rows_of_each_label_are_asked(rows, positives, enough):
    needed = MinimumData.of_settings(ASKED)
    assert needed.has_enough(cell(rows, positives)) is enough


@pytest.mark.parametrize("settings", [{}, {"gates": None}, {"gates": {}}])
def test_without_settings_it_is_what_gates_ask_by_default(settings):
    default = gate_settings.MinimumData()
    needed = MinimumData.of_settings(settings)
    assert needed.rows == default.rows
    assert needed.rows_of_each_label == default.rows_of_each_label
