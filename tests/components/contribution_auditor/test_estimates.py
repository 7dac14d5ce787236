"""Contributions to others: by hand, how often intervals hold them, and ranks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from components.contribution_auditor import estimates, shapley
from components.contribution_auditor.estimates import AuditedRound
from components.payloads.interval import Interval
from tests.components.contribution_auditor import games

ROWS = np.array([10, 30, 60])


def answers(values, squares=None, players=3):
    plan = shapley.coalitions(players, seed=0)
    none = np.zeros((players, players))
    return AuditedRound(plan, values, none if squares is None else squares)


def of_worth(worth):
    """A round in which each player adds its worth to each silo, `(players, silos)`."""
    return answers(shapley.coalitions(3, seed=0).coalitions @ np.array(worth))


def test_a_contribution_is_the_mean_over_the_rows_of_others():
    worth = [[100.0, 2, 3], [4, 100, 5], [6, 7, 100]]
    found = estimates.totals([of_worth(worth)], ROWS)
    by_hand = [(2 * 30 + 3 * 60) / 90, (4 * 10 + 5 * 60) / 70, (6 * 10 + 7 * 30) / 40]
    assert [one.value for one in found] == pytest.approx(by_hand)
    assert [one.low for one in found] == pytest.approx(by_hand)


def test_rounds_are_averaged():
    worth = np.arange(9.0).reshape(3, 3)
    one, other = (estimates.totals([of_worth(k * worth)], ROWS) for k in (1, 3))
    both = estimates.totals([of_worth(worth), of_worth(3 * worth)], ROWS)
    for player in range(3):
        assert both[player].value == pytest.approx(2 * one[player].value)
        assert both[player].value == pytest.approx(2 / 3 * other[player].value)


def test_the_error_of_rows_is_that_of_the_squares_and_does_not_fall_with_rounds():
    squares = np.array([[999.0, 9, 7], [1, 999, 3], [4, 5, 999]])
    values = np.zeros((8, 3))
    by_hand = 1.959964 * np.sqrt([16, 4, 9]) / [90, 70, 40]
    for rounds in (1, 4):
        found = estimates.totals([answers(values, squares)] * rounds, ROWS)
        assert [one.high for one in found] == pytest.approx(by_hand)
        assert [one.low for one in found] == pytest.approx(-by_hand)


def test_leaving_out_one_of_many_has_the_error_of_rows_alone():
    players = shapley.SAMPLED + 1
    plan = shapley.coalitions(players, seed=0)
    values = np.random.default_rng(0).normal(size=(players + 2, players))
    squares = np.full((players, players), 2.0)
    found = estimates.totals(
        [AuditedRound(plan, values, squares)], np.full(players, 10)
    )
    effects = np.where(np.eye(players), 0, shapley.leave_one_out(plan, values))
    assert [one.value for one in found] == pytest.approx(effects.sum(axis=1) / 50)
    half = 1.959964 * np.sqrt(50 * 2) / 500
    assert [one.high - one.value for one in found] == pytest.approx([half] * players)


def test_a_silo_without_scored_rows_has_a_contribution_and_its_values_are_not_used():
    worth = [[1.0, 2, 50], [4, 3, 60], [5, 6, 70]]
    found = estimates.totals([of_worth(worth)], np.array([10, 30, 0]))
    assert [one.value for one in found] == pytest.approx([2, 4, 5.75])


def test_rows_of_one_silo_alone_are_refused():
    with pytest.raises(
        ValueError, match="found 1 silos with scored rows, expected at l"
    ):
        estimates.totals([of_worth(np.ones((3, 3)))], np.array([0, 7, 0]))


@pytest.mark.parametrize(("players", "number_of_games"), [(9, 200), (13, 20)])
def test_intervals_hold_what_recombined_models_are_worth(players, number_of_games):
    rows = np.arange(5, 5 + players)
    others = estimates.weights_of_others(rows)
    held = []
    for seed in range(number_of_games):
        rounds = [
            games.mean_of_models(number, players, targets=players)
            for number in (seed, seed + 1000)
        ]
        true = np.mean(
            [
                np.sum(others * games.by_definition(game, players), axis=1)
                for game in rounds
            ],
            axis=0,
        )
        found = []
        for number, game in enumerate(rounds):
            plan = shapley.coalitions(players, 2 * seed + number)
            squares = np.zeros((players, players))
            found.append(AuditedRound(plan, game(plan.coalitions), squares))
        intervals = estimates.totals(found, rows)
        held += [
            one.low <= value <= one.high
            for one, value in zip(intervals, true, strict=True)
        ]
    assert np.mean(held) >= 0.9


def test_intervals_hold_the_mean_of_all_rows_where_a_sample_is_scored_each_round():
    players, rng = 4, np.random.default_rng(2)
    plan = shapley.coalitions(players, seed=0)
    rows = np.array([25, 40, 60, 80])
    others = estimates.weights_of_others(rows)
    held = []
    for _ in range(200):
        values = np.zeros((len(plan.coalitions), players))
        squares = np.zeros((players, players))
        effect = rng.normal(0.0, 0.3, (players, players))
        for silo, number in enumerate(rows):
            row_effects = effect[:, [silo]] + rng.normal(size=(players, number))
            by_row = np.dot(plan.coalitions, row_effects)
            values[:, silo] = by_row.mean(axis=1)
            contributions = shapley.contributions(plan, by_row)
            squares[:, silo] = np.sum(contributions**2, axis=1)
        found = estimates.totals([AuditedRound(plan, values, squares)] * 2, rows)
        true = np.sum(others * effect, axis=1)
        held += [
            one.low <= value <= one.high for one, value in zip(found, true, strict=True)
        ]
    assert 0.9 <= np.mean(held) < 0.99


def test_more_rounds_make_the_error_of_coalitions_smaller():
    game = games.mean_of_models(0, 20, targets=20)
    rows = np.arange(1, 21)
    rounds = [
        AuditedRound(plan, game(plan.coalitions), np.zeros((20, 20)))
        for plan in (shapley.coalitions(20, seed) for seed in range(8))
    ]
    one, all_of_them = (estimates.totals(some, rows) for some in (rounds[:1], rounds))
    widths = [[each.high - each.low for each in some] for some in (one, all_of_them)]
    assert np.mean(widths[1]) < 0.5 * np.mean(widths[0])


def test_silos_in_another_order_have_the_same_contributions():
    game = games.mean_of_models(1, 6, targets=6)
    plan, rows = shapley.coalitions(6, seed=0), np.array([3, 1, 4, 1, 5, 9])
    order = np.array([2, 0, 5, 1, 4, 3])
    values, squares = game(plan.coalitions), np.ones((6, 6))
    found = estimates.totals([AuditedRound(plan, values, squares)], rows)
    back = np.argsort(order)
    turned = dataclasses.replace(plan, coalitions=plan.coalitions[:, order])
    values = game(turned.coalitions[:, back])[:, order]
    turned = dataclasses.replace(turned, weights=plan.weights[order])
    other = estimates.totals([AuditedRound(turned, values, squares)], rows[order])
    assert np.array(other) == pytest.approx(np.array(found)[order])


def test_ranks_are_those_that_the_intervals_leave_open():
    found = [
        Interval(5, 4, 6),  # surely above the last two
        Interval(4, 3, 5),  # overlaps the first; above the last
        Interval(2, 1, 3.5),  # overlaps the second
        Interval(0, -1, 0.5),
    ]
    assert estimates.ranks(found) == [(1, 2), (1, 3), (2, 3), (4, 4)]
    assert estimates.ranks([]) == []
