"""The default model keeps to the two inputs and the one logit."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from components.features.spec import Categorical, FeatureSpec, Numeric
from components.federated_trainer.default_model.model import build_model

NUMBERS = (Numeric("x", 0.0, 1.0), Numeric("y", 5.0, 2.0, integer=True))
WORDS = (Categorical("c", ("a", "b")), Categorical("d", (), integer=True))


def rows(spec, number, seed=0):
    draw = np.random.default_rng(seed)
    floats = draw.normal(size=(number, spec.num_floats)).astype(np.float32)
    ids = [draw.integers(0, f.num_ids, number) for f in spec.categorical]
    return floats, np.array(ids, np.int32).T.reshape(number, spec.num_ids)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [(NUMBERS, WORDS), (NUMBERS, ()), ((), WORDS), (NUMBERS[:1], WORDS[:1])],
)
@pytest.mark.parametrize("number", [0, 1, 7])
def test_floats_and_ids_give_one_logit_a_row(numbers, words, number):
    spec = FeatureSpec(numbers, words)
    model = build_model(spec)
    assert [tensor.name for tensor in model.inputs] == ["floats", "ids"]
    assert [tensor.dtype for tensor in model.inputs] == [tf.float32, tf.int32]
    logits = model(list(rows(spec, number))).numpy()
    assert logits.shape == (number, 1)
    assert np.isfinite(logits).all()


def test_the_output_is_a_logit_and_not_a_share():
    spec = FeatureSpec(NUMBERS, WORDS)
    floats, ids = rows(spec, 300)
    logits = build_model(spec)([floats * 50, ids]).numpy()
    assert logits.min() < 0 or logits.max() > 1


def test_every_feature_and_every_id_has_a_say():
    spec = FeatureSpec(NUMBERS, WORDS)
    model = build_model(spec)
    floats, ids = rows(spec, 200)
    base = model([floats, ids]).numpy()
    for column in range(spec.num_floats):
        moved = floats.copy()
        moved[:, column] += 3
        assert not np.allclose(model([moved, ids]).numpy(), base), column
    for column, feature in enumerate(spec.categorical):
        seen = []
        for value in range(feature.num_ids):
            fixed = ids.copy()
            fixed[:, column] = value
            seen.append(model([floats, fixed]).numpy())
        for one, other in itertools.pairwise(seen):
            assert not np.allclose(one, other), feature.name


def test_all_weights_are_trainable_and_follow_from_the_seed():
    spec = FeatureSpec(NUMBERS, WORDS)
    weights = []
    for seed in (3, 3, 4):
        tf.keras.utils.set_random_seed(seed)
        model = build_model(spec)
        assert not model.non_trainable_weights
        weights.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])
