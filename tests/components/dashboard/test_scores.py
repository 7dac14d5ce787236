from __future__ import annotations

import pytest

from components.dashboard.scores import Cell, Question, Scores, Slice, of_table
from components.scoring.table import Figure, Table


def number(value: float) -> Cell:
    return Cell(value, None, None, 100, "")


NOTED = Cell(None, None, None, 3, "too few")


def test_slices_come_worst_first_and_noted_ones_last():
    auc = {"b": 0.9, "c": 0.6, "d": 0.7}
    cells = [
        (Question("auc", Slice(silo)), number(value)) for silo, value in auc.items()
    ]
    scores = Scores([(Question("rows", Slice("a")), NOTED), *cells])
    assert [of.silo for of in scores.slices()] == ["c", "d", "b", "a"]


def test_a_slice_with_too_few_rows_answers_every_question_with_its_note():
    scores = Scores([(Question("rows", Slice("a")), NOTED)])
    for question in (
        Question("auc", Slice("a")),
        Question("tpr", Slice("a"), threshold=0.5),
    ):
        answer = scores.ask(question)
        assert answer is not None
        assert not answer.is_number
        assert answer.note == "too few"


def test_an_unknown_metric_of_a_large_slice_has_no_answer():
    scores = Scores([(Question("rows", Slice("a")), number(100.0))])
    assert scores.ask(Question("auc", Slice("a"))) is None


def test_a_noted_cell_is_never_a_number():
    with pytest.raises(ValueError, match="not a number"):
        _ = Cell(0.0, None, None, 3, "too few").number


def test_families_are_silos_then_columns_then_both_without_overall():
    both = Slice("a", "carrier", "UA")
    slices = [both, Slice("", "carrier", "UA"), Slice("a"), Slice()]
    scores = Scores([(Question("auc", of), number(0.7)) for of in slices])
    assert list(scores.families().items()) == [
        (("silo_id",), [Slice("a")]),
        (("carrier",), [Slice("", "carrier", "UA")]),
        (("carrier", "silo_id"), [both]),
    ]
    assert both.key == (("carrier", "UA"), ("silo_id", "a"))


def test_the_table_is_taken_figure_by_figure():
    figure = Figure(
        "baseline", "next", "a", "carrier", "UA", "tpr", 0.5, 0.7, 0.6, 0.8, 9
    )
    scores = of_table(Table((figure,)))
    question = Question("tpr", Slice("a", "carrier", "UA"), "baseline", "next", 0.5)
    assert scores.ask(question) == Cell(0.7, 0.6, 0.8, 9, "")
    assert scores.has_baseline
    assert scores.thresholds("tpr") == [0.5]
    assert len(of_table(Table())) == 0
