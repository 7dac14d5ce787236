from __future__ import annotations

import numpy as np
import pytest

from components.federation.local_training import Rows
from pipelines.benchmarks import attacks
from pipelines.benchmarks.attacks import NUM_SILOS

SIZES = np.arange(1.0, NUM_SILOS + 1)
BAD = np.array([2, 5])


def updates():
    return np.random.default_rng(0).normal(size=(NUM_SILOS, 4))


@pytest.mark.slow
@pytest.mark.tff
def test_the_bench_runs_whole_and_tells_the_mean_from_the_median(monkeypatch):
    monkeypatch.setattr(attacks, "ROUNDS", 2)
    monkeypatch.setattr(attacks, "BAD_COUNTS", {"none": (0,), "scaling": (5,)})
    found = attacks.bench_attacks(1)
    clean, scaled = found["losses"]
    assert {"attack", "bad", *attacks.AGGREGATIONS} == set(clean) == set(scaled)
    assert clean["mean"] == 0
    assert scaled["mean"] > scaled["median"] + 3
    assert found["passed"] == (not found["missed"])


def test_a_loss_beyond_the_bar_is_told_of_robust_aggregations_alone(monkeypatch):
    aucs = {"mean": [0.9, 0.5], "median": [0.9, 0.88], "multi_krum": [0.895, 0.895]}
    monkeypatch.setattr(
        attacks, "BAD_COUNTS", {"none": (0,), "noise": (1,), "little_more": (5,)}
    )
    chosen = {name: attacks.AGGREGATIONS[name] for name in aucs}
    monkeypatch.setattr(attacks, "AGGREGATIONS", chosen)
    case = attacks.make_case(0)
    found = {
        (name, attack, bad): [(auc[bad > 0], 0.25)]
        for name, auc in aucs.items()
        for attack, bad in [("none", 0), ("noise", 1), ("little_more", 5)]
    }
    result = attacks.judged(found, [case])
    assert result["missed"] == "median under noise of 1"
    assert not result["passed"]
    assert result["losses"] == [
        {"attack": "none", "bad": 0, "mean": 0.0, "median": 0.0, "multi_krum": 0.5},
        {"attack": "noise", "bad": 1, "mean": 40.0, "median": 2.0, "multi_krum": 0.5},
        {"attack": "little_more", "bad": 5}
        | {"mean": 40.0, "median": 2.0, "multi_krum": 0.5},
    ]
    found["median", "backdoor", 1] = [(0.9, 0.25)]
    assert attacks.judged(found, [case])["triggered"] == [{"median": 0.25}]


def test_silos_are_those_of_the_seed_and_of_unequal_size():
    one, again, other = map(attacks.make_case, (0, 0, 1))
    np.testing.assert_array_equal(one.silos[3].floats, again.silos[3].floats)
    assert not np.array_equal(one.sizes, other.sizes)
    assert sorted(one.order) == list(range(NUM_SILOS))
    assert one.sizes.max() == 10 * one.sizes.min()
    assert [len(rows.labels) for rows in one.silos] == one.sizes.tolist()


@pytest.mark.parametrize(
    ("attack", "change"),
    [
        ("sign_flip", lambda u: -u),
        ("scaling", lambda u: 100 * u),
        ("label_flip", lambda u: u),
        ("backdoor", lambda u: u * SIZES.sum() / SIZES[BAD].sum()),
    ],
)
def test_bad_silos_alone_send_something_else(attack, change):
    own = updates()
    sent = attacks.attacked(attack, own, SIZES, BAD, 1)
    expected = own.copy()
    expected[BAD] = change(own[BAD])
    np.testing.assert_allclose(sent, expected)


def test_noise_has_ten_times_the_norm_of_the_update():
    own = updates()
    sent = attacks.attacked("noise", own, SIZES, BAD, 1)
    norms = np.linalg.norm(sent, axis=1) / np.linalg.norm(own, axis=1)
    np.testing.assert_allclose(norms[BAD], 10)


def test_a_little_is_what_still_hides_among_the_honest():
    assert attacks.hidden(1) == 0  # honest silos are the majority without any other
    assert attacks.hidden(5) == pytest.approx(0.3488, abs=1e-4)  # of 7/11, from a table
    own = updates()
    honest = np.delete(own, BAD, axis=0)
    for attack, z in (("little", attacks.hidden(2)), ("little_more", 1.5)):
        sent = attacks.attacked(attack, own, SIZES, BAD, 1)
        expected = honest.mean(axis=0) - z * honest.std(axis=0)
        np.testing.assert_allclose(sent[BAD], [expected] * 2)


def test_bad_silos_train_on_other_labels_or_on_the_trigger():
    rows = Rows(np.zeros((4, 8)), np.zeros((4, 0)), np.array([0, 1, 0, 1]))
    assert attacks.poisoned("label_flip", rows).labels.tolist() == [1, 0, 1, 0]
    found = attacks.poisoned("backdoor", rows)
    assert found.labels.tolist() == [1, 1, 1, 1]
    assert found.floats[:, -1].tolist() == [3, 0, 3, 0]
    assert not rows.floats.any()
    assert attacks.poisoned("noise", rows) is rows
