"""Whoever sees all that left, over runs and windows, learns no more than is claimed."""

import datetime
import itertools
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from components.privacy.accounting import Mechanism
from components.privacy.ledger import (
    Budget,
    BudgetSpentError,
    PrivacyLedger,
    window_of,
)
from tests.components.privacy import gaussian

MAY = Budget(epsilon=1.5, delta=1e-5)
BEGIN = datetime.datetime(2026, 1, 20, tzinfo=datetime.UTC)
CHANGE = datetime.date(2026, 2, 10)  # from months to a window that overlaps with one
AFTER = "2026-02-10/2026-03-20"
names = itertools.count()

runs = st.lists(
    st.tuples(
        st.integers(0, 9),  # days since the run before
        st.sampled_from([3.0, 6.0, 15.0]),  # noise
        st.integers(1, 4),  # steps that it asks for
        st.integers(0, 4),  # steps that leave
        st.booleans(),  # whether it breaks off before it settles
    ),
    max_size=10,
)


def released(url, asked):
    """Return what left the silo: day, window, and mechanism."""
    time = BEGIN
    ledger = PrivacyLedger(url, f"case-{next(names)}", lambda _: time)
    left = []
    for days, noise, steps, leave, breaks in asked:
        time += datetime.timedelta(days)
        day = time.date()
        if day > datetime.date(2026, 3, 20):
            break
        window = window_of(AFTER if day >= CHANGE else "month", day)
        try:
            number = ledger.reserve("r", "north", window, MAY, Mechanism(noise, steps))
        except BudgetSpentError:
            continue
        left.append((day, window, Mechanism(noise, min(steps, leave))))
        if not breaks:
            ledger.settle(number, min(steps, leave))
    ledger.verify()
    return left


def exact_delta(left, epsilon):
    """Return the exact delta of all that left together; all of it is Gaussian."""
    total = sum(one.steps / one.noise**2 for _, _, one in left)
    return gaussian.delta(epsilon, total**-0.5) if total else 0.0


@given(runs)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_window_costs_more_than_its_budget_and_two_no_more_than_both(
    tmp_path, asked
):
    left = released(f"sqlite:///{tmp_path}/store.db", asked)
    windows = sorted({window for _, window, _ in left}, key=lambda one: one.first)
    for window in windows:
        # What was in it as long as the settings had it.
        until = max(day for day, held, _ in left if held == window)
        inside = [one for one in left if window.first <= one[0] <= until]
        assert exact_delta(inside, MAY.epsilon) <= MAY.delta
    for one, other in itertools.combinations(windows, 2):
        both = [it for it in left if it[1] in (one, other)]
        assert exact_delta(both, 2 * MAY.epsilon) <= 2 * MAY.delta


@pytest.fixture
def two_runs(tmp_path):
    """What two runs release, and what the ledger says that it cost."""
    ledger = PrivacyLedger(f"sqlite:///{tmp_path}/store.db", "flights")
    window = window_of("year", datetime.datetime.now(datetime.UTC).date())
    both = Mechanism(6.0, 3), Mechanism(9.0, 5)
    for one in both:
        number = ledger.reserve("r", "north", window, Budget(9.0, MAY.delta), one)
        ledger.settle(number, one.steps)
    return both, ledger.balance("north", window, Budget(9.0, MAY.delta)).spent


def powers(weights, both, alarms):
    """Return how often a test of the weighted outputs finds a person who is there.

    Her gradient adds 1 to each step's sum; `alarms` is how often it finds her in vain.
    """
    steps = np.repeat([one.noise for one in both], [one.steps for one in both])
    shift = abs(np.sum(weights)) / np.linalg.norm(weights * steps)
    return stats.norm.cdf(stats.norm.ppf(alarms) + shift)


def test_who_subtracts_or_adds_up_two_runs_finds_nobody_beyond_the_claim(two_runs):
    both, claimed = two_runs
    steps = np.repeat([one.noise for one in both], [one.steps for one in both])
    alarms = np.geomspace(1e-12, 0.999, 4_000)
    limit = math.exp(claimed) * alarms + MAY.delta
    best = powers(1 / steps**2, both, alarms)
    difference = powers(np.r_[np.full(3, 1 / 3), np.full(5, -1 / 4)], both, alarms)
    assert np.all(best <= limit)
    assert np.all(difference < best)
    # The claim is no larger than it must be: half a percent less would be false.
    assert np.any(best > math.exp(0.995 * claimed) * alarms + MAY.delta)
    rng = np.random.default_rng(7)
    for weights in rng.normal(size=(50, len(steps))):
        assert np.all(powers(weights, both, alarms) <= best + 1e-12)
