"""Figures over silos against pandas and SciPy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.figures import cross_silo, inequality
from components.fairness_evaluator.figures.tidy import Place
from components.payloads import table
from tests.components.fairness_evaluator.made_cells import THRESHOLDS, measure

PLACE = Place("candidate", "eval", "", "silo_id", "", 1, 1)


def over(known):
    return table.of(map(PLACE.figure, cross_silo.figures(known, THRESHOLDS)))


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
    return over(known)


CASES = [
    *((metric, None) for metric in cross_silo.METRICS),
    *((metric, at) for metric in cross_silo.RATES for at in THRESHOLDS),
]


@pytest.mark.parametrize(("metric", "threshold"), CASES)
def test_figures_equal_those_of_pandas_and_scipy(known, figures, metric, threshold):
    values = pd.Series({s: m.found[metric, threshold].value for s, m in known.items()})
    rows = [measures.rows for measures in known.values()]
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
    for name, value in expected.items():
        found = figures.metric(f"{name}_{metric}", slice="silo_id", threshold=threshold)
        assert found.value == pytest.approx(value), name
        if found.low is not None:
            assert found.low <= found.value <= found.high
    worst = figures.metric(f"worst_{metric}", slice="silo_id", threshold=threshold)
    assert worst.about == ranked.index[0]
    low, high = known[worst.about].found[metric, threshold][1:]
    assert (worst.low, worst.high) == (low, high)
    tenth = figures.metric(
        f"worst_tenth_{metric}", slice="silo_id", threshold=threshold
    )
    assert tenth.about == ", ".join(ranked.index[:3])


def test_one_silo_alone_is_the_worst_and_has_no_gap(known):
    one = {"silo 07": known["silo 07"]}
    found = over(one)
    auc = known["silo 07"].auc.interval

    def value(metric):
        return found.metric(metric, slice="silo_id").value

    assert value("worst_auc") == value("worst_tenth_auc") == auc.value
    assert value("gap_auc") == value("variance_auc") == value("gini_auc") == 0
    assert found.metric("size_correlation_auc", slice="silo_id") is None


def test_silos_without_the_figure_are_left_out_of_it(known):
    one_class = measure([0, 0], [0.1, 0.2])
    some = {"a": known["silo 01"], "b": one_class, "c": known["silo 02"]}
    found = over(some)
    values = [known[silo].auc.interval.value for silo in ("silo 01", "silo 02")]
    mean = found.metric("mean_auc", slice="silo_id")
    assert mean.value == pytest.approx(sum(values) / 2)


def test_no_silo_at_all_gives_no_figure():
    assert len(over({})) == 0


@given(st.randoms())
def test_the_order_of_silos_does_not_matter(random):
    rows = [([0, 1, 1], [0.2, 0.3, 0.9]), ([1, 0], [0.4, 0.6]), ([0, 1], [0.1, 0.7])]
    named = [(f"s{i}", measure(*r)) for i, r in enumerate(rows)]
    expected = over(dict(named))
    random.shuffle(named)
    assert over(dict(named)) == expected


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3))
def test_the_rank_correlation_is_scipy_s_with_ties(pairs):
    one, other = map(list, zip(*pairs, strict=True))
    found = cross_silo.spearman(one, other)
    if len(set(one)) == 1 or len(set(other)) == 1:
        assert found is None
    else:
        expected = scipy.stats.spearmanr(one, other)[0]
        assert found == pytest.approx(expected)
