"""The table of `bench fairness` and its bar, from figures that are made up."""

from __future__ import annotations

import pytest
import scipy.stats

from pipelines.benchmarks import fairness
from pipelines.benchmarks.fairness import Figures

BASE = [
    Figures(0.85, 0.75, 0.70, 0.05, 10, 2, 9.0),
    Figures(0.86, 0.76, 0.7, 0.05, 12, 2, 9.0),
]
PERSONAL = [
    one._replace(mean=one.mean + 0.01, worst_tenth=0.8, worse=4) for one in BASE
]
SERVED = [one._replace(surely_worse=0) for one in PERSONAL]


def passes(base=BASE, personal=PERSONAL, served=SERVED):
    method = fairness.METHODS[0]
    names = [f"{fairness.BAR} + {method}, {kind}" for kind in ("personal", "served")]
    return fairness._passes(
        dict(zip([fairness.BAR, *names], [base, personal, served], strict=True))
    )


def test_the_bar_is_reached():
    near = [one._replace(worst_tenth=0.765) for one in PERSONAL]
    assert not passes(personal=near)  # by .01, but intervals overlap
    alike = [one._replace(worst_tenth=0.755) for one in BASE]
    assert passes(base=alike, personal=near)


@pytest.mark.parametrize(
    ("row", "changed"),
    [
        ("personal", {"worst_tenth": 0.76}),
        ("personal", {"mean": 0.84}),
        ("personal", {"worse": 6}),
        ("served", {"surely_worse": 1}),
    ],
)
def test_each_part_of_the_bar_counts(row, changed):
    alike = [one._replace(worst_tenth=0.755) for one in BASE]
    rows = {"personal": PERSONAL, "served": SERVED}
    assert passes(base=alike, **rows)
    rows[row] = [one._replace(**changed) for one in rows[row]]
    assert not passes(base=alike, **rows)


def test_what_was_not_measured_has_no_bar():
    assert fairness._passes({"afl 0.1": BASE})


def test_means_have_intervals_over_seeds_and_the_model_alone_no_seconds():
    half = scipy.stats.t.ppf(0.975, 1) * 0.005
    told = fairness.row_of([one._replace(seconds=None) for one in BASE])
    assert told["mean"] == f"0.855 ± {half:.2g}"
    assert told["seconds"] == ""
    assert fairness.row_of(BASE[:1])["worst_tenth"] == "0.75"
