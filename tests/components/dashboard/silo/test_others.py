"""Others are counts in coarse bins, and only where there are enough of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.dashboard.silo.others import MIN_OTHERS, Others
from components.payloads.table import Figure
from tests.components.dashboard.silo.made_runs import figure

AUC = {"a": 0.71, "b": 0.62, "c": 0.64, "d": 0.70, "e": 0.83, "f": 0.66}


def cell(value: float | None, note: str = "") -> Figure:
    return Figure(
        *("candidate", "eval", "a", "", "", "auc", None),
        *(value, None, None, 10, None, note),
    )


def others(values, metric="auc", judged=None):
    figures = [figure(silo, metric, value) for silo, value in values.items()]
    return Others(figures, set(values) if judged is None else judged)


def counts(found):
    return [(each.low, each.high, each.count, each.own) for each in found.bins]


def test_a_histogram_worked_by_hand():
    found = others(AUC).of("a", "auc", None, cell(0.71))
    assert counts(found) == [
        (0.6, 0.65, 2, False),
        (0.65, 0.7, 1, False),
        (0.7, 0.75, 1, True),
        (0.75, 0.8, 0, False),
        (0.8, 0.85, 1, False),
    ]
    assert (found.lower, found.alike, found.higher) == (3, 1, 1)
    assert found.num_others == 5
    assert found.most == 2


def test_fewer_than_five_others_are_not_told():
    assert MIN_OTHERS == 5
    five = dict(list(AUC.items())[:5])
    assert others(five).of("a", "auc", None, cell(0.71)) is None
    assert others(AUC).of("a", "auc", None, cell(0.71)) is not None


def test_a_silo_that_is_not_judged_is_not_taken_out_of_the_others():
    found = others(AUC).of("quarantined", "auc", None, cell(0.71))
    assert found.num_others == 6


def test_only_judged_silos_count():
    found = others(AUC | {"g": 0.99, "h": 0.01}, judged=set(AUC))
    assert found.of("a", "auc", None, cell(0.71)).num_others == 5


def test_only_numbers_of_all_rows_of_the_candidate_count():
    figures = [figure(silo, "auc", value) for silo, value in AUC.items()]
    figures += [
        figure("a", "auc", 0.1, model="baseline"),
        figure("b", "auc", 0.1, split="next"),
        figure("c", "auc", 0.1, slice="sex", group="men"),
        figure("", "auc", 0.1),
    ]
    found = Others(figures, set(AUC)).of("a", "auc", None, cell(0.71))
    assert found.num_others == 5
    noted = [figure("a", "auc", None, note="too few"), figure("b", "auc", math.nan)]
    assert Others(noted, {"a", "b"}).of("c", "auc", None, cell(0.5)) is None


def test_without_a_figure_of_its_own_a_silo_sees_nothing():
    assert others(AUC).of("a", "auc", None, None) is None
    assert others(AUC).of("a", "auc", None, cell(None, "too few")) is None


def test_rates_are_kept_apart_by_threshold():
    figures = [
        figure(silo, "tpr", value, threshold=at)
        for silo, value in AUC.items()
        for at in (0.25, 0.5)
        if not (at == 0.25 and silo == "f")
    ]
    found = Others(figures, set(AUC))
    assert found.of("a", "tpr", 0.25, cell(0.71)) is None
    assert found.of("a", "tpr", 0.5, cell(0.71)).num_others == 5


def test_the_ends():
    found = others(dict.fromkeys("bcdef", 1.0) | {"a": 0.0}).of(
        "a", "auc", None, cell(0.0)
    )
    assert counts(found)[0] == (0.0, 0.05, 0, True)
    assert counts(found)[-1] == (0.95, 1.0, 5, False)
    found = others(dict.fromkeys("bcdef", 7.0) | {"a": 1.0}, "log_loss").of(
        "a", "log_loss", None, cell(1.0)
    )
    assert counts(found)[-1] == (1.95, None, 5, False)


@pytest.mark.parametrize("twentieths", range(20))
def test_an_edge_belongs_to_the_bin_above(twentieths):
    value = twentieths * 0.05
    found = others(dict.fromkeys("abcdef", value)).of("a", "auc", None, cell(value))
    (only,) = found.bins
    assert (only.low, only.count) == (twentieths / 20, 5)


@given(
    st.dictionaries(
        st.text(min_size=1), st.floats(0, 1, allow_nan=False), min_size=6, max_size=30
    )
)
def test_each_other_silo_is_counted_once(values):
    silo, own = next(iter(values.items()))
    found = others(values).of(silo, "auc", None, cell(own))
    assert found.num_others == len(values) - 1
    assert sum(each.count for each in found.bins) == len(values) - 1
    assert [each.own for each in found.bins].count(True) == 1
    assert all(each.low in {n / 20 for n in range(20)} for each in found.bins)
