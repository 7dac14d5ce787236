"""Every figure of a real survey, made as the node makes it, recomputed from its rows.

Two logistic regressions score the rows; from there the node's own way: sketches in
each silo, totals, TFMA, the table. The recomputation reads the rows with pandas,
scikit-learn and fairlearn.
"""

from __future__ import annotations

import fairlearn.metrics as fairlearn
import numpy as np
import pandas as pd
import pytest
from sklearn import linear_model, metrics

from components import digests
from components.fairness_evaluator import evaluation
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches.rows import ScoredModel
from components.payloads.cohort import Cohort, Member
from components.payloads.manifest import Manifest, SiloEntry, Split
from components.payloads.minimum_data import MinimumData
from components.payloads.silo import Silo
from components.payloads.table import CROSS, SILO
from pipelines.census import source

pytestmark = [pytest.mark.slow, pytest.mark.beam]

SETTINGS = EvaluationSettings(
    slices=("sex", "race"),
    intersections=(("sex", "race"),),
    thresholds=(0.1, 0.25, 0.5),
    silo_thresholds=True,
)
MODELS = ("candidate", "baseline")
MINIMUM = MinimumData(rows=200, rows_of_each_label=20)
SEED, SILOS, ROWS = 5, 14, 1_500  # of the largest silos each


def survey():
    """Return rows of some industries with the scores of two models."""
    people = source._people(source._survey())
    sizes = people.groupby("silo").size().sort_values(ascending=False)
    chosen = [*sizes.index[: SILOS - 2], *sizes.index[-2:]]  # and the smallest
    rows = pd.concat(
        part.sample(min(len(part), ROWS - 90 * place), random_state=SEED)
        for place, part in enumerate(people[people.silo == name] for name in chosen)
    )
    learnt = people.sample(20_000, random_state=SEED)
    for name, columns in {
        "candidate": ["age", "weeks", "education", "occupation_code", "employer_size"],
        "baseline": ["age", "weeks", "employer_size"],
    }.items():
        inputs = pd.get_dummies(people[columns], dtype=float)
        inputs = (inputs - inputs.mean()) / (inputs.std() + 1e-9)
        model = linear_model.LogisticRegression(max_iter=60)
        model.fit(inputs.loc[learnt.index], learnt.high_income)
        scores = model.predict_proba(inputs.loc[rows.index])[:, 1]
        rows[name] = scores.astype(np.float32)
    return rows


@pytest.fixture(scope="module")
def rows():
    return survey()


@pytest.fixture(scope="module")
def found(rows, tmp_path_factory):
    root = tmp_path_factory.mktemp("census")
    entries = []
    for silo, part in rows.groupby("silo"):
        path = root / silo / "eval.parquet"
        path.parent.mkdir()
        kept = ["sex", "race", "high_income", "candidate", "baseline"]
        part[kept].to_parquet(path, index=False)
        split = Split.of(str(path), digests.of_file(path), len(part))
        entries.append(SiloEntry(Silo(silo, str(path.parent)), (), {"eval": split}))
    examples = Manifest("census", "", tuple(entries))
    measured = evaluation.measure(
        examples,
        Cohort(tuple(Member(entry.silo.id, True) for entry in entries), 1),
        [ScoredModel(name, "", "", column=name) for name in MODELS],
        "high_income",
        SETTINGS,
        MINIMUM,
        root / "evaluation",
    )
    assert not measured.left_out
    return measured.figures


def counted(rows):
    """Return the rows that count over all silos: not those of the one small silo."""
    sizes = rows.groupby("silo").silo.transform("size")
    assert rows[sizes < 30].silo.nunique() == 1
    return rows[sizes >= 30]


def of(rows, figure):
    """Return the rows that a figure is of."""
    rows = rows[rows.silo == figure.silo] if figure.silo else counted(rows)
    if figure.slice and figure.group:
        columns = figure.slice.split(CROSS)
        for column, value in zip(columns, figure.group.split(CROSS), strict=True):
            rows = rows[rows[column] == value]
    return rows


def calibration_error(labels, scores):
    place = np.digitize(scores, np.arange(1, 10) / 10, right=True)
    parts = pd.DataFrame({"apart": scores - labels, "place": place})
    return parts.groupby("place").apart.sum().abs().sum() / len(labels)


