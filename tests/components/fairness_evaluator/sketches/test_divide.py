"""A silo's rows against pandas, and what of them leaves it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics

from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches import sketch
from components.fairness_evaluator.sketches.cells import Sketch
from tests.components.fairness_evaluator.made_cells import THRESHOLDS, rows
from tests.components.scoring.test_roc import row_by_row

SETTINGS = EvaluationSettings(
    slices=("sex", "race"), intersections=(("sex", "race"),), thresholds=THRESHOLDS
)
FAMILIES = [(), *SETTINGS.families]


def frame(count=700):
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        {
            "label": rng.integers(0, 2, count),
            "candidate": rng.random(count),
            "baseline": rng.random(count),
            "sex": rng.choice(["Male", "Female"], count, p=[0.6, 0.4]),
            "race": rng.choice(["White", "Black", "Other"], count, p=[0.68, 0.3, 0.02]),
        }
    )


def divide(found, models=("candidate", "baseline"), **changes):
    made = rows(
        found.label, *(found[name] for name in models), sex=found.sex, race=found.race
    )
    return sketch.divide(made, SETTINGS.model_copy(update=changes))


def of_slice(found, columns, values):
    for column, value in zip(columns, values, strict=True):
        found = found[found[column] == value]
    return found


def rows_of(cells, columns):
    return {cell.values: cell.rows for cell in cells if cell.columns == columns}


@pytest.mark.parametrize("model", ["candidate", "baseline"])
def test_each_slice_is_what_pandas_and_scikit_learn_find(model):
    everyone = frame()
    own, _ = divide(everyone, min_slice_rows=1)
    assert len(own.cells[model]) == 1 + 2 + 3 + 6
    for cell in own.cells[model]:
        found = of_slice(everyone, cell.columns, cell.values)
        scores, labels = found[model], found.label
        assert (cell.rows, cell.positives) == (len(found), labels.sum())
        assert cell.scores == pytest.approx(scores.sum())
        errors = (scores - labels) ** 2
        assert cell.brier == pytest.approx(errors.sum())
        assert cell.brier_squares == pytest.approx((errors**2).sum())
        loss = sklearn.metrics.log_loss(labels, scores, normalize=False, labels=[0, 1])
        assert cell.log_loss == pytest.approx(loss)
        assert cell.above.tolist() == [
            [((scores > at) & (labels == label)).sum() for at in SETTINGS.thresholds]
            for label in (0, 1)
        ]
        if labels.nunique() == 2:
            area = sklearn.metrics.roc_auc_score(labels, scores)
            assert cell.exact.auc == pytest.approx(area)


def test_pairs_are_of_both_models_rows():
    everyone = frame()
    own, _ = divide(everyone, min_slice_rows=1)
    assert len(own) == 3 * len(own.cells["candidate"])
    for pair in own.cells["baseline"]:
        found = of_slice(everyone, pair.columns, pair.values)
        columns = ["candidate", "baseline", "label"]
        lower = found[columns[:2]].min(axis=1)
        assert pair.both_above.tolist() == [
            [
                ((lower > at) & (found.label == label)).sum()
                for at in SETTINGS.thresholds
            ]
            for label in (0, 1)
        ]
        errors = ((found.candidate - found.label) * (found.baseline - found.label)) ** 2
        assert pair.brier_products == pytest.approx(errors.sum())
        if pair.correlated:
            exact = row_by_row(*(found[name].to_numpy() for name in columns))
            assert pair.auc_correlation == pytest.approx(exact)


def test_an_own_slice_tells_finished_figures_and_no_bins_or_rare_mean_scores():
    own, part = divide(frame())
    for cell in own.cells["candidate"]:
        assert (cell.bins.size, cell.curve.size) == (0, 0)
        if not cell.too_few:
            curve = cell.exact.curve
            assert bool(curve.size) == (not cell.columns)
            assert (curve[1] >= SETTINGS.min_slice_rows).all()
            assert cell.exact.cuts.size == 0  # not asked for
    for cell in part.cells["candidate"]:
        assert cell.exact is None
        if cell.rows >= 30:
            assert (cell.bins[2:4].sum(axis=0) >= SETTINGS.rows_per_bin).all()
    total = next(iter(own.cells["candidate"]))
    assert total.exact is not None


def test_small_values_are_hidden_with_those_they_would_follow_from():
    own, part = divide(frame())
    assert set(rows_of(own.cells["candidate"], ("race",))) == {("White",), ("too few",)}
    parts = part.cells["candidate"]
    hidden = {cell.values for cell in parts if cell.is_hidden}
    assert {values for values in hidden if len(values) == 1} == {("Other",), ("Black",)}
    for columns in FAMILIES[1:]:
        for model in ("candidate", "baseline"):
            assert sum(rows_of(own.cells[model], columns).values()) == 700
            assert sum(rows_of(part.cells[model], columns).values()) == 700
    assert b"Black" not in own.to_bytes()


def test_of_a_small_silo_only_row_counts_are_told_by_name():
    own, part = divide(frame(20))
    for cell in own.cells["candidate"]:
        assert (cell.rows, cell.too_few, cell.exact) == (20, True, None)
    assert all(cell.is_hidden for cell in part.cells["candidate"] if not cell.columns)


def test_of_one_model_nothing_is_paired_and_the_cells_are_the_same():
    one, both = divide(frame(), ("candidate",))[0], divide(frame())[0]
    assert len(one) == len(one.cells["candidate"])
    assert rows_of(one.cells["candidate"], ()) == rows_of(both.cells["candidate"], ())


def test_a_split_without_a_labelled_row_has_a_total_of_none():
    own, part = divide(frame(0))
    (total,) = own.cells["candidate"]
    assert (total.columns, total.rows, total.too_few) == ((), 0, True)
    assert len(part) == 0


def test_a_sketch_survives_its_bytes_and_the_same_rows_give_the_same():
    for one, other in zip(divide(frame()), divide(frame()), strict=True):
        content = one.to_bytes()
        assert other.to_bytes() == content
        again = Sketch.of_bytes(content)
        assert again.to_bytes() == content
        assert len(again) == len(one) > 0
        cell = again.cells["candidate"][0]
        assert cell.above.dtype == cell.bins.dtype == np.int64
