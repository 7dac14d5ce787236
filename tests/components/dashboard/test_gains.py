from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.dashboard import gains
from components.payloads.benefit import BASE, PERSONAL, SERVED, SiloBenefit
from components.payloads.interval import Interval
from tests.components.dashboard.made_benefits import report, silo


def with_gain(name: str, *gain: float, **more) -> SiloBenefit:
    return silo(name, 0.0, gains={SERVED: {"auc": Interval(*gain)}}, **more)


FOUR = (
    with_gain("a", 0.04, 0.01, 0.07, served=PERSONAL),
    with_gain("b", -0.02, -0.05, 0.01),
    with_gain("c", -0.03, -0.05, -0.01),
    with_gain("d", 0.0, 0.0, 0.0, served="alone"),
)


def test_counts_and_mean_by_hand():
    found = gains.of((*FOUR, silo("e", 0.0, gains={})))
    assert (found.compared, found.surely_better, found.surely_worse) == (4, 1, 1)
    assert (found.possibly_worse, found.lower) == (2, 2)
    assert found.served == {"base": 3, "personal": 1, "alone": 1}
    # Squares added: 0.03, 0.03, 0.02 below and 0.03, 0.03, 0.02 above.
    half = math.sqrt(0.0022) / 4
    assert found.mean == pytest.approx((-0.0025, -0.0025 - half, -0.0025 + half))


def test_without_a_gain_there_is_no_mean():
    found = gains.of([SiloBenefit("a")])
    assert (found.compared, found.mean, found.served[BASE]) == (0, None, 1)
    assert gains.of(()).mean is None


def test_the_worst_tenth_of_eleven_is_the_mean_of_two():
    figures = [gains.figure(silo(f"s{n}", n / 100), BASE) for n in range(11)]
    worst = gains.worst_tenth(figures)
    assert worst.number == pytest.approx(0.705)
    assert gains.worst_tenth([None]) is None


def test_what_serves_a_silo_has_the_figures_of_its_model():
    one = report("a")
    assert one.silos[0].served == PERSONAL
    served = gains.figure(one.silos[0], SERVED)
    assert served.value == one.silos[0].figures[PERSONAL]["auc"].value
    assert gains.figure(one.silos[0], "pooled") is None


def sized(name: str, rows: int, gain: float) -> SiloBenefit:
    return with_gain(name, gain, gain, gain, rows={"train": rows})


def test_the_share_of_small_middle_and_large_silos_by_hand():
    silos = [sized(*one) for one in (("a", 9, 0.02), ("b", 1, 0.05), ("c", 4, 0.03))]
    silos.append(sized("d", 8, -0.02))
    found = gains.thirds(silos)
    assert [(it.silos, it.rows) for it in found] == [(1, 1), (1, 4), (2, 17)]
    assert [it.gain for it in found] == pytest.approx([0.05, 0.03, 0.0])
    assert [it.share for it in found] == pytest.approx([5 / 8, 3 / 8, 0.0])


def test_a_loss_together_has_no_shares_and_two_silos_no_thirds():
    losing = [sized(name, 5, -0.01) for name in "abc"]
    assert [it.share for it in gains.thirds(losing)] == [None] * 3
    assert gains.thirds(losing[:2]) == []
    # One that has no gain is in no third.
    assert gains.thirds([*losing[:2], SiloBenefit("z")]) == []


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.floats(-0.5, 0.5, allow_nan=False)), min_size=3
    )
)
def test_each_silo_is_in_one_third_and_shares_add_up(rows):
    silos = [sized(f"s{n:03}", *each) for n, each in enumerate(rows)]
    found = gains.thirds(silos)
    sizes = [third.silos for third in found]
    assert sum(sizes) == len(rows)
    assert max(sizes) - min(sizes) <= 1
    total = sum(gain for _, gain in rows)
    assert sum(third.gain for third in found) == pytest.approx(total)
    assert sum(third.rows for third in found) == sum(size for size, _ in rows)
    means = [third.rows / third.silos for third in found]
    assert means == sorted(means)
    if total > 1e-6:
        assert sum(third.share or 0 for third in found) == pytest.approx(1)