def entropy(labels, above, alpha):
    share = (above - labels + 1) / np.mean(above - labels + 1)
    if alpha == 1:
        return np.mean([one * np.log(one) if one else 0.0 for one in share])
    return np.mean(share**alpha - 1) / (alpha * (alpha - 1))


WITHOUT_THRESHOLD = {
    "base_rate": lambda y, _: y.mean(),
    "auc": metrics.roc_auc_score,
    "pr_auc": metrics.average_precision_score,
    "log_loss": metrics.log_loss,
    "brier": metrics.brier_score_loss,
    "calibration": lambda y, s: s.mean() / y.mean(),
    "calibration_error": calibration_error,
}
AT_THRESHOLD = {
    "tpr": lambda y, above: above[y == 1].mean(),
    "fpr": lambda y, above: above[y == 0].mean(),
    "fnr": lambda y, above: (~above)[y == 1].mean(),
    "positive_rate": lambda _, above: above.mean(),
    "precision": lambda y, above: y[above].mean(),
    "theil": lambda y, above: entropy(y, above.astype(float), 1),
    "generalized_entropy": lambda y, above: entropy(y, above.astype(float), 2),
}
BINNED = ("auc", "pr_auc")  # of totals; of silos' own slices they are exact


def recomputed(rows, model, metric, threshold):
    labels = rows.high_income.to_numpy()
    scores = rows[model].to_numpy(float)
    if threshold is None:
        return WITHOUT_THRESHOLD[metric](labels, scores)
    return AT_THRESHOLD[metric](labels, scores > threshold)


def in_slices(found, *models):
    """Return the figures of slices with a value."""
    return [
        figure
        for figure in found
        if figure.model in models
        and figure.value is not None
        and (figure.slice == "" or figure.group)
        and figure.metric in (WITHOUT_THRESHOLD | AT_THRESHOLD)
    ]


@pytest.fixture(scope="module")
def apart(rows, found):
    """Compare the figures of slices: model, metric, rarer label's rows, difference."""
    compared = []
    for figure in in_slices(found, *MODELS):
        part = of(rows, figure)
        if not figure.silo and len(part) != figure.rows:
            continue  # some silo keeps a few of the group to itself
        assert (figure.rows, figure.positives) == (len(part), part.high_income.sum())
        assert figure.low - 1e-9 <= figure.value <= figure.high + 1e-9
        expected = recomputed(part, figure.model, figure.metric, figure.threshold)
        compared.append(
            {
                "model": figure.model,
                "metric": figure.metric,
                "total": not figure.silo,
                "fewest": min(figure.positives, figure.rows - figure.positives),
                "difference": abs(figure.value - expected),
                "width": figure.high - figure.low,
            }
        )
    assert len(compared) > 3_000
    return pd.DataFrame(compared)


def test_every_figure_of_a_silo_s_own_slices_equals_that_of_its_rows(apart):
    own = apart[~apart.total]
    assert set(own.metric) == {*WITHOUT_THRESHOLD, *AT_THRESHOLD}
    assert own.difference.max() < 1e-9


def test_every_figure_of_a_total_but_three_equals_that_of_its_rows(apart):
    exact = apart[apart.total & ~apart.metric.isin([*BINNED, "calibration_error"])]
    assert exact.difference.max() < 1e-9
    error = apart[apart.total & (apart.metric == "calibration_error")]
    assert error.difference.max() < 1e-3


def test_score_bins_move_a_total_s_auc_by_less_than_half_a_thousandth(apart):
    auc = apart[apart.total & (apart.metric == "auc")]
    assert auc[auc.fewest >= 300].difference.max() < 5e-4
    # Of a few hundred rows in silos of a few dozen, far less than chance does.
    assert (auc.difference / auc.width).max() < 0.05
    precision = apart[apart.total & (apart.metric == "pr_auc")]
    assert (precision.difference / precision.width).max() < 0.1


