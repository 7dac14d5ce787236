from __future__ import annotations

import pytest

from components.dashboard.scores import (
    OVER_SILOS,
    Cell,
    Question,
    Scores,
    Slice,
    of_table,
)
from components.payloads.table import Figure, Table


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
    crossed = Slice("", "age x carrier", "old x UA")
    slices = [crossed, both, Slice("", "carrier", "UA"), Slice("a"), Slice()]
    scores = Scores([(Question("auc", of), number(0.7)) for of in slices])
    assert list(scores.families().items()) == [
        (("silo_id",), [Slice("a")]),
        (("carrier",), [Slice("", "carrier", "UA")]),
        (("age x carrier",), [crossed]),
        (("silo_id", "carrier"), [both]),
    ]
    assert scores.columns == ("carrier", "age x carrier")
    assert crossed.columns == ("age", "carrier")
    assert scores.silos == ("a",)


def test_a_handful_of_rows_does_not_lead():
    auc = {
        "few rows": Cell(0.4, 0.1, 0.9, 10, ""),
        "surely bad": Cell(0.6, 0.58, 0.62, 5000, ""),
    }
    scores = Scores((Question("auc", Slice(silo)), cell) for silo, cell in auc.items())
    assert [of.silo for of in scores.slices()] == ["surely bad", "few rows"]


def test_lower_is_worse_at_best_whatever_the_metric():
    cell = Cell(0.5, 0.4, 0.8, 10, "")
    assert cell.at_best("auc") == 0.8
    assert cell.at_best("log_loss") == -0.4
    assert Cell(0.5, None, None, 10, "").at_best("brier") == -0.5


def test_figures_over_groups_and_over_silos_are_no_slices():
    scores = Scores(
        [
            (Question("auc_gap", Slice("", "sex")), number(0.1)),
            (Question("rows", Slice("", "sex")), number(9.0)),
            (Question("worst_auc", OVER_SILOS), number(0.1)),
            (Question("auc", Slice("", "sex", "F")), number(0.7)),
        ]
    )
    assert scores.slices() == [Slice("", "sex", "F")]
    assert scores.columns == ("sex",)


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
