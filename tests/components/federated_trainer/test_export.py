"""The exported model: three ways to score that agree, and a digest that holds."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from components.features import columnar
from components.features import spec as feature_spec
from components.federated_trainer import export
from components.federation import model_module
from components.scoring import model as scoring
from tests.components.federated_trainer import support


@pytest.fixture(scope="module")
def trained():
    return model_module.load(support.MODEL, support.SPEC, 3)


@pytest.fixture(scope="module")
def folder(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    export.export(folder, trained, trained.weights, support.SPEC)
    return folder


@pytest.fixture(scope="module")
def signatures(folder):
    return tf.saved_model.load(str(scoring.serving_path(folder))).signatures


@pytest.fixture(scope="module")
def tflite(folder):
    interpreter = tf.lite.Interpreter(str(folder / scoring.TFLITE))
    return interpreter.get_signature_runner("score")


def example(distance, hour, airport, day):
    feature, features = tf.train.Feature, {}
    if distance is not None:
        features["distance"] = feature(float_list=tf.train.FloatList(value=[distance]))
    if hour is not None:
        features["hour"] = feature(int64_list=tf.train.Int64List(value=[hour]))
    if airport is not None:
        value = [airport.encode()]
        features["airport"] = feature(bytes_list=tf.train.BytesList(value=value))
    if day is not None:
        features["day"] = feature(int64_list=tf.train.Int64List(value=[day]))
    message = tf.train.Example(features=tf.train.Features(feature=features))
    return message.SerializeToString()


ROWS = st.lists(
    st.tuples(
        st.none() | st.floats(width=32, allow_nan=True, allow_infinity=True),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none()
        | st.sampled_from(["JFK", "LGA", "", " JFK", "ラガーディア"])
        | st.text(st.characters(exclude_categories=["Cs"])),
        st.none() | st.integers(-3, 5),
    ),
    min_size=1,
    max_size=20,
)


@given(ROWS)
@settings(max_examples=50, deadline=None)
def test_three_ways_to_score_agree_on_hostile_examples(signatures, tflite, rows):
    served = signatures["serving_default"](
        examples=tf.constant([example(*row) for row in rows])
    )["score"].numpy()
    kinds = (pa.float32(), pa.int64(), pa.string(), pa.int64())
    names = support.SPEC.columns
    columns = zip(names, kinds, zip(*rows, strict=True), strict=True)
    batch = pa.table({n: pa.array([*v], k) for n, k, v in columns})
    encoded = columnar.encode(batch, support.SPEC)
    scored = signatures["score"](
        floats=tf.constant(encoded.floats), ids=tf.constant(encoded.ids)
    )["score"].numpy()
    lite = tflite(floats=encoded.floats, ids=encoded.ids)["score"]
    assert served.shape == scored.shape == lite.shape == (len(rows),)
    assert np.isfinite(scored).all()
    np.testing.assert_allclose(served, scored, rtol=0, atol=1e-5)
    np.testing.assert_allclose(lite, scored, rtol=0, atol=1e-5)


def test_scores_are_those_of_the_weights(trained, signatures):
    floats = np.array([[0.5, -1, 0, 1], [2, 0, 1, 0]], np.float32)
    ids = np.array([[0, 3], [2, 1]], np.int32)
    layer = np.concatenate([floats, np.eye(4)[ids[:, 0]], np.eye(4)[ids[:, 1]]], 1)
    *layers, (last, bias) = zip(
        trained.weights[::2], trained.weights[1::2], strict=True
    )
    for weights, biases in layers:
        layer = np.maximum(layer @ weights + biases, 0)
    expected = 1 / (1 + np.exp(-(layer @ last + bias)[:, 0]))
    found = signatures["score"](floats=tf.constant(floats), ids=tf.constant(ids))
    np.testing.assert_allclose(found["score"].numpy(), expected, rtol=0, atol=1e-5)


def test_folder_has_the_layout_that_scoring_reads(trained, folder):
    assert scoring.read_spec(folder) == support.SPEC
    assert feature_spec.read(folder / "tflite") == support.SPEC
    card = scoring.read_card(folder)
    assert card == scoring.ModelCard(scoring.digest_of(trained.weights, support.SPEC))
    with np.load(folder / scoring.WEIGHTS) as archive:
        stored = [archive[name] for name in sorted(archive.files)]
    assert scoring.digest_of(stored, support.SPEC) == card.digest
    scorer = scoring.Scorer(folder)
    batch = columnar.encode(support.table(7, 0), support.SPEC)
    assert scorer(batch).shape == (7,)


def test_weights_file_depends_on_the_weights_alone(trained, folder, tmp_path):
    again = model_module.load(support.MODEL, support.SPEC, 3)  # other layer names
    card = export.export(tmp_path, again, again.weights, support.SPEC)
    assert card == scoring.read_card(folder)
    first, second = (
        hashlib.sha256((place / scoring.WEIGHTS).read_bytes()).digest()
        for place in (folder, tmp_path)
    )
    assert first == second


def test_digest_changes_with_weights_order_shape_and_spec(trained):
    weights, spec = list(trained.weights), support.SPEC
    nudged = [np.nextafter(weights[0], np.float32(9)), *weights[1:]]
    reshaped = [weights[0].reshape(-1, 1), *weights[1:]]
    other = dataclasses.replace(spec, clip=4.0)
    digests = {
        scoring.digest_of(weights, spec),
        scoring.digest_of(nudged, spec),
        scoring.digest_of(weights[::-1], spec),
        scoring.digest_of(reshaped, spec),
        scoring.digest_of(weights, other),
    }
    assert len(digests) == 5
    copied = [np.asfortranarray(weight) for weight in weights]
    assert scoring.digest_of(copied, spec) in digests


def test_other_weights_are_exported_as_if_they_had_been_trained(
    trained, folder, tmp_path, capfd
):
    weights = tuple(each + 0.1 for each in trained.weights)
    card = export.export_others(tmp_path / "others", folder, weights)
    assert "non-converted" not in capfd.readouterr().err  # TFLite's own report
    expected = export.export(tmp_path / "trained", trained, weights, support.SPEC)
    assert card == expected == scoring.read_card(tmp_path / "others")
    assert card.digest != scoring.read_card(folder).digest
    rows = [example(9.5, 3, "JFK", 1), example(None, 23, "LGA", None)]
    found = [
        tf.saved_model.load(str(scoring.serving_path(tmp_path / name)))
        .signatures["serving_default"](examples=tf.constant(rows))["score"]
        .numpy()
        for name in ("others", "trained")
    ]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)
    lite, encoded = [], {"floats": np.ones((1, 4), "f4"), "ids": np.ones((1, 2), "i4")}
    for name in ("others", "trained"):
        interpreter = tf.lite.Interpreter(str(tmp_path / name / scoring.TFLITE))
        lite.append(interpreter.get_signature_runner("score")(**encoded)["score"])
    np.testing.assert_allclose(lite[0], lite[1], rtol=1e-6)
    files = [
        {path.relative_to(tmp_path / name) for path in (tmp_path / name).rglob("*")}
        for name in ("others", "trained")
    ]
    assert files[0] == files[1]
    scorer = scoring.Scorer(tmp_path / "others")
    assert scorer.digest == card.digest
