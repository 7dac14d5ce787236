from __future__ import annotations

from components.dashboard.scores import Cell, Question, Scores, Slice, of_table
from components.dashboard.slice_tables import slice_tables
from tests.components.dashboard.conftest import figures


def test_groups_over_all_silos_and_inside_them_are_apart():
    over, inside = slice_tables(of_table(figures()), max_rows=500)
    assert not any(row.of.silo for row in over.rows)
    assert all(row.of.silo for row in inside.rows)
    assert [row.of.group for row in over.rows] == [
        *("DL",),
        over.rows[1].of.group,
        "UA",
        "rare",
    ]


def test_rates_are_those_of_the_middle_threshold():
    over = slice_tables(of_table(figures()), max_rows=500)[0]
    assert (over.rates, over.threshold) == (("tpr", "fpr"), 0.5)
    assert [cell and cell.value for cell in over.rows[0].rates] == [0.4, 0.4]


def test_a_group_with_too_few_rows_is_last_and_has_no_number_at_all():
    last = slice_tables(of_table(figures()), max_rows=500)[0].rows[-1]
    assert last.of.group == "rare"
    for cell in (last.auc, *last.rates):
        assert cell is not None
        assert (cell.is_number, cell.note) == (False, "too few")


def test_a_long_table_is_cut_to_its_worst_rows():
    inside = slice_tables(of_table(figures()), max_rows=3)[1]
    aucs = [row.auc.number for row in inside.rows if row.auc is not None]
    assert len(aucs) == 3
    assert inside.num_rows == 30
    assert aucs == sorted(aucs)


def test_without_groups_there_is_no_table():
    cell = Cell(0.7, None, None, 9, "")
    assert slice_tables(Scores([(Question("auc", Slice("a")), cell)]), 10) == []
