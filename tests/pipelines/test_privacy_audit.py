"""Attacks on a silo that protects its rows, and on one that does not."""

import numpy as np
import pytest

from components.errors import FairSiloError, SettingsError
from components.privacy.attack import attacked, lower_bound
from pipelines import privacy_audit, use_case
from pipelines.privacy_audit import GUESSED, MadeUpSilo
from tests.support.program import project

SMALL = ["privacy.mode=example", "training.rounds=4", "privacy.canaries=300"]
EPSILON = 1.0
MODEL = """
import tensorflow as tf

def build_model(spec):
    assert spec.categorical[0].name == "origin", "by name, as the schema has it"
    assert not {"late", "flight_id", "day"} & {*spec.columns}, "label, key, ignored"
    assert "hour" in [one.name for one in spec.categorical], "categories of the schema"
    floats = tf.keras.Input((spec.num_floats,), name="floats")
    ids = tf.keras.Input((spec.num_ids,), dtype=tf.int32, name="ids")
    origin = tf.keras.layers.Embedding(spec.categorical[0].num_ids, 4)(ids[:, 0])
    hidden = tf.keras.layers.Concatenate()([floats, origin])
    hidden = tf.keras.layers.Dense(16)(hidden)
    hidden = tf.nn.relu(tf.keras.layers.LayerNormalization()(hidden))
    return tf.keras.Model([floats, ids], tf.keras.layers.Dense(1)(hidden))
"""


@pytest.fixture(scope="module")
def silo():
    settings = [*SMALL, f"privacy.run_epsilon={EPSILON}"]
    return MadeUpSilo(use_case.find("flights", settings), 700, seed=1)


@pytest.fixture
def own_model(tmp_path, monkeypatch):
    """A use case with a model of its own."""
    folder = project(tmp_path)
    monkeypatch.chdir(folder)
    return folder / "pipelines" / "flights" / "model.py"


def test_with_noise_attacks_stay_below_the_claim_and_without_they_are_far_above(silo):
    found = privacy_audit.audit(silo)
    assert 0.98 * EPSILON < found["claimed"] <= EPSILON
    assert found["passed"]
    assert [one["guessed"] for one in found["attacks"]] == [*GUESSED]
    gradients, rows, ordinary = found["attacks"]
    for one in (gradients, rows):
        assert one["epsilon"] < EPSILON
        assert 0.4 < one["auc"] < 0.75
        assert one["epsilon_without_noise"] > 3 * EPSILON
        assert one["auc_without_noise"] > 0.95
    # All guesses right, or all but one.
    assert gradients["epsilon_without_noise"] >= lower_bound(99, 100, 1e-5, 300)
    # The released model says little of rows that look like others.
    for key in ("auc", "auc_without_noise"):
        assert 0.4 < ordinary[key] < 0.65
    assert ordinary["epsilon"] < EPSILON


def test_a_tenth_of_the_claimed_noise_is_caught_by_both_kinds_of_canaries(silo):
    scores = silo.train(silo.mechanism.noise / 10)
    for seen, coins in list(zip(scores, silo.coins, strict=True))[:2]:
        assert attacked(seen, coins, silo.settings.delta) > 1.5 * EPSILON


def test_what_is_guessed_is_drawn_by_coins_of_its_own(silo):
    gradients, rows, ordinary = silo.coins
    assert [len(one) for one in silo.coins] == [300, 300, 1400]
    assert np.mean(gradients != rows) == pytest.approx(0.5, abs=0.1)
    for coins in (gradients, rows, ordinary):
        assert np.mean(coins) == pytest.approx(0.5, abs=0.1)


def test_a_model_of_the_use_case_finds_its_columns_and_is_attacked(own_model):
    own_model.write_text(MODEL)
    settings = [*SMALL, "training.algorithm=fed_prox", "training.rounds=2"]
    settings += ["privacy.run_epsilon=1", "privacy.canaries=120"]
    silo = MadeUpSilo(use_case.find("flights", settings), 400, seed=2)
    for seen, coins in list(zip(silo.train(0.0), silo.coins, strict=True))[:2]:
        assert attacked(seen, coins, 1e-5) > EPSILON


def test_a_model_whose_rows_cannot_be_cut_is_refused(own_model):
    own_model.write_text(MODEL.replace("Dense(16)", "PReLU()"))
    with pytest.raises(SettingsError, match="PReLU"):
        MadeUpSilo(use_case.find("flights", SMALL), 400)


def test_a_promise_that_cannot_be_kept_is_refused():
    settings = [*SMALL, "privacy.delta=0.01"]
    with pytest.raises(FairSiloError, match=r"found `privacy.delta` 0.01 and 550 rows"):
        MadeUpSilo(use_case.find("flights", settings), 400)
