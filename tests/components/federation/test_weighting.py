"""Shares of silos, by hand and by what must hold for any rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.federation import weighting
from components.federation.algorithms import registry
from components.federation.algorithms.coordinator import Coordinator
from components.federation.model import ClientModel
from components.federation.plan import Algorithm, TrainingPlan, Weighting


def shares(chosen, rows):
    found = weighting.weights(chosen, rows)
    return found / found.sum()


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (Weighting(name="examples"), [0.64, 0.32, 0.04, 0.0]),
        (Weighting(name="uniform"), [1 / 3, 1 / 3, 1 / 3, 0.0]),
        # Square roots 8, 5.657, 2.
        (
            Weighting(name="tempered", power=0.5),
            [8 / (10 + 32**0.5), 32**0.5 / (10 + 32**0.5), 2 / (10 + 32**0.5), 0.0],
        ),
        (Weighting(name="tempered", power=1.0), [0.64, 0.32, 0.04, 0.0]),
        (Weighting(name="tempered", power=0.0), [1 / 3, 1 / 3, 1 / 3, 0.0]),
        (Weighting(name="capped", cap=0.64), [0.64, 0.32, 0.04, 0.0]),
        # What is cut, 0.14, goes to the others as 8 to 1.
        (Weighting(name="capped", cap=0.5), [0.5, 0.5 * 8 / 9, 0.5 / 9, 0.0]),
        # The second one is above the cap only when it got of the first.
        (Weighting(name="capped", cap=0.4), [0.4, 0.4, 0.2, 0.0]),
        (Weighting(name="capped", cap=1 / 3), [1 / 3, 1 / 3, 1 / 3, 0.0]),
        (Weighting(name="capped", cap=0.1), [1 / 3, 1 / 3, 1 / 3, 0.0]),
    ],
)
def test_shares_are_those_by_hand(chosen, expected):
    assert shares(chosen, [64, 32, 4, 0]) == pytest.approx(expected, abs=1e-12)


WEIGHTINGS = st.one_of(
    st.just(Weighting(name="examples")),
    st.just(Weighting(name="uniform")),
    st.builds(Weighting, name=st.just("tempered"), power=st.floats(0, 1)),
    st.builds(Weighting, name=st.just("capped"), cap=st.floats(0.01, 1)),
)
ROWS = st.lists(st.integers(0, 10**7), min_size=1, max_size=30).filter(any)


@given(WEIGHTINGS, ROWS)
def test_shares_sum_to_one_grow_with_rows_and_keep_the_cap(chosen, rows):
    found = shares(chosen, rows)
    assert found.sum() == pytest.approx(1.0)
    counts = np.array(rows)
    assert (found[counts == 0] == 0).all()
    assert (found[counts > 0] > 0).all()
    by_rows = found[np.argsort(counts, kind="stable")]
    assert (np.diff(by_rows) >= -1e-12).all()
    if chosen.name == "capped":
        smallest_possible = 1 / np.count_nonzero(counts)
        assert found.max() <= max(chosen.cap, smallest_possible) + 1e-12


@given(WEIGHTINGS, ROWS, st.randoms())
def test_order_of_silos_does_not_matter(chosen, rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    found = shares(chosen, [rows[index] for index in order])
    np.testing.assert_allclose(found, shares(chosen, rows)[order], atol=1e-12)


def test_a_cap_holds_for_the_silos_that_are_there():
    chosen = Weighting(name="capped", cap=0.25)
    rows = dict(zip("abcde", [1000, 10, 10, 10, 10], strict=True))
    plan = TrainingPlan(weighting=chosen)
    start = ClientModel(lambda: None, 1, 1, (np.zeros(1, np.float32),))
    coordinator = Coordinator(start, plan, rows, {})
    weights = [*coordinator.weights("abcd", []).values()]
    assert max(weights) / sum(weights) == pytest.approx(0.25)


def coordinator_of(algorithm, rows, **options):
    plan = TrainingPlan(algorithm=Algorithm(name=algorithm))
    start = ClientModel(lambda: None, 1, 1, (np.zeros(2, np.float32),))
    made = registry.load(algorithm).COORDINATOR
    return made(start, plan, rows, dict.fromkeys(rows, 0.5), **options)


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("fed_avg", [100, 120, 15]),
        ("fed_prox", [100, 120, 15]),
        ("q_fed_avg", [100, 120, 15]),
        ("term", [100, 120, 15]),
        ("loss_gap", [100, 120, 15]),
        ("scaffold", [100, 120, 15]),
        ("afl", [0.5, 0.6, 0.075]),  # shares of rows
    ],
)
def test_the_operator_s_factors_multiply_the_weights_of_every_algorithm(
    algorithm, expected
):
    rows = {"a": 100, "b": 40, "c": 60}
    factors = {"b": 3.0, "c": 0.25, "elsewhere": 7.0}
    coordinator = coordinator_of(algorithm, rows, factors=factors)
    found = [message.weight for message in coordinator.messages("abc", [])]
    assert found == pytest.approx(expected)


def test_scaffold_s_corrections_sum_to_zero_in_the_scaled_mean():
    coordinator = coordinator_of("scaffold", {"a": 1, "b": 1}, factors={"b": 3.0})
    coordinator.state = np.array([[4.0, 0.0], [0.0, 8.0]])
    shifts = np.array([coordinator.shift(silo)[0] for silo in "ab"])
    np.testing.assert_allclose(np.array([1.0, 3.0]) @ shifts, 0, atol=1e-6)


def test_scaffold_takes_over_the_variates_of_its_own_silos():
    whole = coordinator_of("scaffold", {"a": 1, "b": 2, "c": 3})
    whole.state = np.arange(6.0).reshape(3, 2)
    part = coordinator_of("scaffold", {"c": 3, "a": 1})
    part.take_over(whole)
    np.testing.assert_array_equal(part.state, [[0, 1], [4, 5]])
