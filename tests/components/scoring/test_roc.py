from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from components.scoring import intervals, roc
from components.scoring.intervals import Z

counts = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=12
)


def delong_by_pairs(negative, positive):
    """DeLong's variance from all pairs, straight from the paper's definition."""
    kernel = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    v10, v01 = kernel.mean(axis=1), kernel.mean(axis=0)
    return kernel.mean(), v10.var(ddof=1) / len(v10) + v01.var(ddof=1) / len(v01)


def newcombe(theta, m, n):
    """The variance of Newcombe's method 5."""
    star = (m + n) / 2 - 1
    spread = 1 + star * ((1 - theta) / (2 - theta) + theta / (1 + theta))
    return theta * (1 - theta) * spread / (m * n)


def test_auc_worked_by_hand():
    # Negatives in bins 0, 0, 1; positives in bins 1, 2: pairs 1, 1, .5 and 1, 1, 1.
    value, _ = roc.area(np.array([2, 1, 0]), np.array([0, 1, 1]))
    assert value == pytest.approx(5.5 / 6)


def auc(negatives, positives) -> roc.Auc | None:
    negatives, positives = np.array(negatives), np.array(positives)
    if not negatives.sum() or not positives.sum():
        assert math.isnan(roc.area(negatives, positives)[0])
        return None
    found = roc.area(negatives, positives)
    return roc.estimate(*found, int(positives.sum()), int(negatives.sum()))


@given(counts)
def test_auc_error_and_interval_equal_those_from_all_pairs(bins):
    negatives, positives = np.array(bins).T
    rows = np.arange(len(bins))
    negative, positive = np.repeat(rows, negatives), np.repeat(rows, positives)
    found, m, n = auc(negatives, positives), len(positive), len(negative)
    if not m or not n:
        assert found is None
        return
    value, low, high = found.interval
    assert 0.0 <= low <= value <= high <= 1.0
    assert high > low
    labels = np.repeat([0, 1], [n, m])
    scores = np.concatenate([negative, positive])
    assert value == pytest.approx(sklearn.metrics.roc_auc_score(labels, scores))
    if m < 2 or n < 2 or value in (0.0, 1.0):
        return
    _, variance = delong_by_pairs(negative, positive)
    ratio, disorder = variance / newcombe(value, m, n), min(m, n) * (1 - value)
    wider = max(ratio, (ratio * disorder + 4) / (disorder + 4))
    assert found.error**2 == pytest.approx(wider * newcombe(value, m, n))

    def contradiction(theta):
        return abs(value - theta) - Z * math.sqrt(wider * newcombe(theta, m, n))

    for bound in (low, high):
        # Either the equation holds there, or the whole side does not contradict.
        assert contradiction(bound) == pytest.approx(0, abs=1e-4) or bound in (
            pytest.approx(0, abs=1e-6),
            pytest.approx(1, abs=1e-6),
        )


def test_with_rows_enough_the_interval_is_delong_s():
    rng = np.random.default_rng(0)
    negative, positive = rng.normal(0, 1, 9000), rng.normal(1, 2, 1000)
    edges = np.linspace(-6, 9, 4000)
    found = auc(*(np.histogram(x, edges)[0] for x in (negative, positive)))
    _, variance = delong_by_pairs(negative, positive)
    assert found.error == pytest.approx(variance**0.5, rel=1e-3)
    half = Z * variance**0.5
    assert found.interval.high - found.interval.low == pytest.approx(2 * half, rel=0.01)


def area(negatives, positives) -> roc.Auc:
    found = auc(negatives, positives)
    assert found is not None
    return found


def counts_of(negative, positive):
    """Return the counts of each label by rank, one row a bin."""
    order = np.argsort(np.concatenate([negative, positive]))
    labels = np.repeat([0, 1], [len(negative), len(positive)])[order]
    return 1 - labels, labels


@pytest.mark.parametrize("spread", [1, 2], ids=["equal", "wider"])
@pytest.mark.parametrize("true", [0.6, 0.8, 0.95, 0.98])
@pytest.mark.parametrize(("positives", "negatives"), [(20, 25), (100, 900)])
def test_19_of_20_intervals_hold_the_true_auc(positives, negatives, true, spread):
    # Normal scores, the positives `spread` as wide, at the distance that gives it.
    distance = math.hypot(1, spread) * scipy.stats.norm.ppf(true)
    rng, held = np.random.default_rng(7), 0
    for _ in range(2000):
        negative = rng.normal(0, 1, negatives)
        positive = rng.normal(distance, spread, positives)
        found = auc(*counts_of(negative, positive)).interval
        held += found.low <= true <= found.high
    assert held / 2000 >= 0.93


def test_a_silo_without_a_mistake_is_not_sure_to_make_none():
    found = auc(np.array([25, 0]), np.array([0, 20]))
    assert found.interval.value == 1.0
    assert found.interval.low < 0.95
    assert found.error > 0


@pytest.mark.parametrize(("aucs", "alike"), [((0.85, 0.8), 0.9), ((0.95, 0.94), 0.5)])
def test_19_of_20_changes_hold_the_true_change(aucs, alike):
    rng, held = np.random.default_rng(8), 0
    labels = np.repeat([0, 1], [150, 40])
    distances = [2**0.5 * scipy.stats.norm.ppf(auc) for auc in aucs]
    for _ in range(400):
        one, noise = rng.normal(size=(2, 190))
        both = one, alike * one + (1 - alike**2) ** 0.5 * noise
        scores = [
            1 / (1 + np.exp(-(side + distance * labels)))
            for side, distance in zip(both, distances, strict=True)
        ]
        shared = roc.correlation(scores[0], scores[1], labels)
        new, old = (
            area(*counts_of(side[labels == 0], side[labels == 1])) for side in scores
        )
        found = roc.difference(new, old, shared, 39)
        held += found.low <= aucs[0] - aucs[1] <= found.high
    assert held / 400 >= 0.93


