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
                # TFMA's own has 10,000 thresholds; ours of totals has score bins, of
                # a group with some 15 rows in each of 16 silos: of six groups, one
                # is off by 0.012 and five by less than 0.004. A third of the AUC's
                # own standard error there, so it is watched, not relied on.
                pairs = figures["example_count"] ** 2 / 8
                near = 5e-4 if key == "|" else 1.5e-2
                assert found == pytest.approx(value, abs=max(near, 2 / pairs))
            else:
                assert found == pytest.approx(value, rel=1e-6, nan_ok=True)
