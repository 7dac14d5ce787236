"""The use case's model keeps to the two inputs and the one logit."""

import numpy as np
import tensorflow as tf

from components.features.spec import Categorical, FeatureSpec, Numeric
from pipelines.census.model import build_model

SPEC = FeatureSpec(
    (Numeric("age", 39.0, 13.0, integer=True), Numeric("weeks", 45.0, 14.0)),
    (Categorical("union", ("No", "Yes")), Categorical("own_business", (), True)),
)


def rows(number):
    draw = np.random.default_rng(0)
    floats = draw.normal(size=(number, SPEC.num_floats)).astype(np.float32)
    ids = [draw.integers(0, feature.num_ids, number) for feature in SPEC.categorical]
    return floats, np.array(ids, np.int32).T


def test_floats_and_ids_give_one_logit_a_row():
    model = build_model(SPEC)
    assert [tensor.name for tensor in model.inputs] == ["floats", "ids"]
    assert [tensor.dtype for tensor in model.inputs] == [tf.float32, tf.int32]
    floats, ids = rows(300)
    logits = model([floats * 50, ids]).numpy()
    assert logits.shape == (300, 1)
    assert logits.min() < 0 or logits.max() > 1  # not a share


def test_every_feature_has_a_say():
    model = build_model(SPEC)
    floats, ids = rows(100)
    base = model([floats, ids]).numpy()
    for column in range(SPEC.num_floats):
        moved = floats.copy()
        moved[:, column] += 3
        assert not np.allclose(model([moved, ids]).numpy(), base), column
    for column, feature in enumerate(SPEC.categorical):
        moved = ids.copy()
        moved[:, column] = (ids[:, column] + 1) % feature.num_ids
        assert not np.allclose(model([floats, moved]).numpy(), base), feature.name


def test_weights_are_trainable_and_follow_from_the_seed():
    weights = []
    for seed in (3, 3, 4):
        tf.keras.utils.set_random_seed(seed)
        model = build_model(SPEC)
        assert not model.non_trainable_weights
        weights.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])
