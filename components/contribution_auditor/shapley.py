r"""What each player adds to a game, by the Shapley value or by leaving it out.

A game gives each coalition $S$ of the $N$ players a value for each target: $v_j(S)$ is
how well the coalition's model does on the rows of silo $j$, larger is better. The
Shapley value (1953) is the mean of what a player adds to those before it, over all
orders of the players. Sorted by the size of the coalitions

$$\varphi_{ij} = \frac{v_j(N) - v_j(\emptyset)}{N} + \frac{1}{N} \sum_{s=1}^{N-1}
  \Bigl(\operatorname*{mean}_{|S| = s,\, i \in S} v_j(S) -
  \operatorname*{mean}_{|S| = s,\, i \notin S} v_j(S)\Bigr)$$

Up to `EXACT` players all coalitions are evaluated. Up to `SAMPLED` players, all of one
player and all that lack one are, and of each size $s$ between them parts of
permutations: $n = \lfloor N / s \rfloor$ blocks of $s$ players, no two of which share a
player, and for $N - s$ the complements of two blocks of another permutation. With
$m_i(S)$ 1 for its members and 0 for others, and $s$ the size of a block,

$$\frac{1}{s \, (n - 1)} \sum_{S} \bigl(m_i(S) - \bar m_i\bigr) \, v_j(S)$$

is the part of a size in the sum, without bias. These parts sum to 0 over the players:
contributions sum to $v_j(N) - v_j(\emptyset)$. Samples by size are those of Castro et
al. (2017), "Improving polynomial estimation of the Shapley value by stratified random
sampling with optimum allocation"; each value serves all players, as in Kolpaczki et al.
(2024), "Approximating the Shapley value without marginal contributions".

Departure from walks along whole permutations (Castro et al. 2009): models of few silos
differ most, and those who come early in a walk decide its result. On 46 silos of census
data, four pairs of a walk and its reverse have 3 to 7 times the variance, with 400
models instead of 253.

Above `SAMPLED` players a contribution is the effect of leaving the player out,
$v_j(N) - v_j(N \setminus \{i\})$; these have no such sum.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy import special

EXACT = 8  # players: 256 coalitions
SAMPLED = 50  # players
MODELS = 250  # coalitions, at most, of the samples that few players take

SHAPLEY = "shapley"
LEAVE_ONE_OUT = "leave_one_out"


@dataclasses.dataclass(frozen=True)
class Plan:
    """The coalitions to evaluate, and with what weight the value of each counts.

    Row 0 of the coalitions is the empty one, row 1 that of all players, and row 2 + i
    lacks player i alone.
    """

    method: str  # SHAPLEY or LEAVE_ONE_OUT
    coalitions: NDArray[np.bool_]  # (models, players)
    weights: NDArray[np.float64]  # (players, models)
    samples: NDArray[np.int64]
    """By coalition, `(models,)`: the sample of its size that it was drawn in, from 1; 0
    where all of its size are there."""


def coalitions(num_players: int, seed: int) -> Plan:
    """Return which coalitions of the players to evaluate.

    Args:
        num_players: At least 2.
        seed: Of the permutations. Take another one for each audited round.

    Raises:
        ValueError: There are fewer than two players.
    """
    if num_players < 2:
        raise ValueError(
            f"found {num_players} player, expected at least 2; a contribution is what "
            "one does for the others"
        )
    players = np.arange(num_players)
    first = np.array([players < 0, players >= 0, *(players != one for one in players)])
    if num_players <= EXACT:
        numbers = np.arange(2**num_players)[:, None]
        rows = np.concatenate([first, (numbers >> players) % 2 == 1])
        places = np.unique(rows, axis=0, return_index=True)[1]
        chosen = rows[np.sort(places)]
        return Plan(SHAPLEY, chosen, _of_all(chosen), np.zeros(len(chosen), int))
    if num_players <= SAMPLED:
        return _sampled(first, np.random.default_rng(seed))
    weights = np.zeros((num_players, len(first)))
    weights[:, 1] = 1.0
    weights[:, 2:] = -np.eye(num_players)
    return Plan(LEAVE_ONE_OUT, first, weights, np.zeros(len(first), int))


def contributions(plan: Plan, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the contribution of each player to each target.

    Of the Shapley value, they sum over the players to what all reach together above the
    empty coalition.

    Args:
        plan: See `coalitions`.
        values: Of the plan's coalitions, shape `(models, targets)`, larger is better.

    Returns:
        Shape `(players, targets)`, in the unit of the values.
    """
    found: NDArray[np.float64] = plan.weights @ values
    return found


def leave_one_out(plan: Plan, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what each target loses without each player, `(players, targets)`."""
    effects: NDArray[np.float64] = values[1] - values[2 : 2 + len(plan.weights)]
    return effects


def _of_all(chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the weights of the Shapley value over all coalitions."""
    players, sizes = chosen.shape[1], chosen.sum(axis=1)
    joined = special.comb(players - 1, np.maximum(sizes - 1, 0))
    not_joined = special.comb(players - 1, np.minimum(sizes, players - 1))
    return np.where(chosen.T, 1.0 / joined, -1.0 / not_joined) / players


def _sampled(first: NDArray[np.bool_], rng: np.random.Generator) -> Plan:
    """Return the plan of blocks of permutations; `first` are the rows of any plan."""
    players = first.shape[1]
    known = np.concatenate([first, ~first[2:]])
    sizes = range(2, players // 2 + 1)
    one = sum(players // size + 2 for size in sizes)
    samples = max(1, (MODELS - len(known)) // one)
    drawn = []
    for size in sizes:
        for _ in range(samples):
            drawn.append(_blocks(players, size, rng))
            if 2 * size < players:
                drawn.append(~_blocks(players, size, rng)[:2])
    whole = np.full((players, 1), 1.0 / players)
    weights = [-whole, whole, _of_blocks(first[2:]), _of_blocks(~first[2:])]
    weights += [_of_blocks(blocks) / samples for blocks in drawn]
    return Plan(
        SHAPLEY,
        np.concatenate([known, *drawn]),
        np.concatenate(weights, axis=1),
        np.repeat(np.arange(len(drawn) + 1), [len(known), *map(len, drawn)]),
    )


def _blocks(players: int, size: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return the blocks of one size of a permutation, no player in two of them."""
    blocks = np.zeros((players // size, players), bool)
    members = rng.permutation(players)[: len(blocks) * size].reshape(-1, size)
    np.put_along_axis(blocks, members, values=True, axis=1)
    return blocks


def _of_blocks(blocks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the weights of disjoint blocks of one size, or of their complements."""
    number, players = blocks.shape
    size = int(blocks[0].sum())
    apart = blocks.T - blocks.mean(axis=0)[:, None]
    weights: NDArray[np.float64] = apart / (min(size, players - size) * (number - 1))
    return weights
