"""Costs against closed forms, published values, and other ways of accounting."""

import dataclasses
import math

import dp_accounting
import numpy as np
import pytest
from dp_accounting import pld
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import special

from components.errors import FairSiloError
from components.privacy import accounting
from components.privacy.accounting import Mechanism, calibrated, epsilon, epsilon_rdp
from tests.components.privacy import gaussian

DELTA = 1e-5


def sampled(noise, steps, units, rate, deviations=6.0):
    """Return a mechanism whose batches are seldom cut."""
    spread = math.sqrt(units * rate * (1 - rate))
    cap = min(units, math.ceil(units * rate + deviations * spread))
    return Mechanism(noise, steps, units, rate, cap)


def poisson(noise, steps, rate):
    """Return the cost of batches that are not cut, by the library's accountant."""
    step = dp_accounting.PoissonSampledDpEvent(
        rate, dp_accounting.GaussianDpEvent(noise)
    )
    accountant = pld.PLDAccountant(
        dp_accounting.NeighboringRelation.REPLACE_SPECIAL,
        value_discretization_interval=1e-3,
    )
    return accountant.compose(step, steps).get_epsilon(DELTA)


@pytest.mark.parametrize(("noise", "steps"), [(1.0, 1), (0.7, 3), (8.0, 40), (30, 7)])
def test_without_sampling_the_cost_is_that_of_the_closed_form(noise, steps):
    exact = gaussian.epsilon(DELTA, noise / math.sqrt(steps))
    found = epsilon([Mechanism(noise, steps)], DELTA)
    assert exact <= found <= exact + 2e-3
    assert exact <= epsilon_rdp([Mechanism(noise, steps)], DELTA) <= 1.2 * exact


def test_mechanisms_add_up_as_inverse_squares_of_their_noise():
    released = [Mechanism(4.0, 3), Mechanism(9.0, 10), Mechanism(2.5, 1)]
    total = sum(one.steps / one.noise**2 for one in released) ** -0.5
    exact = gaussian.epsilon(DELTA, total)
    assert exact <= epsilon(released, DELTA) <= exact + 4e-3
    assert epsilon(released[::-1], DELTA) == epsilon(released, DELTA)


def test_nothing_released_costs_nothing():
    assert epsilon([], DELTA) == 0
    assert epsilon([Mechanism(0.5, 0)], DELTA) == 0


@pytest.mark.parametrize(
    ("units", "batch", "noise", "passes", "delta", "published"),
    [
        (60_000, 150, 1.3, 15, 1e-5, 0.7242234026109595),
        (100_000, 100, 1.0, 30, 1e-7, 1.4154988495444845),
    ],
)
def test_renyi_accounting_gives_the_values_of_tf_privacy(
    units, batch, noise, passes, delta, published
):
    """Those of its `compute_dp_sgd_privacy_test.py`, version 0.9."""
    steps = math.ceil(passes * units / batch)
    one = Mechanism(noise, steps, units, batch / units, cap=units)
    assert epsilon_rdp([one], delta) == pytest.approx(published, abs=1e-7)


def test_loss_distributions_give_the_value_of_tf_privacy():
    """There: noise .7, 1.2 passes by steps of 1 %; the grid here is coarser."""
    one = Mechanism(0.7, 120, units=100_000, rate=1e-2, cap=100_000)
    assert 2.4612381 <= epsilon([one], DELTA) <= 2.4612381 * 1.002


def renyi(noise, rate, order):
    """Return a step's divergence: Mironov, Talwar & Zhang (2019), section 3.3."""
    k = np.arange(order + 1)
    terms = (
        special.gammaln(order + 1) - special.gammaln(k + 1)
        - special.gammaln(order - k + 1)
        + k * math.log(rate) + (order - k) * math.log1p(-rate)
        + k * (k - 1) / (2 * noise**2)
    )  # fmt: skip
    return special.logsumexp(terms) / (order - 1)


