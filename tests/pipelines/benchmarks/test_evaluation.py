from __future__ import annotations

import dataclasses
import math

import pytest

from components.errors import FairSiloError
from pipelines.benchmarks import evaluation as bench
from pipelines.benchmarks.evaluation import Case

CASE = Case(5_000, 16, {"group": 6}, seed=1)


@pytest.mark.slow
@pytest.mark.beam
def test_the_bench_runs_whole_and_its_two_sides_agree():
    found = bench.bench_evaluation(rows=1_000, many_rows=100_000, many_silos=20)
    # Whether ratios are good is for the bench to say, on a machine of its own.
    assert all(math.isfinite(value) for value in found.values())
    assert {name for name in found if name.startswith("cpu_")}
    assert all(value > 0 for name, value in found.items() if name.startswith("cpu_"))
    assert found["max_auc_difference"] < 0.03  # slices of a few rows
    assert found["max_rate_difference"] < 1e-6


def test_rows_are_those_of_the_seed_in_silos_of_unequal_size():
    rows = bench.make_rows(CASE)
    assert rows.equals(bench.make_rows(CASE))
    assert not rows.equals(bench.make_rows(dataclasses.replace(CASE, seed=2)))
    assert len(rows) == CASE.rows
    sizes = rows.groupby("silo_id").size()
    assert len(sizes) == CASE.silos
    assert sizes.max() > 2 * sizes.min()
    assert set(rows.group) == {f"group {number}" for number in range(6)}


def test_sides_with_other_slices_are_not_compared():
    with pytest.raises(FairSiloError, match="1 slices by row and 2 by sketch"):
        bench._differences({"|": {}}, {"|": {}, "a|": {}})


def test_the_largest_difference_is_taken_and_two_undefined_are_equal():
    nan = float("nan")
    rows = {"|": {"auc": 0.7, "tpr": 0.5}, "a|": {"auc": nan, "tpr": 0.25}}
    sketch = {"|": {"auc": 0.75, "tpr": 0.5}, "a|": {"auc": nan, "tpr": 0.5}}
    assert bench._differences(rows, sketch) == {
        "max_auc_difference": pytest.approx(0.05),
        "max_rate_difference": 0.25,
    }