def test_a_change_of_few_rows_is_as_unsure_as_student_s_t():
    new, old = area([5, 3, 1], [1, 2, 2]), area([4, 3, 2], [2, 2, 1])
    found = roc.difference(new, old, 0.5, roc.freedom(5, 9))
    variance = new.error**2 + old.error**2 - new.error * old.error
    half = scipy.stats.t.ppf(0.975, 4) * variance**0.5
    assert found.high - found.value == pytest.approx(half)


def test_a_change_of_a_single_positive_has_one_degree_of_freedom_left():
    assert (roc.freedom(1, 500), roc.freedom(2, 1), roc.freedom(10, 90)) == (1, 1, 9)


def test_a_correlation_that_is_not_known_counts_as_none():
    one = area([5, 3, 1], [1, 2, 2])
    found = roc.difference(one, one, math.nan, 4)
    t = scipy.stats.t.ppf(0.975, 4)
    assert found.high == pytest.approx(t * 2**0.5 * one.error)


def row_by_row(first, second, labels) -> float:
    """Return the correlation by the paper's definition, over all pairs of rows."""
    components: list[list[np.ndarray]] = [[], []]
    for scores in (first, second):
        positives, negatives = scores[labels == 1], scores[labels == 0]
        wins = (positives[:, None] > negatives) + 0.5 * (
            positives[:, None] == negatives
        )
        components[1].append(wins.mean(axis=1))
        components[0].append(wins.mean(axis=0))
    s01, s10 = (np.cov(found) / len(found[0]) for found in components)
    total = s01 + s10
    return float(total[0, 1] / math.sqrt(total[0, 0] * total[1, 1]))


@given(st.integers(0, 10_000), st.integers(3, 60), st.integers(2, 40))
def test_the_correlation_is_the_papers_covariance_row_by_row(seed, rows, scores):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, rows + 4)
    labels[:4] = 0, 0, 1, 1
    first = rng.integers(0, scores, rows + 4)
    second = np.clip(first + rng.integers(-1, 2, rows + 4), 0, scores)
    found = roc.correlation(first, second, labels)
    if not math.isnan(found):
        assert found == pytest.approx(row_by_row(first, second, labels), abs=1e-9)


def test_a_model_goes_together_with_itself_and_against_its_reverse():
    scores, labels = np.array([0, 3, 1, 2, 5, 4]), np.array([0, 1, 0, 1, 1, 0])
    assert roc.correlation(scores, scores, labels) == pytest.approx(1.0)
    assert roc.correlation(scores, 5 - scores, labels) == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("second", "labels"),
    [
        ([0, 1, 2, 3], [0, 0, 0, 0]),
        ([0, 1, 2, 3], [1, 1, 1, 0]),
        ([1, 0, 1, 2], [0, 0, 1, 1]),
    ],
    ids=["one label", "one row of a label", "no variance"],
)
def test_where_there_is_no_variance_there_is_no_correlation(second, labels):
    first = np.array([0, 1, 2, 3])
    assert math.isnan(roc.correlation(first, np.array(second), np.array(labels)))


def average_precision(negatives, positives):
    value = roc.average_precision(negatives, positives)
    return roc.estimate_precision(value, int(positives.sum()))


def test_average_precision_worked_by_hand():
    # From the top: 1 of 1 (recall 1/3), then 2 of 4 (2/3), then 3 of 9 (1).
    found = average_precision(np.array([5, 2, 0]), np.array([1, 1, 1]))
    assert found.value == pytest.approx((1 / 1 + 2 / 4 + 3 / 10) / 3)


@given(counts)
def test_average_precision_is_scikit_learn_s(bins):
    negatives, positives = np.array(bins).T
    if not negatives.sum() or not positives.sum():
        found = roc.average_precision(negatives, positives)
        assert np.isnan(found)
        return
    found = average_precision(negatives, positives)
    rows = np.arange(len(bins))
    scores = np.concatenate([np.repeat(rows, negatives), np.repeat(rows, positives)])
    labels = np.repeat([0, 1], [negatives.sum(), positives.sum()])
    expected = sklearn.metrics.average_precision_score(labels, scores)
    assert found.value == pytest.approx(expected)
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0


def test_the_interval_is_boyd_s_logit_interval():
    found = average_precision(np.array([5, 2, 0]), np.array([1, 1, 1]))
    logit = np.log(found.value / (1 - found.value))
    half = Z / np.sqrt(3 * found.value * (1 - found.value))
    ends = [1 / (1 + np.exp(-(logit + side * half))) for side in (-1, 1)]
    assert (found.low, found.high) == pytest.approx(ends)


def test_a_perfect_order_has_wilson_s_lower_end():
    found = average_precision(np.array([9, 0]), np.array([0, 7]))
    assert found == intervals.wilson(7, 7)


@pytest.mark.parametrize(("positives", "negatives"), [(60, 140), (200, 1800)])
def test_19_of_20_intervals_hold_the_true_average_precision(positives, negatives):
    rng, edges = np.random.default_rng(5), np.linspace(-6, 8, 1000)

    def draw(times):
        sides = (
            rng.normal(0, 1, negatives * times),
            rng.normal(1.2, 1, positives * times),
        )
        return [np.histogram(side, edges)[0] for side in sides]

    true = average_precision(*draw(2000)).value
    found = [average_precision(*draw(1)) for _ in range(800)]
    assert np.mean([each.low <= true <= each.high for each in found]) >= 0.93
