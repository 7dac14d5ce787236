"""Conversion to ONNX: names, the same bytes again, and what can't be converted."""

from __future__ import annotations

import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf

from components.errors import FairSiloError, SettingsError
from components.federated_trainer import onnx_format
from components.scoring.model import serving_path

FLOATS = np.array([[0.5, -1.0], [2.0, 0.0], [0.0, 3.0]], np.float32)
IDS = np.array([[0], [2], [1]], np.int32)


def save(folder, build):
    """Write a SavedModel whose `score` is a sum, then a function of it."""
    module = tf.Module()
    module.weights = tf.Variable([0.3, -0.2])

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 2], tf.float32, "floats"),
            tf.TensorSpec([None, 1], tf.int32, "ids"),
        ]
    )
    def score(floats, ids):
        total = tf.linalg.matvec(floats, module.weights)
        return {"score": tf.sigmoid(build(total, ids[:, 0]))}

    tf.saved_model.save(module, str(serving_path(folder)), {"score": score})
    return str(folder)


def loop(total, ids):
    count = tf.reduce_max(ids)
    return tf.while_loop(
        lambda step, _: step < count,
        lambda step, value: (step + 1, value * 0.5 + tf.cast(ids, tf.float32)),
        (0, total),
    )[1]


def test_a_model_with_a_loop_has_our_names_and_the_same_bytes_again(tmp_path):
    content = onnx_format.convert(save(tmp_path, loop))
    model = onnx.load_from_string(content)
    assert [each.version for each in model.opset_import if not each.domain] == [15]
    session = onnxruntime.InferenceSession(content)
    assert [(each.name, each.shape, each.type) for each in session.get_inputs()] == [
        ("floats", ["rows", 2], "tensor(float)"),
        ("ids", ["rows", 1], "tensor(int32)"),
    ]
    (output,) = session.get_outputs()
    assert (output.name, output.shape) == ("score", ["rows"])
    inputs = {"floats": FLOATS, "ids": IDS}
    loaded = tf.saved_model.load(str(serving_path(tmp_path)))
    expected = loaded.signatures["score"](
        **{k: tf.constant(v) for k, v in inputs.items()}
    )
    np.testing.assert_allclose(
        session.run(None, inputs)[0], expected["score"], rtol=0, atol=1e-6
    )
    assert "Loop" in {node.op_type for node in model.graph.node}
    assert onnx_format.convert(str(tmp_path)) == content


def test_an_input_that_the_model_does_not_use_stays(tmp_path):
    content = onnx_format.convert(save(tmp_path, lambda total, _: total))
    session = onnxruntime.InferenceSession(content)
    assert session.run(None, {"floats": FLOATS, "ids": IDS})[0].shape == (3,)


def test_operations_that_onnx_lacks_are_named(tmp_path):
    folder = save(tmp_path, lambda x, _: tf.math.betainc(x, x + 1.0, tf.math.ndtri(x)))
    with pytest.raises(FairSiloError) as caught:
        onnx_format.convert(folder)
    found = "format onnx: found Betainc, Ndtri, expected what tf2onnx converts"
    assert caught.value.message == found
    assert "--format saved_model" in caught.value.hint


@pytest.mark.parametrize("package", ["onnx", "tf2onnx"])
def test_without_its_packages_the_way_out_is_to_install_them(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"{package}.convert", raising=False)
    with pytest.raises(SettingsError) as caught:
        onnx_format.convert("nowhere")
    assert f"found no package {package}" in caught.value.message
    assert caught.value.hint == "pip install fairsilo[onnx]"
