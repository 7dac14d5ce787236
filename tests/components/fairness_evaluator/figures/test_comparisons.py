"""Figures over groups and silos: by hand, against fairlearn, pandas and SciPy."""

from __future__ import annotations

import fairlearn.metrics as fairlearn
import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_score

from components.fairness_evaluator.figures import comparisons, inequality
from components.fairness_evaluator.figures.tidy import Place
from components.payloads import table
from components.payloads.interval import Interval
from components.scoring import intervals
from tests.components.fairness_evaluator.made_cells import THRESHOLDS, measure, rate

GROUPS = Place("candidate", "eval", "", "sex", "", 24, 9)
SILOS = Place("candidate", "eval", "", "silo_id", "", 1, 1)


def over_groups(rows):
    """Return the table over groups of (labels, scores) by name."""
    known = {name: measure(labels, scores) for name, (labels, scores) in rows.items()}
    return table.make_table(
        map(GROUPS.figure, comparisons.of_groups(known, THRESHOLDS))
    )


def over_silos(known):
    return table.make_table(map(SILOS.figure, comparisons.of_silos(known, THRESHOLDS)))


# Above a half: Female 1 of 4 positives, 1 of 6; Male 2 of 3, 3 of 5; Other none.
BY_HAND = {
    "Female": ([1, 1, 1, 1, 0, 0], [0.9, 0.4, 0.3, 0.2, 0.1, 0.2]),
    "Male": ([1, 1, 1, 0, 0], [0.8, 0.7, 0.3, 0.6, 0.1]),
    "Other": ([1, 0, 0], [0.4, 0.1, 0.3]),
}


@pytest.mark.parametrize(
    ("metric", "value", "about"),
    [
        ("demographic_parity_difference", 0.6, "Male (0.60) and Other (0.00)"),
        ("demographic_parity_ratio", 0.0, "Male (0.60) and Other (0.00)"),
        ("equal_opportunity_difference", 2 / 3, "Male (0.67) and Other (0.00)"),
        ("fpr_difference", 0.5, "Male (0.50) and Female (0.00)"),
        ("equalized_odds_difference", 2 / 3, "Male (0.67) and Other (0.00)"),
        # Nobody of Other is above: no precision there.
        ("predictive_parity_difference", 1 / 3, "Female (1.00) and Male (0.67)"),
        ("worst_auc", 5 / 6, "Male"),
        # Female: 1 + 1 + 1 + (1 + .5) / 2 of 4; Other: all.
        ("auc_gap", 1 / 6, "Other (1.00) and Male (0.83)"),
    ],
)
def test_eleven_rows_and_three_have_the_figures_worked_by_hand(metric, value, about):
    threshold = None if "auc" in metric else 0.5
    figure = over_groups(BY_HAND).metric(metric, slice="sex", threshold=threshold)
    assert (figure.value, figure.about) == (pytest.approx(value), about)


def test_intervals_are_those_of_the_two_groups():
    found = over_groups(BY_HAND)
    figure = found.metric("fpr_difference", slice="sex", threshold=0.5)
    expected = intervals.difference(rate(1, 2), rate(0, 2))
    assert (figure.low, figure.high) == (max(0, expected.low), expected.high)
    ratio = found.metric("demographic_parity_ratio", slice="sex", threshold=0.5)
    of_counts = intervals.ratio(0, 3, 3, 5)
    assert (ratio.low, ratio.high) == (of_counts.low, of_counts.high)


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("seed", range(2))
def test_figures_equal_those_of_fairlearn(seed, threshold):
    rng = np.random.default_rng(seed)
    names = rng.choice(["a", "b", "c"], 700, p=[0.6, 0.3, 0.1])
    scores = rng.beta(1.5, 3, 700)
    labels = (rng.random(700) < scores).astype(int)
    found = over_groups({n: (labels[names == n], scores[names == n]) for n in "abc"})
    rows = (labels, scores > threshold)
    for metric, function in {
        "demographic_parity_difference": fairlearn.demographic_parity_difference,
        "demographic_parity_ratio": fairlearn.demographic_parity_ratio,
        "equalized_odds_difference": fairlearn.equalized_odds_difference,
    }.items():
        figure = found.metric(metric, slice="sex", threshold=threshold)
        expected = function(*rows, sensitive_features=names)
        assert figure.value == pytest.approx(expected), metric
        assert figure.low <= figure.value <= figure.high
    for metric, function in {
        "equal_opportunity_difference": fairlearn.true_positive_rate,
        "fpr_difference": fairlearn.false_positive_rate,
        "predictive_parity_difference": precision_score,
    }.items():
        frame = fairlearn.MetricFrame(
            metrics=function, y_true=rows[0], y_pred=rows[1], sensitive_features=names
        )
        figure = found.metric(metric, slice="sex", threshold=threshold)
        assert figure.value == pytest.approx(frame.difference()), metric


def test_figures_that_fewer_than_two_groups_have_are_not_told():
    assert len(over_groups({"Female": BY_HAND["Female"]})) == 0
    found = over_groups({"a": ([0, 0], [0.1, 0.2]), "b": ([0, 0, 0], [0.1, 0.2, 0.3])})
    metrics = {figure.metric for figure in found}
    assert "fpr_difference" in metrics
    assert not {"auc_gap", "equal_opportunity_difference"} & metrics
    assert "equalized_odds_difference" not in metrics
    ratio = found.metric("demographic_parity_ratio", slice="sex", threshold=0.5)
    assert (ratio.value, ratio.note) == (None, "no rows")


