"""Contributions against games of known value, and against their definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.contribution_auditor import shapley
from tests.components.contribution_auditor import games

WORTH = np.array([0.5, -2, 0, 3, 1, 7, -1, 4, 2, 6, -3, 5])
AIRPORT = [1.0, 2, 2, 5, 6, 9, 10, 14, 15, 20]


@pytest.mark.parametrize(
    ("game", "value"),
    [
        games.additive(WORTH[:6]),
        games.glove(rights=3),
        games.airport(AIRPORT[:8]),
        # Two of the three large parties win, whatever the small one does.
        (games.majority(51, [35, 30, 25, 10]), np.array([1, 1, 1, 0]) / 3),
        # Of the 24 orders, the vote of 4 decides 10, those of 3 and 2 six each, 1 two.
        (games.majority(6, [4, 3, 2, 1]), np.array([10, 6, 6, 2]) / 24),
    ],
)
def test_all_coalitions_of_few_players_give_the_known_value(game, value):
    assert games.value_of(game, len(value)) == pytest.approx(value, abs=1e-12)


# The party of 5 decides where 3 to 7 of the ten others stand before it: 5 of 11 places.
PARTIES = np.array([5 / 11, *[6 / 11 / 10] * 10])


@pytest.mark.parametrize(
    ("game", "value"),
    [
        games.additive(WORTH),
        games.glove(rights=14),
        games.airport(AIRPORT),
        (games.majority(8, [5, *[1] * 10]), PARTIES),
    ],
)
def test_sampled_intervals_hold_the_known_value(game, value):
    players = len(value)
    held = [
        interval.low <= expected <= interval.high
        for seed in range(20)
        for interval, expected in zip(
            games.intervals_of(game, players, seed), value, strict=True
        )
    ]
    assert np.mean(held) >= 0.9
    means = [games.value_of(game, players, seed) for seed in range(100)]
    error = np.std(means, axis=0) / np.sqrt(100)
    assert np.all(np.abs(np.mean(means, axis=0) - value) <= 4 * error + 1e-9)


@pytest.mark.slow  # the import of shapiq
def test_a_random_game_has_the_value_that_shapiq_finds():
    import shapiq

    table = np.random.default_rng(3).normal(size=256)

    def game(chosen):
        return table[np.asarray(chosen, dtype=int) @ 2 ** np.arange(8)]

    exact = shapiq.ExactComputer(game, n_players=8)("SV", 1)
    found = games.value_of(game, 8)
    assert found == pytest.approx([exact[(one,)] for one in range(8)], abs=1e-12)


@given(st.integers(2, 8), st.integers(0, 99))
def test_few_players_have_the_value_of_the_definition(players, seed):
    game = games.mean_of_models(seed, players, targets=3)
    plan = shapley.coalitions(players, seed)
    assert len(np.unique(plan.coalitions, axis=0)) == len(plan.coalitions)
    assert len(plan.coalitions) == 2**players
    found = shapley.contributions(plan, game(plan.coalitions))
    assert found == pytest.approx(games.by_definition(game, players), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, shapley.SAMPLED), st.integers(0, 99))
def test_contributions_sum_to_what_all_reach(players, seed):
    plan = shapley.coalitions(players, seed)
    values = np.random.default_rng(seed).normal(0, 9, (len(plan.coalitions), 3))
    found = shapley.contributions(plan, values)
    assert plan.method == shapley.SHAPLEY
    assert found.sum(axis=0) == pytest.approx(values[1] - values[0], abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, shapley.SAMPLED + 9), st.integers(0, 99))
def test_coalitions_begin_with_none_all_and_those_that_lack_one(players, seed):
    chosen = shapley.coalitions(players, seed).coalitions
    assert len(chosen) <= 300
    assert len(np.unique(chosen[: players + 2], axis=0)) == players + 2
    sizes = chosen[: players + 2].sum(axis=1)
    assert sizes.tolist() == [0, players, *[players - 1] * players]
    assert not chosen[2:].diagonal().any()


@pytest.mark.parametrize("players", [4, 20])
def test_contributions_of_two_games_add_up(players):
    plan = shapley.coalitions(players, seed=1)
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, len(plan.coalitions), 2))
    assert shapley.contributions(plan, one - 3 * other) == pytest.approx(
        shapley.contributions(plan, one) - 3 * shapley.contributions(plan, other)
    )


def test_the_seed_decides_the_plan():
    one, same, other = (shapley.coalitions(20, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.coalitions, same.coalitions)
    assert np.array_equal(one.weights, same.weights)
    assert not np.array_equal(one.coalitions[100:150], other.coalitions[100:150])


def test_leaving_one_out_is_what_each_silo_loses_without_it():
    plan = shapley.coalitions(3, seed=0)
    values = np.zeros((8, 2))
    values[1:5] = [[9.0, 1], [7, 1], [9, 2], [10, -3]]  # of all, without 0, 1, 2
    assert shapley.leave_one_out(plan, values).tolist() == [[2, 0], [0, -1], [-1, 4]]


def test_many_players_are_left_out_one_by_one():
    players = shapley.SAMPLED + 1
    plan = shapley.coalitions(players, seed=0)
    assert plan.method == shapley.LEAVE_ONE_OUT
    assert len(plan.coalitions) == players + 2
    values = np.random.default_rng(0).normal(size=(players + 2, 2))
    effects = shapley.leave_one_out(plan, values)
    assert shapley.contributions(plan, values) == pytest.approx(effects)


def test_a_single_player_is_refused():
    with pytest.raises(ValueError, match="found 1 player, expected at least 2"):
        shapley.coalitions(1, seed=0)
