"""The use case's `model.py`: its contract, and who breaks it."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from components.errors import SettingsError
from components.features.spec import FeatureSpec
from components.federation import model_module
from tests.components.federated_trainer import support

HEAD = "import tensorflow as tf\nL = tf.keras.layers\n"
INPUTS = """
def build_model(spec):
    f = tf.keras.Input((spec.num_floats,), name="floats")
    i = tf.keras.Input((spec.num_ids,), dtype=tf.int32, name="ids")
"""


@pytest.mark.parametrize(
    "spec",
    [
        support.SPEC,
        FeatureSpec(support.SPEC.numeric, ()),
        FeatureSpec((), support.SPEC.categorical),
    ],
    ids=["both", "no ids", "no floats"],
)
def test_initial_weights_follow_the_seed(spec):
    first, again, other = (
        model_module.load(support.MODEL, spec, seed) for seed in (1, 1, 2)
    )
    for left, right in zip(first.weights, again.weights, strict=True):
        np.testing.assert_array_equal(left, right)
    assert not np.array_equal(first.weights[0], other.weights[0])
    assert (first.num_floats, first.num_ids) == (spec.num_floats, spec.num_ids)
    assert first.num_bytes == 4 * sum(w.size for w in first.weights)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("build = 1", "found no function `build_model`"),
        ("1 / 0", "failed with ZeroDivisionError"),
        ("def build_model(spec):\n    spec.x", "`build_model` failed with Attr"),
        ("def build_model(spec):\n    return 3", "found a int"),
        (
            INPUTS + "    return tf.keras.Model([i, f], L.Dense(1)(f))",
            r"found inputs \[\('ids', 'int32', \(None, 2\)\)",
        ),
        (
            INPUTS + "    return tf.keras.Model([f, i], L.Dense(2)(f))",
            r"found outputs of shape \[\(None, 2\)\]",
        ),
        (
            INPUTS + "    return tf.keras.Model([f, i], f[:, :1])",
            "found no trainable weights",
        ),
        (
            INPUTS
            + "    h = L.BatchNormalization()(f)\n"
            + "    return tf.keras.Model([f, i], L.Dense(1)(h))",
            "2 weights that are not trainable, in `batch_normalization[_0-9]*` "
            r"\(BatchNormalization\).*\n\nhint: use layers whose weights are all",
        ),
        (
            INPUTS
            + "    inner = tf.keras.Sequential([L.Dense(4, name='x', trainable=False)"
            + "])\n    return tf.keras.Model([f, i], L.Dense(1)(inner(f)))",
            r"2 weights that are not trainable, in `x` \(Dense\); expected none",
        ),
        *(
            (
                f"{INPUTS}    return tf.keras.Model([f, i], {output})",
                f"found a {name} .*at the output; expected .*\n\nhint: leave the last "
                "layer's activation out",
            )
            for name, output in [
                ("sigmoid", "L.Dense(1, 'sigmoid', name='last')(f)"),
                ("hard_sigmoid", "L.Dense(1, 'hard_sigmoid')(f)"),
                ("softmax", "L.Dense(1, activation='softmax')(f)"),
                ("softmax", "L.Softmax()(L.Dense(1)(f))"),
                ("sigmoid", "L.Activation('sigmoid')(L.Dense(1)(f))"),
                ("sigmoid", "tf.sigmoid(L.Dense(1)(f))"),
                ("sigmoid", "tf.keras.activations.sigmoid(L.Dense(1)(f))"),
                ("sigmoid", "tf.keras.Sequential([L.Dense(1, 'sigmoid')])(f)"),
            ]
        ),
    ],
)
def test_broken_contract_is_refused(tmp_path, body, found):
    path = tmp_path / "model.py"
    path.write_text(HEAD + body)
    with pytest.raises(SettingsError, match=found):
        model_module.load(path, support.SPEC, 0)


@pytest.mark.parametrize(
    "use",
    [
        "import layers\n\nWIDTH = layers.WIDTH\n",
        "from deep import layers\n\nWIDTH = layers.WIDTH\n",
        "class WIDTH:\n    def __index__(self):\n        import layers\n"
        "        return layers.WIDTH\n\nWIDTH = WIDTH()\n",
    ],
    ids=["module", "package", "inside build_model"],
)
def test_modules_of_the_folder_are_imported_as_they_are_now(tmp_path, use):
    body = "    both = L.Concatenate()([f, tf.cast(i, tf.float32)])\n"
    body += "    hidden = L.Dense(int(WIDTH.__index__()))(both)\n"
    body += "    return tf.keras.Model([f, i], L.Dense(1)(hidden))\n"
    for name, width in (("one", 3), ("one", 5), ("two", 7)):
        folder = tmp_path / name
        (folder / "deep").mkdir(parents=True, exist_ok=True)
        (folder / "deep/__init__.py").touch()
        for layers in (folder / "layers.py", folder / "deep/layers.py"):
            layers.write_text(f"WIDTH = {width}\n")
        (folder / "model.py").write_text(HEAD + use + INPUTS + body)
        loaded = model_module.load(folder / "model.py", support.SPEC, 0)
        assert loaded.weights[1].shape == (width,)
    assert str(folder) not in sys.path


def test_absent_file_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"found no Python file .*/none\.py"):
        model_module.load(tmp_path / "none.py", support.SPEC, 0)


@pytest.mark.parametrize(
    "output",
    [
        "L.Dense(1)(L.Dense(3, 'sigmoid')(f))",
        "L.Dense(1, 'tanh')(f) * 3",
        "tf.keras.Sequential([L.Dense(3, 'sigmoid'), L.Dense(1)])(f)",
    ],
)
def test_a_sigmoid_inside_the_model_is_no_matter(tmp_path, output):
    path = tmp_path / "model.py"
    path.write_text(f"{HEAD}{INPUTS}    return tf.keras.Model([f, i], {output})")
    assert model_module.load(path, support.SPEC, 0).weights