def test_the_tutorial_of_tf_privacy_on_mnist_is_met_by_the_formula_of_its_time():
    """Noise 1.1, 60 passes in batches of 256: 3.01 was published, later less."""
    rate, steps = 256 / 60_000, 60 * 60_000 // 256
    orders = np.arange(2, 65)
    costs = steps * np.array([renyi(1.1, rate, order) for order in orders])
    then = costs + math.log(1 / DELTA) / (orders - 1)
    assert min(then) == pytest.approx(3.01, abs=0.005)
    now = costs + np.log1p(-1 / orders) - np.log(DELTA * orders) / (orders - 1)
    one = Mechanism(1.1, steps, 60_000, rate, cap=60_000)
    assert epsilon_rdp([one], DELTA) == pytest.approx(min(now), rel=1e-9)
    assert epsilon([one], DELTA) < min(now) < min(then)


@given(
    units=st.integers(20, 20_000),
    rate=st.sampled_from([0.01, 0.05, 0.17, 0.5, 1.0]),
    noise=st.sampled_from([1.0, 2.0, 8.0, 40.0]),
    steps=st.sampled_from([1, 30, 200]),
)
@example(units=1_500, rate=0.171, noise=1.5, steps=58)
@settings(max_examples=8)
def test_no_cost_is_above_the_bound_of_renyi_accounting(units, rate, noise, steps):
    one = sampled(noise, steps, units, rate)
    # In half a percent, and what its grid adds at each step.
    grid = 1e-3 + 5e-5 * steps
    assert epsilon([one], DELTA) <= epsilon_rdp([one], DELTA) * 1.005 + grid


@pytest.mark.parametrize(("units", "rate"), [(1_500, 0.171), (100, 0.5)])
def test_batches_that_are_cut_cost_more_and_nearly_nothing_if_that_is_rare(units, rate):
    whole = poisson(4.0, 60, rate)
    rarely = epsilon([sampled(4.0, 60, units, rate)], DELTA)
    often = epsilon([sampled(4.0, 60, units, rate, deviations=1)], DELTA)
    assert whole <= rarely <= 1.0001 * whole
    assert often > 1.05 * whole


def test_renyi_accounting_bounds_nothing_where_batches_are_often_cut():
    assert epsilon_rdp([sampled(2.0, 60, 1_500, 0.171, 1)], DELTA) == math.inf


def test_more_steps_cost_more_and_more_noise_less():
    one = sampled(2.0, 60, 1_500, 0.171)
    longer = dataclasses.replace(one, steps=80)
    quieter = dataclasses.replace(one, noise=1.8)
    assert epsilon([one], DELTA) < epsilon([longer], DELTA)
    assert epsilon([one], DELTA) < epsilon([quieter], DELTA)
    assert epsilon([one], DELTA) < epsilon([one, Mechanism(50.0, 1)], DELTA)


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        (0.5, sampled(0.0, 60, 1_500, 0.171)),
        (1.0, sampled(0.0, 300, 23_000, 0.05)),
        (2.0, sampled(9.0, 20, 100, 0.5)),
        (2.0, Mechanism(0.0, 30)),
    ],
)
def test_the_least_noise_spends_what_it_may_and_no_more(target, asked):
    found = calibrated(target, DELTA, asked)
    assert dataclasses.replace(found, noise=asked.noise) == asked
    assert 0.99 * target <= epsilon([found], DELTA) <= target


def test_noise_is_never_too_little_for_computers_to_account_for():
    assert calibrated(90.0, DELTA, Mechanism(0.0, 1)).noise == accounting.LEAST_NOISE


def test_more_noise_than_a_model_could_learn_with_is_refused():
    with pytest.raises(FairSiloError) as caught:
        calibrated(0.1, DELTA, sampled(0.0, 100_000, 200, 0.5))
    assert caught.value.message == (
        "noise for 100,000 steps of 0.5 of 200 units: even 100 times the clip norm "
        "costs more than an epsilon of 0.1 at delta 1e-05"
    )
    assert "`privacy.run_epsilon`" in caught.value.hint
