"""Shares of the benefit by utility, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.contribution_auditor.sharing import by_utility, shares
from components.payloads.contribution import GAP, MEAN, UTILITIES, WORST_TENTH

ROWS = np.array([10, 30, 60])
LOSSES = np.array([0.2, 0.9, 0.4])  # the second silo is the worst tenth
CONTRIBUTIONS = np.array([[9.0, 3, 2], [-4, 9, 2], [-6, 6, 9]])


def test_shares_are_known_by_hand():
    to_all = [(3 * 30 + 2 * 60) / 90, (-4 * 10 + 2 * 60) / 70, (-6 * 10 + 6 * 30) / 40]
    to_worst = [3, 0, 6]  # the second has no others there
    found = by_utility(CONTRIBUTIONS, LOSSES, ROWS)
    assert found[MEAN] == pytest.approx(to_all)
    assert found[WORST_TENTH] == pytest.approx(to_worst)
    assert found[GAP] == pytest.approx(np.subtract(to_worst, to_all))
    by_silo = shares(CONTRIBUTIONS, LOSSES, ROWS)
    assert [one[MEAN] for one in by_silo] == pytest.approx(to_all / np.sum(to_all))
    assert [one[WORST_TENTH] for one in by_silo] == pytest.approx([1 / 3, 0, 2 / 3])
    narrowed = [3 - to_all[0], 0, 6 - to_all[2]]  # the second widens the gap
    assert [one[GAP] for one in by_silo] == pytest.approx(narrowed / np.sum(narrowed))


def test_the_worst_tenth_is_rounded_up_and_weighs_silos_by_rows():
    players = 11
    losses = np.zeros(players)
    losses[[3, 7]] = [5, 4]
    rows = np.arange(1, players + 1)
    contributions = np.zeros((players, players))
    contributions[0, [3, 7]] = [1, 10]
    contributions[3, [3, 7]] = [99, 2]
    found = by_utility(contributions, losses, rows)[WORST_TENTH]
    assert found[[0, 3]] == pytest.approx([(1 * 4 + 10 * 8) / 12, 2])


def test_a_silo_without_scored_rows_is_never_the_worst():
    losses, rows = np.array([9.0, 0.5, 0.4]), np.array([0, 30, 60])
    found = by_utility(CONTRIBUTIONS, losses, rows)[WORST_TENTH]
    assert found == pytest.approx([3, 0, 6])


def test_nobody_has_a_share_where_nobody_contributes():
    found = shares(-np.ones((3, 3)), LOSSES, ROWS)
    assert found[0][MEAN] == found[1][MEAN] == found[2][WORST_TENTH] == 0


def test_rows_of_one_silo_alone_are_refused():
    with pytest.raises(ValueError, match="expected at least 2"):
        shares(CONTRIBUTIONS, LOSSES, np.array([0, 0, 3]))


def test_those_who_contribute_alike_to_all_do_not_narrow_the_gap():
    alike = np.full((5, 5), 0.1)
    rows, losses = np.array([3, 1, 1, 1, 1]), np.arange(5.0)
    assert [one[GAP] for one in shares(alike, losses, rows)] == [0] * 5


@given(st.data(), st.permutations(range(5)))
def test_shares_sum_to_one_and_follow_the_silos(data, order):
    numbers = data.draw(st.lists(st.integers(-9, 9), min_size=25, max_size=25))
    contributions = np.reshape(numbers, (5, 5)) / 7
    losses = np.array(data.draw(st.permutations([0.1, 0.2, 0.4, 0.5, 0.9])))
    rows = np.array(data.draw(st.permutations([3, 10, 30, 31, 60])))
    found = shares(contributions, losses, rows)
    for utility in UTILITIES:
        total = sum(one[utility] for one in found)
        assert total == pytest.approx(1) or total == 0
        assert min(one[utility] for one in found) >= 0
    order = list(order)
    turned = shares(contributions[np.ix_(order, order)], losses[order], rows[order])
    for place, silo in enumerate(order):
        assert turned[place] == pytest.approx(found[silo])
