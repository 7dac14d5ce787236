"""Row-by-row TFMA and TFMA on sketches tell the same."""

from __future__ import annotations

import math

import pytest

from components.fairness_evaluator import bench, tfma_rows

pytestmark = pytest.mark.beam


def test_sketches_give_what_tfma_gives_row_by_row(tmp_path):
    frame = bench.make_rows(1_500, seed=4)
    by_rows = tfma_rows.evaluate(
        frame, bench.COLUMN, bench.THRESHOLDS, 100, str(tmp_path / "rows")
    )
    by_sketch = bench._by_sketch(frame, str(tmp_path / "sketch"))
    assert len(by_rows) == len(by_sketch) == 1 + 16 + 6 + 16 * 6
    for key, figures in by_rows.items():
        for name, value in figures.items():
            found = by_sketch[key][name]
            if name == "auc" and math.isnan(found):
                assert value == 0.0  # TFMA's own AUC where a label is absent
            elif name == "auc":
                pairs = figures["example_count"] ** 2 / 8
                assert found == pytest.approx(value, abs=max(5e-4, 2 / pairs))
            else:
                assert found == pytest.approx(value, rel=1e-6, nan_ok=True)
