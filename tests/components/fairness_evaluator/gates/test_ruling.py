from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.gates.bounds import Bound
from components.fairness_evaluator.gates.ruling import Case, interval_words, rule
from components.scoring.intervals import Interval

CASES = [
    Case("silo A", "silo A has 0.5", Interval(0.5, 0.4, 0.6)),
    Case("silo B", "silo B has 0.7", Interval(0.7, 0.65, 0.75)),
    Case("silo C", "silo C has 0.5", Interval(0.5, 0.4, 0.6)),
]
FLOOR = Bound(0.65, True, "surely")


def test_the_case_that_misses_by_most_is_told_and_the_others_named():
    found = rule(CASES, FLOOR, " More.", "mend {who}")
    assert (found.passed, found.way_out) == (False, "mend silo A")
    assert found.sentence == (
        "Not blessed: silo A has 0.5; needed at least 0.650. Missed too by silo C. "
        "More."
    )


def test_the_case_that_comes_closest_is_told_where_none_misses():
    found = rule(CASES[1:2], FLOOR)
    assert found.sentence == "Silo B has 0.7; needed at least 0.650."


def test_of_intervals_that_end_alike_the_figure_decides():
    cases = [
        Case("A", "A is 0.1 apart", Interval(0.1, 0.0, 0.4)),
        Case("B", "B is 0.3 apart", Interval(0.3, 0.0, 0.6)),
    ]
    found = rule(cases, Bound(0.2, False, "surely"))
    assert found.sentence.startswith("Closest of 2: B is 0.3 apart; allowed 0.200, wh")


@given(st.permutations(CASES), st.floats(0, 1))
def test_the_order_of_cases_does_not_matter(cases, bound):
    limit = Bound(bound, True, "value")
    assert rule(cases, limit) == rule(CASES, limit)


def test_an_interval_says_what_it_is_of_and_for_how_many():
    wide = Interval(0.1, -0.0001, 0.2)
    assert interval_words(wide, 0.5) == "95 % CI 0.000 to 0.200"
    assert interval_words(wide, 0.5, "the change", "51 silos") == (
        "95 % CI of the change for 51 silos 0.000 to 0.200"
    )
    assert interval_words(wide, 0.2003) == "95 % CI 0.000 to 0.2000"
    assert interval_words(Interval(0.1, 0.1, 0.1), 0.5) == ""
