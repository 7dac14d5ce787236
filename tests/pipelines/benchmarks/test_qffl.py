"""The bench's data and training, by known answers and a second implementation."""

import numpy as np
import pytest

from pipelines.benchmarks import qffl
from tests.support.program import fairsilo


def test_hybrid_devices_are_as_the_authors_draw_them():
    devices = qffl.hybrid(np.random.default_rng(3))
    sizes = np.array([len(device.classes) for device in devices])
    assert len(devices) == 100
    assert sizes.min() >= 50
    # n - 50 is lognormal(4, 1), whose logarithm has the mean 4.
    assert np.log(sizes - 49.5).mean() == pytest.approx(4, abs=0.4)
    shared, own = devices[:50], devices[50:]
    rows = np.concatenate([device.features for device in shared])
    assert (rows[:, -1] == 1).all()
    np.testing.assert_allclose(rows[:, :-1].mean(0), 0, atol=0.1)
    variances = np.arange(1, 61) ** -1.2
    np.testing.assert_allclose(rows[:, :-1].var(0), variances, rtol=0.15)
    assert all(np.abs(one.features[:, :-1].mean()) < 0.1 for one in shared)
    assert np.std([one.features[:, :-1].mean() for one in own]) > 0.5


def test_one_round_of_training_equals_the_paper():
    devices = [
        qffl.Rows(
            np.column_stack(
                [np.random.default_rng(index).normal(size=(size, 60)), one]
            ),
            np.random.default_rng(index).integers(0, 10, size),
        )
        for index, size in enumerate(range(13, 23))
        for one in [np.ones(size)]
    ]
    (found,) = qffl.train(devices, 1, np.random.default_rng(0))
    rng = np.random.default_rng(0)
    limit = np.sqrt(6 / 70)
    start = rng.uniform(-limit, limit, (61, 10))
    start[-1] = 0
    sizes = np.arange(13, 23)
    drawn = rng.choice(10, 10, replace=False, p=sizes / sizes.sum())
    deltas, losses = [], []
    for index in drawn:
        rows = devices[index]
        weights = start
        order = rng.permutation(len(rows.classes))
        for batch in (order[:10], order[10:20], order[20:]):
            if len(batch):
                x, y = rows.features[batch], rows.classes[batch]
                p = np.exp(x @ weights)
                p /= p.sum(1, keepdims=True)
                p[np.arange(len(y)), y] -= 1
                weights = weights - 0.1 * x.T @ p / len(y)
        p = np.exp(rows.features @ start)
        p /= p.sum(1, keepdims=True)
        losses.append(-np.log(p[np.arange(len(p)), rows.classes]).mean() + 1e-10)
        deltas.append((start - weights) / 0.1)
    for q, weights in zip(qffl.POWERS, found, strict=True):
        step = sum(F**q * d for F, d in zip(losses, deltas, strict=True))
        h = sum(
            q * F ** (q - 1) * (d**2).sum() + F**q / 0.1
            for F, d in zip(losses, deltas, strict=True)
        )
        np.testing.assert_allclose(weights, start - step / h, atol=1e-10)


def test_result_says_whether_the_bars_are_passed():
    result = qffl.bench_qffl(rounds=10, seeds=2)
    assert [(row["seed"], row["q"]) for row in result["rows"]] == [
        (0, 0.0),
        (0, 1.0),
        (1, 0.0),
        (1, 1.0),
    ]
    rng = np.random.default_rng(0)
    devices = [qffl._split(device, rng) for device in qffl.hybrid(rng)]
    second_half = [*qffl.train([train for train, _ in devices], 10, rng)][5:]
    variances = [
        np.var([100 * qffl._accuracy(weights[0], test) for _, test in devices])
        for weights in second_half
    ]
    assert result["rows"][0]["variance"] == pytest.approx(np.mean(variances))
    plain, fair = result["means"]
    assert plain["variance"] == pytest.approx(
        np.mean([row["variance"] for row in result["rows"] if row["q"] == 0])
    )
    fall = 1 - fair["variance"] / plain["variance"]
    rise = fair["worst_tenth"] - plain["worst_tenth"]
    assert result["variance_falls_by"] == pytest.approx(fall)
    assert result["passed"] == (fall >= 0.25 and rise >= 0)


def test_command_prints_tables_and_its_status_follows_the_bars(tmp_path):
    # After one round the variance has not fallen by a quarter.
    done = fairsilo("bench", "qffl", "--rounds=1", "--seeds=1", folder=tmp_path)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    header = lines[lines.index("published") + 1]
    assert header.split() == ["q", "variance", "worst_tenth"]
    assert lines[-1].split() == ["passed", "False"]
