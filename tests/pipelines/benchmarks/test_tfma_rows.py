"""Row-by-row TFMA and TFMA on sketches tell the same."""

from __future__ import annotations

import math

import pytest

from components.fairness_evaluator.figures.slices import FAIRNESS
from pipelines.benchmarks import evaluation as bench
from pipelines.benchmarks import tfma_rows
from pipelines.benchmarks.evaluation import Case

pytestmark = pytest.mark.beam


def test_sketches_give_what_tfma_gives_row_by_row(tmp_path):
    case = Case(1_500, 16, {"group": 6}, seed=4)
    (tmp_path / "sketch").mkdir()
    by_rows = tfma_rows.evaluate(
        bench.make_rows(case), "group", bench.THRESHOLDS, 100, str(tmp_path / "rows")
    )
    _, by_sketch = bench._by_sketch(case, tmp_path / "sketch")
    assert len(by_rows) == len(by_sketch) == 1 + 16 + 6 + 16 * 6
    for key, figures in by_rows.items():
        only = figures.keys() - by_sketch[key].keys()
        assert {name.split("@")[0] for name in only} == {f"{FAIRNESS}recall"}
        for name in figures.keys() - only:
            value = figures[name]
            found = by_sketch[key][name]
            if name == "auc" and math.isnan(found):
                assert value == 0.0  # TFMA's own AUC where a label is absent
            elif name == "auc":
                # TFMA's own has 10,000 thresholds; ours of totals has score bins.
                pairs = figures["example_count"] ** 2 / 8
                assert found == pytest.approx(value, abs=max(5e-4, 2 / pairs))
            else:
                assert found == pytest.approx(value, rel=1e-6, nan_ok=True)
