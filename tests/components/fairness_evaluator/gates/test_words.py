from __future__ import annotations

import pytest

from components.fairness_evaluator.gates import words


@pytest.mark.parametrize(
    ("value", "text"), [(0.1234, "0.123"), (-0.0001, "0.000"), (-0.0005, "-0.001")]
)
def test_numbers_have_three_decimals_and_no_negative_zero(value, text):
    assert words.number(value) == text


def test_counts_follow_their_number():
    assert words.count(1, "silo") == "1 silo"
    assert words.count(1275, "pair of silos") == "1,275 pairs of silos"
    assert words.count(2, "judged silo") == "2 judged silos"


def test_names_stay_on_one_line_and_short():
    assert words.name("a\n  b") == "a b"
    assert words.name("x" * 200) == "x" * 59 + "…"
    assert words.names(["A"], "silo") == "silo A"
    assert words.names(list("ABCDEFG"), "silo") == "silos A, B, C, D, E and 2 more"


def test_metrics_are_told_as_people_call_them():
    assert words.metric("auc") == "AUC"
    assert words.metric("precision", 0.25) == "precision at 0.25"
    assert words.figure(None) == "none"
    assert words.valued("tpr", 0.25, 0.5) == (
        "true positive rate 0.500 at threshold 0.25"
    )
    assert words.valued("auc", None, 0.5) == "AUC 0.500"
