"""Each finding in a silo's counts says what would mend it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.silo_validator import counts
from components.silo_validator.settings import ValidationSettings

SETTINGS = ValidationSettings(
    min_rows=50, min_rows_per_class=5, max_duplicate_share=0.01
)


@pytest.mark.parametrize(("rows", "is_few"), [(0, True), (49, True), (50, False)])
def test_rows_below_the_bound_are_too_few(rows, is_few):
    found = counts.too_few_rows(rows, SETTINGS)
    assert (found is not None) is is_few
    if found:
        assert found.sentence == (
            f"too few rows: found {rows} to train on, expected at least 50"
        )
        assert "`validation.min_rows`" in found.hint


@pytest.mark.parametrize(
    ("values", "sentence", "hint"),
    [
        ((100, 15, 5), "at least 5 training rows with values outside", counts.LABEL),
        ((0, 0, 0), "found no value", counts.LABEL),
        ((120, 0, 0), "is constant: found 0 in all training rows", counts.LABEL),
        ((0, 120, 0), "is constant: found 1 in all training rows", counts.LABEL),
        ((117, 3, 0), "too few training rows of the rarer", "`validation.min_rows_per"),
        ((4, 116, 0), "too few training rows of the rarer", "`validation.min_rows_per"),
    ],
)
def test_a_label_that_nothing_can_be_learned_from_is_found(values, sentence, hint):
    found = counts.labels(
        dict(zip(("negative", "positive", "other"), values, strict=True)),
        "late",
        SETTINGS,
    )
    assert found is not None
    assert sentence in found.sentence
    assert hint in found.hint


def test_a_label_with_enough_of_both_values_is_none():
    assert counts.labels({"negative": 5, "positive": 115}, "late", SETTINGS) is None


@pytest.mark.parametrize(
    ("number", "held_out", "is_found"),
    [(0, 0, False), (1, 100, False), (2, 100, True), (1, 99, True)],
)
def test_duplicates_count_as_a_share_of_the_held_out_rows(number, held_out, is_found):
    found = counts.duplicates(number, held_out, SETTINGS)
    assert (found is not None) is is_found
    if found:
        assert "`rows.key`" in found.hint


@given(st.integers(0, 2_000), st.floats(0, 1), st.integers(0, 2_000))
def test_as_many_as_are_too_many_is_where_the_share_begins(held_out, share, number):
    bound = counts.too_many_duplicates(held_out, share)
    assert bound >= 1
    if held_out:
        assert (number >= bound) == (number > 0 and number / held_out > share)
