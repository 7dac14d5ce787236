import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from components.features.columnar import encode
from components.features.graph import Encoder
from components.features.spec import FeatureSpec
from tests.support.hostile_rows import HOSTILE, KINDS, ROWS, SPEC, table


@pytest.fixture(scope="session")
def encoders():
    """The encoder run step by step, as an optimized graph, and out of a SavedModel."""
    encoder = Encoder(SPEC)
    graph = tf.function(encoder, input_signature=[tf.TensorSpec([None], tf.string)])
    return {"eager": encoder, "graph": graph}


def serialized(rows):
    def one(row):
        example = tf.train.Example()
        for name, value in row.items():
            feature = example.features.feature[name]
            if value is None:
                continue  # the feature is there, without a value
            if KINDS[name] == pa.string():
                feature.bytes_list.value.append(value.encode())
            elif KINDS[name] == pa.int64():
                feature.int64_list.value.append(value)
            else:
                feature.float_list.value.append(value)
        return example.SerializeToString()

    return tf.constant([one(row) for row in rows], tf.string)


def assert_equal(encoders, rows):
    expected = encode(table(rows), SPEC)
    for run in encoders.values():
        floats, ids = run(serialized(rows))
        assert floats.numpy().dtype == expected.floats.dtype
        assert ids.numpy().dtype == expected.ids.dtype
        np.testing.assert_array_equal(floats.numpy(), expected.floats)
        np.testing.assert_array_equal(ids.numpy(), expected.ids)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(ROWS, max_size=30))
@example(HOSTILE)
def test_the_graph_and_the_columns_agree_bit_by_bit(encoders, rows):
    assert_equal(encoders, rows)


def test_they_agree_on_many_plain_numbers_too(encoders):
    draw = np.random.default_rng(5)
    rows = [
        {"weight": float(np.float32(weight)), "size": int(size), "colour": "red"}
        for weight, size in zip(
            draw.normal(0.3, 0.7, 2_000),
            draw.integers(-(10**6), 10**6, 2_000),
            strict=True,
        )
    ]  # dividing, and not multiplying as TF's optimizer does, differs in every tenth
    assert_equal(encoders, rows)


def test_a_feature_of_the_wrong_kind_is_refused(encoders):
    example = tf.train.Example()
    example.features.feature["weight"].bytes_list.value.append(b"12")
    for run in encoders.values():
        with pytest.raises(tf.errors.InvalidArgumentError, match="weight"):
            run(tf.constant([example.SerializeToString()]))


def test_of_several_values_the_first_counts(encoders):
    example = tf.train.Example()
    example.features.feature["hour"].int64_list.value.extend([7, -1])
    _, ids = encoders["graph"](tf.constant([example.SerializeToString()]))
    assert ids.numpy()[0].tolist() == [0, 2, 0]


def test_a_spec_without_features_encodes_to_nothing():
    floats, ids = Encoder(FeatureSpec((), ()))(tf.constant([b"", b""]))
    assert (floats.shape, ids.shape) == ((2, 0), (2, 0))


def test_a_saved_encoder_carries_its_vocabularies(encoders, tmp_path):
    module = tf.Module()
    module.encoder = Encoder(SPEC)
    module.run = tf.function(
        lambda examples: module.encoder(examples),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    assert_equal({"saved": loaded.run}, HOSTILE)
