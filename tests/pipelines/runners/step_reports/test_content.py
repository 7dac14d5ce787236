"""Tables keep what says something."""

import pytest

from pipelines.runners.step_reports.content import Column, Mark, Table, facts, verb


def test_columns_that_say_nothing_are_left_out_with_their_cells():
    columns = (Column("Silo"), Column("Faults"), Column("Rows", "number"), Column("x"))
    rows = (("a", (), "0", None), ("b", (), "2", ""))
    kept = Table("Silos", columns, rows).without_empty_columns()
    assert [column.name for column in kept.columns] == ["Silo", "Rows"]
    assert kept.rows == (("a", "0"), ("b", "2"))


def test_one_cell_keeps_its_column():
    columns = (Column("Silo"), Column("Takes part"))
    rows = (("a", ""), ("b", Mark(False, "not admitted")))
    table = Table("Silos", columns, rows)
    assert table.without_empty_columns() == table


def test_facts_are_a_table_of_names_and_values():
    assert facts("Details", {"span": "1", "seed": "7"}).rows == (
        ("span", "1"),
        ("seed", "7"),
    )


@pytest.mark.parametrize(("number", "told"), [(0, "rows"), (1, "row"), (2, "rows")])
def test_a_word_goes_with_its_number(number, told):
    assert verb(number, "row", "rows") == told
