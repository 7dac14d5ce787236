"""Figures and gains of a silo's rows, against plain formulas."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics

from components.silo_benchmark import figures


def draw(rows=400, seed=1):
    rng = np.random.default_rng(seed)
    labels = (rng.random(rows) < 0.3).astype(float)
    own, other = (
        1 / (1 + np.exp(-(labels * by + rng.normal(0, 1, rows) - 1))).round(3)
        for by in (1.5, 1.0)
    )
    return labels, own, other


def gains(labels, own, other, groups=None):
    """Return gains; each row is a group of its own unless it is said."""
    each = np.arange(len(labels)) if groups is None else groups
    return figures.gains(labels, own, other, each)


def test_figures_equal_plain_ones():
    labels, scores, _ = draw()
    found = figures.figures(labels, scores)
    expected = {
        "auc": sklearn.metrics.roc_auc_score,
        "log_loss": sklearn.metrics.log_loss,
        "brier": sklearn.metrics.brier_score_loss,
    }
    assert {*found} == {*expected}
    for metric, function in expected.items():
        assert found[metric].value == pytest.approx(function(labels, scores))
        assert found[metric].low < found[metric].value < found[metric].high


def test_gains_are_paired_differences_with_delongs_interval():
    labels, own, other = draw()
    found = gains(labels, own, other)
    area = sklearn.metrics.roc_auc_score
    assert found["auc"].value == pytest.approx(area(labels, own) - area(labels, other))
    apart = (own - labels) ** 2 - (other - labels) ** 2
    half = scipy.stats.t.ppf(0.975, len(labels) - 1) * scipy.stats.sem(apart)
    assert found["brier"] == pytest.approx(
        (apart.mean(), apart.mean() - half, apart.mean() + half)
    )
    # DeLong by the sums over all pairs of a positive with a negative.
    spread = []
    for label in (1, 0):
        parts = []
        for scores in (own, other):
            mine, others = scores[labels == label], scores[labels != label]
            beside = np.sign(mine[:, None] - others[None, :])
            parts.append((beside / 2 + 0.5).mean(axis=1) * (1 if label else -1))
        spread.append((parts[0] - parts[1]).var(ddof=1) / len(parts[0]))
    quantile = scipy.stats.t.ppf(0.975, int(min(labels.sum(), (1 - labels).sum())) - 1)
    width = found["auc"].high - found["auc"].low
    assert width == pytest.approx(2 * quantile * np.sqrt(sum(spread)), rel=0.05)


def test_freedom_is_that_of_the_rarer_label_or_of_the_groups():
    labels = np.array([1.0] * 9 + [0.0] * 5)
    for groups, freedom in ((14, 4), (5, 4), (4, 3), (1, 1)):
        assert figures.freedom(labels, np.arange(14) % groups) == freedom
    assert figures.freedom(labels[:9], np.arange(9)) == 1


def test_gain_of_a_model_over_itself_is_none():
    labels, own, _ = draw()
    assert set(gains(labels, own, own).values()) == {(0.0, 0.0, 0.0)}


@pytest.mark.parametrize(
    ("labels", "known", "gained"),
    [
        ([], set(), set()),
        ([1], {"log_loss", "brier"}, set()),
        ([1, 1, 1], {"log_loss", "brier"}, {"log_loss", "brier"}),
        ([1, 0, 0], {"auc", "log_loss", "brier"}, {"log_loss", "brier"}),
        ([1, 0, 0, 1], {"auc", "log_loss", "brier"}, {"auc", "log_loss", "brier"}),
    ],
)
def test_figures_that_cannot_be_had_are_not_there(labels, known, gained):
    labels = np.array(labels, float)
    own, other = np.linspace(0.2, 0.6, len(labels)), np.linspace(0.7, 0.3, len(labels))
    assert set(figures.figures(labels, own)) == known
    assert set(gains(labels, own, other)) == gained


def test_rows_that_repeat_add_nothing_to_what_is_known_of_a_gain():
    labels, own, other = draw()
    known = gains(labels, own, other)
    many = [np.repeat(each, 3) for each in (labels, own, other, np.arange(400))]
    for metric, gain in gains(*many).items():
        assert gain.value == pytest.approx(known[metric].value)
        assert gain.high - gain.low == pytest.approx(
            known[metric].high - known[metric].low, rel=0.05
        )
        narrow = gains(*many[:3])[metric]
        assert gain.high - gain.low > 1.6 * (narrow.high - narrow.low)


def test_intervals_of_rows_that_are_alike_hold_the_truth():
    # Two models as good as each other, of which one is lucky on some days.
    rng, held, cases = np.random.default_rng(3), 0, 200
    groups = np.repeat(np.arange(25), 16)
    for _ in range(cases):
        labels = (rng.random(400) < 0.3).astype(float)
        noise = [rng.normal(0, 0.7, 25)[groups] * (2 * labels - 1) for _ in range(2)]
        own, other = (
            1 / (1 + np.exp(-(labels + rng.normal(0, 1, 400) + day))) for day in noise
        )
        gain = gains(labels, own, other, groups)["auc"]
        held += gain.low <= 0.0 <= gain.high
    assert held / cases > 0.9


def test_of_one_group_no_gain_can_be_had():
    labels, own, other = draw()
    assert gains(labels, own, other, np.zeros(400, np.int64)) == {}