@pytest.mark.parametrize("slice_", ["sex", "race", "sex x race"])
def test_group_fairness_equals_fairlearn_s(rows, found, slice_):
    places = {
        f.silo for f in found if (f.slice, f.metric) == (slice_, "fpr_difference")
    }
    assert len(places) > 5
    for silo in places:
        groups = {
            f.group: f.rows
            for f in found
            if (f.model, f.silo, f.slice, f.metric)
            == ("candidate", silo, slice_, "auc")
        }
        part = rows[rows.silo == silo] if silo else rows
        names = part[slice_.split(CROSS)].agg(CROSS.join, axis=1)
        whole = names.value_counts()
        if any(whole[name] != count for name, count in groups.items()):
            assert not silo
            continue
        part, names = part[names.isin(groups)], names[names.isin(groups)]
        for threshold in SETTINGS.thresholds:
            above = part.candidate.to_numpy(float) > threshold
            for metric, function in {
                "difference": fairlearn.demographic_parity_difference,
                "ratio": fairlearn.demographic_parity_ratio,
            }.items():
                figure = found.metric(
                    f"demographic_parity_{metric}",
                    silo=silo,
                    slice=slice_,
                    threshold=threshold,
                )
                expected = function(part.high_income, above, sensitive_features=names)
                if figure.value is not None:
                    assert figure.value == pytest.approx(expected, abs=1e-9)
            if part.groupby(names).high_income.nunique().min() == 2:
                expected = fairlearn.equalized_odds_difference(
                    part.high_income, above, sensitive_features=names
                )
                figure = found.metric(
                    "equalized_odds_difference",
                    silo=silo,
                    slice=slice_,
                    threshold=threshold,
                )
                assert figure.value == pytest.approx(expected, abs=1e-9)


def test_figures_over_silos_are_those_of_the_judged(rows, found):
    judged = rows.groupby("silo").high_income.agg(["size", "sum"])
    fewest = np.minimum(judged["sum"], judged["size"] - judged["sum"])
    judged = judged[(judged["size"] >= MINIMUM.rows) & (fewest >= 20)]
    assert 5 < len(judged) < SILOS
    aucs = pd.Series(
        {
            silo: metrics.roc_auc_score(part.high_income, part.candidate)
            for silo, part in rows.groupby("silo")
            if silo in judged.index
        }
    ).sort_values()
    for metric, expected in {
        "worst_auc": aucs.iloc[0],
        "worst_tenth_auc": aucs.iloc[: int(np.ceil(len(aucs) / 10))].mean(),
        "mean_auc": aucs.mean(),
        "gap_auc": aucs.iloc[-1] - aucs.iloc[0],
        "variance_auc": aucs.var(ddof=0),
    }.items():
        figure = found.metric(metric, slice=SILO)
        assert figure.value == pytest.approx(expected, abs=5e-4), metric
        assert figure.rows == judged["size"].sum()
    assert found.metric("worst_auc", slice=SILO).about == aucs.index[0]


def test_changes_are_the_differences_of_the_same_rows(rows, found):
    changes = [f for f in found if f.model == "change" and f.value is not None]
    assert len(changes) > 500
    for figure in changes:
        part = of(rows, figure)
        if len(part) != figure.rows:
            continue
        now, before = (
            recomputed(part, model, figure.metric, figure.threshold) for model in MODELS
        )
        most = 1e-9
        if figure.metric == "auc" and not figure.silo:  # see the test of bins
            place = {"silo": figure.silo, "slice": figure.slice, "group": figure.group}
            areas = [found.metric("auc", model=m, **place) for m in MODELS]
            most = 0.02 * sum(area.high - area.low for area in areas)
        assert abs(figure.value - (now - before)) <= most
        assert figure.low <= figure.value <= figure.high


def test_own_thresholds_reach_the_overall_rate(rows, found):
    reached = recomputed(rows, "candidate", "tpr", 0.25)
    thresholds = found.by_silo("own_threshold")
    assert len(thresholds) >= SILOS - 2
    for figure in thresholds:
        part = rows[rows.silo == figure.silo]
        for metric in ("tpr", "fpr", "positive_rate"):
            told = found.metric(f"own_threshold_{metric}", silo=figure.silo)
            if told.value is not None:
                expected = recomputed(part, "candidate", metric, figure.value)
                assert told.value == pytest.approx(expected), metric
        assert found.metric("own_threshold_tpr", silo=figure.silo).value >= reached


def test_the_calibration_curve_is_that_of_the_rows(rows, found):
    rows = counted(rows)
    scores = rows.candidate.to_numpy(float)
    curve = [
        f
        for f in found
        if (f.model, f.metric, f.silo, f.slice)
        == ("candidate", "calibration_observed", "", "")
    ]
    assert len(curve) > 5
    below = 0.0
    for figure in curve:
        inside = (scores > below + 1e-12) & (scores <= figure.threshold)
        below = figure.threshold
        assert figure.rows == inside.sum()
        assert figure.value == pytest.approx(rows.high_income[inside].mean())
