"""What the guesses of one training show, against cases whose answer is known."""

import math

import numpy as np
import pytest
from scipy import stats

from components.privacy.attack import SHARE, attacked, lower_bound


def in_front(canaries, right_in, right_out):
    """Return scores in ascending order, and coins of which so many guesses are right.

    Scores alone decide of whom a coin is guessed; those between are out.
    """
    each = canaries // SHARE
    coins = np.zeros(canaries, bool)
    coins[right_out:each] = True
    coins[canaries - right_in :] = True
    return np.arange(canaries, dtype=float), coins


@pytest.mark.parametrize("guesses", [5, 20, 333])
def test_guesses_that_are_all_right_give_the_closed_form(guesses):
    # q ** guesses = 5 %, and epsilon is the logit of q.
    right = 0.05 ** (1 / guesses)
    expected = math.log(right / (1 - right))
    assert lower_bound(guesses, guesses, 0.0, 1000) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("correct", "guesses"), [(9, 10), (15, 20), (70, 100)])
def test_without_delta_it_is_the_logit_of_clopper_and_pearsons_bound(correct, guesses):
    right = stats.beta.ppf(0.05, correct, guesses - correct + 1)
    expected = math.log(right / (1 - right))
    assert lower_bound(correct, guesses, 0.0, 500) == pytest.approx(expected, abs=1e-6)


def test_the_papers_own_example_comes_out():
    # Appendix D: m = 1000, r = 100, v = 75, delta = 1e-4.
    assert lower_bound(75, 100, 1e-4, 1000) == pytest.approx(0.673, abs=5e-4)
    assert lower_bound(75, 100, 0.0, 1000) == pytest.approx(0.702, abs=5e-4)


def test_the_probability_is_that_of_a_sum_by_hand():
    # 3 of 3 right, with delta: q^3 + 2 m delta max_i P[3 > B >= 3 - i] / i.
    delta, canaries, confidence = 1e-3, 20, 0.8
    right = 1 / (1 + math.exp(-lower_bound(3, 3, delta, canaries, confidence)))
    two, one, none = 3 * right**2 * (1 - right), 3 * right * (1 - right) ** 2, 0.0
    none = (1 - right) ** 3
    alpha = max(two, (two + one) / 2, (two + one + none) / 3)
    assert right**3 + 2 * canaries * delta * alpha == pytest.approx(0.2, abs=1e-6)


def test_more_right_guesses_show_more_and_more_delta_less():
    by_correct = [lower_bound(correct, 60, 1e-5, 200) for correct in range(61)]
    assert by_correct == sorted(by_correct)
    assert by_correct[30] == 0 < by_correct[45] < by_correct[60]
    by_delta = [lower_bound(50, 60, delta, 200) for delta in (0, 1e-5, 1e-4, 1e-3, 0.1)]
    assert by_delta == sorted(by_delta, reverse=True)
    assert by_delta[-1] == 0 < by_delta[-2] < by_delta[0]
    surer = [lower_bound(50, 60, 1e-5, 200, sure) for sure in (0.5, 0.95, 0.999)]
    assert surer == sorted(surer, reverse=True)
    assert surer[0] > surer[2]


def test_no_guess_shows_nothing():
    assert lower_bound(0, 0, 1e-5, 0) == 0
    assert attacked(np.zeros(0), np.zeros(0, bool), 1e-5) == 0
    assert attacked(np.arange(5.0), np.arange(5) > 2, 1e-5) == 0  # no whole sixth


def test_a_sixth_at_each_end_is_guessed():
    scores, coins = in_front(120, 17, 14)
    expected = lower_bound(31, 40, 1e-5, 120)
    assert expected > 0
    assert attacked(scores, coins, 1e-5) == expected
    shuffled = np.random.default_rng(1).permutation(120)
    assert attacked(scores[shuffled], coins[shuffled], 1e-5) == expected
    # Coins between the ends change nothing: of them nothing is guessed.
    coins[20:100] = True
    assert attacked(scores, coins, 1e-5) == expected


def test_scores_the_wrong_way_round_show_nothing():
    scores, coins = in_front(600, 90, 90)
    assert attacked(scores, coins, 1e-5) > 1
    assert attacked(-scores, coins, 1e-5) == 0


def test_equal_scores_show_nothing():
    # The order among them is that of the canaries, which coins don't depend on.
    generator = np.random.default_rng(2)
    found = [
        attacked(np.zeros(240), generator.random(240) < 0.5, 0.0) for _ in range(100)
    ]
    assert np.mean(np.array(found) > 0) < 0.1


@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_of_a_mechanism_of_known_epsilon_it_shows_no_more_and_nearly_as_much(epsilon):
    # Randomised response: each coin is told, right with probability e^eps/(1 + e^eps).
    generator, canaries, trials = np.random.default_rng(3), 3000, 200
    found = []
    for _ in range(trials):
        coins = generator.random(canaries) < 0.5
        honest = generator.random(canaries) < 1 / (1 + math.exp(-epsilon))
        told = np.where(honest, coins, ~coins)
        found.append(attacked(told + generator.random(canaries) / 2, coins, 0.0))
    # 5 % of 200 are 10, and 18 or more come by chance once in 80 times.
    assert np.count_nonzero(np.array(found) > epsilon) < 18
    assert np.mean(found) > epsilon - 0.25


def test_gaussian_canaries_show_a_part_of_their_epsilon():
    # One Gaussian mechanism of sensitivity 1 and noise 1: epsilon 4.38 at delta 1e-5.
    generator = np.random.default_rng(4)
    found = []
    for _ in range(50):
        coins = generator.random(1000) < 0.5
        found.append(attacked(generator.standard_normal(1000) + coins, coins, 1e-5))
    assert max(found) < 4.38
    assert 1.0 < np.mean(found) < 2.5


def test_who_is_told_the_coins_shows_the_most_that_canaries_can():
    coins = np.random.default_rng(5).random(256) < 0.5
    assert attacked(coins.astype(float), coins, 1e-5) == lower_bound(84, 84, 1e-5, 256)
