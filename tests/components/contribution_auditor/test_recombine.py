"""Models of coalitions, by hand and by training again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from components.contribution_auditor import recombine, shapley
from tests.components.contribution_auditor import games

BEFORE = np.array([1.0, -1], np.float32)
UPDATES = np.array([[1, 0], [0, 4], [-2, 2]], np.float32)
WEIGHTS = np.array([1.0, 3, 4])


def test_models_are_known_by_hand():
    chosen = np.array([[0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 1, 1]], bool)
    found = recombine.models(BEFORE, UPDATES, WEIGHTS, chosen)
    assert found.dtype == np.float32
    assert found.tolist() == [
        [1, -1],
        [1, -5],
        [1 - 1 / 4, -1 - 12 / 4],
        [1 - (1 - 8) / 8, -1 - (12 + 8) / 8],
    ]


def test_a_coalition_of_no_weight_leaves_the_model_as_it_was():
    weights = np.array([0.0, 3, 4])
    chosen = np.array([[True, False, False], [True, True, False]])
    found = recombine.models(BEFORE, UPDATES, weights, chosen)
    assert found.tolist() == [[1, -1], [1, -5]]


def test_a_silo_of_no_weight_contributes_nothing():
    weights = np.array([2.0, 0, 1])

    def game(chosen):
        return np.sin(recombine.models(BEFORE, UPDATES, weights, chosen))

    plan = shapley.coalitions(3, seed=0)
    found = shapley.contributions(plan, game(plan.coalitions))
    assert found[1] == pytest.approx([0, 0], abs=1e-9)
    assert abs(found[0]).min() > 0.01


def test_halves_of_a_silo_are_alike_and_together_are_the_whole():
    halves = recombine.models(
        BEFORE,
        UPDATES[[0, 1, 2, 2]],
        np.array([1.0, 3, 2, 2]),
        games.every_coalition(4),
    )
    whole = recombine.models(BEFORE, UPDATES, WEIGHTS, games.every_coalition(3))
    # Coalition 12 + b of the one has both halves and the others of b, as 4 + b has.
    assert halves[12:] == pytest.approx(whole[4:])
    assert halves[:4] == pytest.approx(whole[:4])

    def game(weights, updates):
        return lambda chosen: (
            -np.square(recombine.models(BEFORE, updates, weights, chosen)).sum(axis=1)
        )

    cut = games.value_of(game(np.array([1.0, 3, 2, 2]), UPDATES[[0, 1, 2, 2]]), 4)
    one = games.value_of(game(WEIGHTS, UPDATES), 3)
    assert cut[2] == pytest.approx(cut[3])
    assert cut.sum() == pytest.approx(one.sum())


ROUNDS, SILOS, FEATURES = 10, 5, 6


def federation(seed):
    """Rows of five silos, to train on and to score, unequal in number and in use."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=FEATURES)
    wrong = [0.0, 0.05, 0.15, 0.3, 0.45]  # share of labels turned round
    numbers = rng.permutation([400, 250, 150, 80, 50])
    found = []
    for silo in range(SILOS):
        own = truth + rng.normal(0, 0.3, FEATURES)
        parts = []
        for number, share in ((numbers[silo], wrong[silo]), (300, 0.0)):
            x = rng.normal(size=(number, FEATURES))
            y = rng.random(number) < 1 / (1 + np.exp(-x @ own))
            parts.append((x, y ^ (rng.random(number) < share)))
        found.append(parts)
    return found


def log_loss(models, x, y):
    """Mean log loss by model, `(models,)`."""
    return np.logaddexp(0, -(models @ x.T) * np.where(y, 1, -1)).mean(axis=1)


def updates_of(models, silos):
    """Of each silo to each model, by gradient descent, `(silos, models, d)`."""
    found = []
    for (x, y), _ in silos:
        trained = models.copy()
        for _ in range(5):
            trained -= 0.5 * (1 / (1 + np.exp(-(trained @ x.T))) - y) @ x / len(y)
        found.append(models - trained)
    return np.array(found)


def to_others(value):
    """`(silos,)`, where silos score as many rows."""
    return np.where(np.eye(SILOS), 0, value).sum(axis=1)


def test_audited_rounds_rank_silos_as_training_each_coalition_again_does():
    agreement = []
    for seed in range(20):
        silos = federation(seed)
        weights = np.array([float(len(train[1])) for train, _ in silos])
        plan = shapley.coalitions(SILOS, seed=0)
        shares = plan.coalitions * weights
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1)

        def values(models, silos=silos):
            return -np.array([log_loss(models, *score) for _, score in silos]).T

        models = np.zeros((len(plan.coalitions), FEATURES))
        audited = []
        for number in range(1, ROUNDS + 1):
            updates = updates_of(models, silos)
            if number in (5, 10):  # row 1 is the training of all
                before, sent = models[1].astype(np.float32), updates[:, 1]
                one = recombine.models(
                    before, sent.astype(np.float32), weights, plan.coalitions
                )
                audited.append(shapley.contributions(plan, values(one)))
            models = models - np.einsum("ms,smd->md", shares, updates)
        again = shapley.contributions(plan, values(models))
        agreement.append(
            stats.kendalltau(to_others(np.mean(audited, axis=0)), to_others(again))[0]
        )

    assert np.mean(agreement) >= 0.8
