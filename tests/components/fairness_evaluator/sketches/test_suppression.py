from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.sketches import suppression

LEAST = 30
rows_of_one = st.dictionaries(
    st.tuples(st.sampled_from("abcdefg")), st.integers(1, 200), min_size=1
)
rows_of_two = st.dictionaries(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("vwxyz")),
    st.integers(1, 200),
    min_size=1,
)


def small(rows):
    return {values for values, num in rows.items() if num < LEAST}


def margins(rows):
    """Yield the values of each total that a reader may know."""
    width = len(next(iter(rows)))
    for places in itertools.product((False, True), repeat=width):
        if all(places):
            continue
        groups: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for values in rows:
            kept = tuple(v for v, keep in zip(values, places, strict=True) if keep)
            groups.setdefault(kept, []).append(values)
        yield from groups.values()


@given(rows_of_one | rows_of_two)
def test_what_is_hidden_does_not_follow_by_subtraction_in_any_margin(rows):
    hidden = suppression.hide(rows, small(rows), LEAST)
    assert small(rows) <= hidden <= set(rows)
    for members in margins(rows):
        gone = [rows[values] for values in members if values in hidden]
        all_hidden = len(gone) == len(members)
        assert not gone or all_hidden or (len(gone) > 1 and sum(gone) >= LEAST)


@given(rows_of_one | rows_of_two)
def test_nothing_is_hidden_where_nothing_is_small(rows):
    enough = {values: num + LEAST for values, num in rows.items()}
    assert suppression.hide(enough, small(enough), LEAST) == set()


@given(rows_of_two, st.randoms(use_true_random=False))
def test_the_order_of_values_does_not_matter(rows, random):
    shuffled = list(rows.items())
    random.shuffle(shuffled)
    one = suppression.hide(rows, small(rows), LEAST)
    assert suppression.hide(dict(shuffled), small(rows), LEAST) == one


@pytest.mark.parametrize(
    ("rows", "hidden"),
    [
        ({"Male": 300, "Female": 100, "Other": 5}, {"Other", "Female"}),  # the next one
        ({"a": 300, "b": 12, "c": 18}, {"b", "c"}),  # enough together, so nobody else
        ({"a": 7, "b": 3}, {"a", "b"}),  # all is too little
    ],
)
def test_values_are_hidden_with_small_ones_that_would_follow(rows, hidden):
    of_family = {(value,): num for value, num in rows.items()}
    found = suppression.hide(of_family, small(of_family), LEAST)
    assert found == {(value,) for value in hidden}


# Rows by sex and race with one small value, worked by hand. Female and Other need a
# second hidden value each, and so do the ones that these lie in: four in a square.
CROSSED: dict[suppression.Values, int] = {
    ("Female", "White"): 90,
    ("Female", "Black"): 40,
    ("Female", "Other"): 5,
    ("Male", "White"): 200,
    ("Male", "Black"): 60,
    ("Male", "Other"): 50,
}


def test_crossed_values_are_hidden_so_that_no_chain_of_margins_gives_one_back():
    hidden = suppression.hide(CROSSED, small(CROSSED), LEAST)
    assert hidden == {
        (sex, race) for sex in ("Female", "Male") for race in ("Black", "Other")
    }


def hidden_of(sex, race, crossed):
    rows = {
        ("sex",): {(value,): num for value, num in sex.items()},
        ("race",): {(value,): num for value, num in race.items()},
        ("sex", "race"): crossed,
    }
    few = {columns: small(family) for columns, family in rows.items()}
    return suppression.hide_families(rows, few, LEAST)


def test_what_lies_under_a_hidden_value_is_hidden_too():
    crossed = {
        ("Male", "White"): 220,
        ("Male", "Black"): 90,
        ("Female", "White"): 60,
        ("Female", "Black"): 40,
        ("Other", "White"): 5,
    }
    hidden = hidden_of(
        {"Male": 310, "Female": 100, "Other": 5}, {"White": 285, "Black": 130}, crossed
    )
    assert hidden["sex",] == {("Female",), ("Other",)}
    assert hidden["race",] == set()
    # Female and Other are hidden by sex. Female x Black would then follow from Black,
    # so Male x Black is hidden, which would follow from Male, so all are.
    assert hidden["sex", "race"] == set(crossed)


def test_what_lies_under_shown_values_only_is_shown():
    crossed = {
        ("Male", "White"): 170,
        ("Male", "Black"): 90,
        ("Male", "Other"): 50,
        ("Female", "White"): 115,
        ("Female", "Black"): 40,
        ("Female", "Other"): 45,
    }
    sex, race = {"Male": 310, "Female": 200}, {"White": 285, "Black": 130, "Other": 95}
    assert not any(hidden_of(sex, race, crossed).values())