VALUES = {
    "B": Interval(0.25, 0.125, 0.5),
    "A": Interval(0.75, 0.5, 0.875),
    "C": Interval(0.25, 0.0, 0.5),
}
rates = st.tuples(st.integers(0, 30), st.integers(30, 60))


def test_the_gap_is_of_the_ends_and_names_them_the_first_of_equal_ones():
    gap, about = comparisons.gap(VALUES)
    assert gap == pytest.approx((0.5, 0.5 - 2**0.5 / 4, 0.5 + (2 / 64) ** 0.5))
    assert about == "A (0.75) and B (0.25)"
    assert comparisons.gap({"A": VALUES["A"]}) == ((0, 0, 0), "")


def test_ends_that_two_digits_do_not_tell_apart_have_three():
    close = {"A": Interval(0.7512, 0.7, 0.8), "B": Interval(0.7469, 0.7, 0.8)}
    assert comparisons.gap(close)[1] == "A (0.751) and B (0.747)"


def test_the_gap_may_be_wider_the_other_way_round():
    lopsided = {"few": Interval(1.0, 0.89, 1.0), "many": Interval(0.99, 0.988, 0.992)}
    gap, _ = comparisons.gap(lopsided)
    assert gap == pytest.approx((0.01, 0.0, 0.1), abs=1e-4)


@given(st.dictionaries(st.text(), rates, min_size=1))
def test_a_gap_is_never_negative_and_lies_in_its_interval(counts):
    values = {name: rate(*count) for name, count in counts.items()}
    gap, _ = comparisons.gap(values)
    assert 0 <= gap.low <= gap.value <= gap.high


@pytest.fixture(scope="module")
def known():
    rng, found = np.random.default_rng(0), {}
    for number in range(23):
        rows = int(rng.integers(40, 400))
        scores = rng.beta(1.5, 3, rows)
        noise = rng.normal(0, 0.05 + 0.02 * number, rows)
        labels = (rng.random(rows) < np.clip(scores + noise, 0, 1)).astype(int)
        found[f"silo {number:02}"] = measure(labels, scores)
    return found


@pytest.fixture(scope="module")
def figures(known):
    return over_silos(known)


CASES = [
    *((metric, None) for metric in comparisons.METRICS),
    *((metric, at) for metric in comparisons.RATES for at in THRESHOLDS),
]


@pytest.mark.parametrize(("metric", "threshold"), CASES)
def test_figures_equal_those_of_pandas_and_scipy(known, figures, metric, threshold):
    values = pd.Series({s: m.found[metric, threshold].value for s, m in known.items()})
    rows = [measures.cell.rows for measures in known.values()]
    lower = metric in ("log_loss", "brier", "calibration_error", "fpr")
    ranked = values.sort_values(ascending=not lower, kind="stable")
    expected = {
        "worst": ranked.iloc[0],
        "worst_tenth": ranked.iloc[:3].mean(),
        "mean": values.mean(),
        "variance": values.var(ddof=0),
        "gap": values.max() - values.min(),
        "gini": inequality.gini(values.tolist()),
        "size_correlation": scipy.stats.spearmanr(values, rows)[0],
    }
    of = {
        name: figures.metric(f"{name}_{metric}", slice="silo_id", threshold=threshold)
        for name in expected
    }
    for name, value in expected.items():
        assert of[name].value == pytest.approx(value), name
        if of[name].low is not None:
            assert of[name].low <= of[name].value <= of[name].high
    assert of["worst"].about == ranked.index[0]
    own = known[ranked.index[0]].found[metric, threshold]
    assert (of["worst"].low, of["worst"].high) == own[1:]
    assert of["worst_tenth"].about == ", ".join(ranked.index[:3])


def test_one_silo_alone_is_the_worst_and_has_no_gap(known):
    found = over_silos({"silo 07": known["silo 07"]})

    def value(metric):
        return found.metric(metric, slice="silo_id").value

    auc = known["silo 07"].auc.interval
    assert value("worst_auc") == value("worst_tenth_auc") == auc.value
    assert value("gap_auc") == value("variance_auc") == value("gini_auc") == 0
    assert found.metric("size_correlation_auc", slice="silo_id") is None
    assert len(over_silos({})) == 0


def test_silos_without_the_figure_are_left_out_of_it(known):
    one_class = measure([0, 0], [0.1, 0.2])
    found = over_silos({"a": known["silo 01"], "b": one_class, "c": known["silo 02"]})
    values = [known[silo].auc.interval.value for silo in ("silo 01", "silo 02")]
    mean = found.metric("mean_auc", slice="silo_id")
    assert mean.value == pytest.approx(sum(values) / 2)


@given(st.randoms())
def test_the_order_of_silos_does_not_matter(random):
    rows = [([0, 1, 1], [0.2, 0.3, 0.9]), ([1, 0], [0.4, 0.6]), ([0, 1], [0.1, 0.7])]
    named = [(f"s{i}", measure(*r)) for i, r in enumerate(rows)]
    expected = over_silos(dict(named))
    random.shuffle(named)
    assert over_silos(dict(named)) == expected


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3))
def test_the_rank_correlation_is_scipy_s_with_ties(pairs):
    one, other = map(list, zip(*pairs, strict=True))
    found = comparisons.spearman(one, other)
    if len(set(one)) == 1 or len(set(other)) == 1:
        assert found is None
    else:
        expected = scipy.stats.spearmanr(one, other)[0]
        assert found == pytest.approx(expected)
