"""Games with known Shapley values, and the value by its definition."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from components.contribution_auditor import estimates, recombine, shapley
from components.payloads.interval import Interval

Game = Callable[[NDArray[np.bool_]], NDArray[np.float64]]  # (models, players) to values


def additive(worth: NDArray[np.float64]) -> tuple[Game, NDArray[np.float64]]:
    return (lambda chosen: chosen @ worth), worth


def glove(rights: int) -> tuple[Game, NDArray[np.float64]]:
    """One left glove and some right ones; a pair is worth 1.

    The left one brings a pair unless it comes first of all: 1 - 1 / N. The rights share
    the rest, 1 / N, alike.
    """
    players = rights + 1
    value = np.full(players, 1 / players / rights)
    value[0] = 1 - 1 / players
    return (lambda chosen: (chosen[:, 0] & chosen[:, 1:].any(axis=1)) * 1.0), value


def airport(costs: list[float]) -> tuple[Game, NDArray[np.float64]]:
    """A runway as long as the largest plane that lands needs; costs ascend.

    Each stretch is paid in equal parts by those who need it: Littlechild and Owen
    (1973), "A simple expression for the Shapley value in a special case".
    """
    steps = np.diff([0.0, *costs]) / np.arange(len(costs), 0, -1)
    return (lambda chosen: (chosen * np.array(costs)).max(axis=1)), np.cumsum(steps)


def majority(quota: int, votes: list[int]) -> Game:
    return lambda chosen: (chosen @ np.array(votes) >= quota) * 1.0


def mean_of_models(
    seed: int, players: int, targets: int
) -> Callable[[NDArray[np.bool_]], NDArray[np.float64]]:
    """A round of unequal silos, with a quadratic loss of each target."""
    rng = np.random.default_rng(seed)
    updates = rng.normal(size=(players, 4)).astype(np.float32)
    weights = rng.lognormal(0, 0.8, players)
    best = rng.normal(0.3, 0.5, (targets, 4))

    def values(chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        models = recombine.models(np.zeros(4, np.float32), updates, weights, chosen)
        found: NDArray[np.float64] = -(
            (models[:, None] + best).astype(np.float64) ** 2
        ).sum(axis=2)
        return found

    return values


def every_coalition(players: int) -> NDArray[np.bool_]:
    return (np.arange(2**players)[:, None] >> np.arange(players)) % 2 == 1


def by_definition(game: Game, players: int) -> NDArray[np.float64]:
    """The Shapley value from its sum over coalitions, one player at a time."""
    table = game(every_coalition(players))
    numbers = np.arange(2**players)
    sizes = np.array([bin(number).count("1") for number in numbers])
    weight = np.array(
        [
            math.factorial(size) * math.factorial(players - size - 1)
            for size in range(players)
        ]
    ) / math.factorial(players)
    found = []
    for player in range(players):
        without = numbers[(numbers >> player) % 2 == 0]
        steps = table[without + 2**player] - table[without]
        found.append(np.tensordot(weight[sizes[without]], steps, axes=1))
    return np.array(found)


def intervals_of(game: Game, players: int, seed: int) -> list[Interval]:
    """The contributions of a game whose value is the same for all."""
    plan = shapley.coalitions(players, seed)
    values = np.repeat(game(plan.coalitions)[:, None], players, axis=1)
    squares = np.zeros((players, players))
    answers = [estimates.AuditedRound(plan, values, squares)]
    return estimates.totals(answers, np.arange(1, players + 1))


def value_of(game: Game, players: int, seed: int = 0) -> NDArray[np.float64]:
    plan = shapley.coalitions(players, seed)
    return shapley.contributions(plan, game(plan.coalitions)[:, None])[:, 0]
