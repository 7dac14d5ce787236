from __future__ import annotations

import pytest

from components.dashboard.scores import Cell, Question, Scores, Slice, of_table
from pipelines.runners.step_reports.slice_tables import slice_tables
from tests.components.dashboard.conftest import figures


def test_groups_over_all_silos_and_inside_them_are_apart():
    over, inside = slice_tables(of_table(figures()), max_rows=500)
    assert not any(row.of.silo for row in over.rows)
    assert all(row.of.silo for row in inside.rows)
    groups = [row.of.group for row in over.rows]
    assert (groups[0], groups[-1], len(groups)) == ("F", "rare", 3 + 2 + 6 + 1)


def test_rates_are_those_of_the_middle_threshold():
    over = slice_tables(of_table(figures()), max_rows=500)[0]
    assert over.rates == ("tpr", "fpr", "fnr", "positive_rate")
    assert over.threshold == 0.5
    tpr = over.rows[0].rates[0]
    assert tpr is not None
    assert tpr.number == pytest.approx(0.64 * 0.8)  # as synthetic.py has it


def test_a_group_with_too_few_rows_is_last_and_has_no_number_at_all():
    last = slice_tables(of_table(figures()), max_rows=500)[0].rows[-1]
    assert last.of.group == "rare"
    for cell in (last.auc, *last.rates):
        assert cell is not None
        assert (cell.is_number, cell.note) == (False, "too few")


def test_a_long_table_is_cut_to_its_worst_rows():
    inside = slice_tables(of_table(figures()), max_rows=3)[1]
    ends = [row.auc.at_best("auc") for row in inside.rows if row.auc is not None]
    assert len(ends) == 3
    assert inside.num_rows == 15 * 11
    assert ends == sorted(ends)


def test_without_groups_there_is_no_table():
    cell = Cell(0.7, None, None, 9, "")
    assert slice_tables(Scores([(Question("auc", Slice("a")), cell)]), 10) == []
