from __future__ import annotations

import dataclasses

import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from components.payloads import table
from components.payloads.table import ONE_CLASS, TOO_FEW, Figure

FIGURES = [
    Figure("candidate", "eval", "", "", "", "auc", None, 0.7, 0.68, 0.72, 900, 200),
    Figure("candidate", "eval", "F9", "", "", "auc", None, 0.6, 0.5, 0.7, 90, 20),
    Figure("candidate", "eval", "9E", "", "", "auc", rows=50, note=ONE_CLASS),
    Figure("candidate", "eval", "9E", "", "", "tpr", 0.25, 0.5, 0.4, 0.6, 90, 20),
    Figure("candidate", "eval", "9E", "", "", "tpr", 0.5, 0.3, 0.2, 0.4, 90, 20),
    Figure("candidate", "eval", "F9", "origin", 'æ,"', "auc", None, 0.6, rows=9),
    Figure("candidate", "eval", "F9", "origin", TOO_FEW, "rows", rows=12, note=TOO_FEW),
    Figure("candidate", "next", "F9", "", "", "auc", None, 0.55, 0.5, 0.6, 80, 10),
    Figure("baseline", "eval", "F9", "", "", "auc", None, 0.65, 0.5, 0.7, 90, 20),
]  # fmt: skip


GAIN = Figure("base", "eval", "F9", "", "", table.GAIN, None, 0.1, 0.0, 0.2, freedom=7)


@pytest.fixture
def figures():
    return table.make_table([*FIGURES, GAIN])


@given(st.permutations(FIGURES))
def test_the_order_of_figures_does_not_matter(figures):
    assert table.make_table(figures) == table.make_table(FIGURES)
    assert table.make_table(figures).figures[-1].model == "baseline"


def test_a_table_survives_its_file(figures, tmp_path):
    figures.write(tmp_path)
    assert table.read(tmp_path) == figures


def test_a_file_from_before_there_was_freedom_is_read_without_it(figures, tmp_path):
    old = figures.to_arrow().drop(["freedom"])
    pyarrow.parquet.write_table(old, tmp_path / table.PARQUET)
    gain = dataclasses.replace(GAIN, freedom=None)
    assert table.read(tmp_path) == table.make_table([*FIGURES, gain])


def test_the_same_figures_give_the_same_bytes(figures, tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        figures.write(tmp_path / name)
    for file in (table.PARQUET, table.CSV):
        one, other = (
            (tmp_path / name / file).read_bytes() for name in ("one", "other")
        )
        assert one == other


def test_people_can_read_it_as_csv(figures, tmp_path):
    figures.write(tmp_path)
    read = pyarrow.csv.read_csv(tmp_path / table.CSV)
    assert read.column_names == [field.name for field in dataclasses.fields(Figure)]
    assert read.num_rows == len(FIGURES) + 1
    text = (tmp_path / table.CSV).read_text("utf-8")
    assert '"candidate","eval","F9","origin","too few","rows",,,,,12,,"too few"' in text


def test_an_empty_table_survives_too(tmp_path):
    table.Table().write(tmp_path)
    assert len(table.read(tmp_path)) == 0


def test_a_figure_is_found_by_what_it_is_of(figures):
    assert figures.metric("auc").value == 0.7
    assert figures.metric("auc", silo="F9").value == 0.6
    assert figures.metric("auc", silo="F9", split="next").value == 0.55
    assert figures.metric("auc", silo="F9", model="baseline").value == 0.65
    assert figures.metric("tpr", silo="9E", threshold=0.25).value == 0.5
    assert figures.metric("tpr", silo="9E") is None
    found = figures.metric("rows", silo="F9", slice="origin", group="too few")
    assert (found.value, found.rows, found.note) == (None, 12, "too few")


def test_silos_are_listed_over_all_their_rows(figures):
    assert [(f.silo, f.value) for f in figures.by_silo("auc")] == [
        ("9E", None),
        ("F9", 0.6),
    ]
    assert [f.value for f in figures.by_silo("tpr", threshold=0.5)] == [0.3]
    assert [f.value for f in figures.by_silo("auc", model="baseline")] == [0.65]


def test_two_figures_of_the_same_thing_are_refused():
    twice = dataclasses.replace(FIGURES[0], value=0.1)
    with pytest.raises(ValueError, match="two figures are of the same thing"):
        table.make_table([*FIGURES, twice])


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (["F"], "F"),
        (["4 x 4"], "4 x 4"),
        (["F", "White"], "F x White"),
        (["4 x 4", "M"], r"4 \x 4 x M"),
        (["4", "4 x M"], r"4 x 4 \x M"),
        (["x", r"a \x x"], r"x x a \\x \x"),
    ],
)
def test_crossed_values_have_a_name_of_their_own(values, name):
    assert table.crossed(values) == name


@given(
    *(st.lists(st.text("x \\a", max_size=6), min_size=2, max_size=2) for _ in range(2))
)
@example(["", " x "], [" x ", ""])
def test_no_other_crossed_values_have_the_same_name(one, other):
    assert (table.crossed(one) == table.crossed(other)) == (one == other)
