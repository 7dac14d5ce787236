"""The use case's `model.py`: loaded by its path, and held to its contract.

It defines `build_model(spec: FeatureSpec) -> tf.keras.Model`, whose inputs are
`floats`, float32 `(rows, spec.num_floats)`, and `ids`, int32 `(rows,
spec.num_ids)`, in this order, and whose output are logits, `(rows, 1)`.

It may import the modules of its own folder by name (`import layers`), as a script
may: they belong to the cache key. What it imports from elsewhere does not, nor do
other files that it reads.
"""

from __future__ import annotations

import contextlib
import pathlib
import runpy
import sys
from collections.abc import Callable, Iterator

import tensorflow as tf

from components.errors import SettingsError
from components.features.spec import FeatureSpec
from components.federation.model import ClientModel, initialise

FUNCTION = "build_model"
SQUASHING = frozenset({"sigmoid", "hard_sigmoid", "softmax"})
_CONTRACT = (
    "expected a Keras model of the inputs `floats` and `ids` that gives logits of "
    "shape (rows, 1)"
)


def load(path: str | pathlib.Path, spec: FeatureSpec, seed: int) -> ClientModel:
    """Return the model of a `model.py` with initial weights from a seed.

    Raises:
        SettingsError: The file can't be loaded or its model breaks the contract.
    """
    folder = pathlib.Path(path).absolute().parent
    with _importable(folder):
        function = _function(pathlib.Path(path))

    def build() -> tf.keras.Model:
        with _importable(folder):
            return function(spec)

    try:
        model = build()
    except Exception as error:
        raise SettingsError(
            f"{path}: `{FUNCTION}` failed with {type(error).__name__}: {error}",
            "run it by itself with the use case's FeatureSpec",
        ) from error
    if found := _fault(model, spec):
        raise SettingsError(
            f"{path}: `{FUNCTION}`: found {found}; {_CONTRACT}",
            "see components/federated_trainer/README.md for the contract",
        )
    if squashed := _squashed(model):
        raise SettingsError(
            f"{path}: `{FUNCTION}`: found {squashed} at the output; {_CONTRACT}",
            "leave the last layer's activation out: training and serving apply the "
            "sigmoid to the logits",
        )
    return initialise(build, spec.num_floats, spec.num_ids, seed)


@contextlib.contextmanager
def _importable(folder: pathlib.Path) -> Iterator[None]:
    """Let a folder's modules be imported by name, and forget them afterwards.

    Else the next use case would get this one's module of the same name, or this one
    its own as it was before an edit.
    """
    before, writes_no_bytecode = {*sys.modules}, sys.dont_write_bytecode
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True  # it would stand for edits of the same second
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = writes_no_bytecode
        for name in {*sys.modules} - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and pathlib.Path(file).is_relative_to(folder):
                del sys.modules[name]


def _function(path: pathlib.Path) -> Callable[[FeatureSpec], tf.keras.Model]:
    if not path.is_file():
        raise SettingsError(
            f"found no Python file {path}, expected the use case's model",
            "set the path of its `model.py`",
        )
    try:
        names = runpy.run_path(str(path), run_name="fairsilo_use_case_model")
    except Exception as error:
        raise SettingsError(
            f"{path} failed with {type(error).__name__}: {error}",
            "run it with Python by itself",
        ) from error
    if not callable(function := names.get(FUNCTION)):
        raise SettingsError(
            f"{path}: found no function `{FUNCTION}`",
            f"define `{FUNCTION}(spec)`",
        )
    found: Callable[[FeatureSpec], tf.keras.Model] = function
    return found


def _fault(model: object, spec: FeatureSpec) -> str:
    if not isinstance(model, tf.keras.Model) or not model.built:
        return f"a {type(model).__name__}"
    inputs = [(i.name, i.dtype.name, tuple(i.shape)) for i in model.inputs]
    expected = [
        ("floats", "float32", (None, spec.num_floats)),
        ("ids", "int32", (None, spec.num_ids)),
    ]
    if inputs != expected:
        return f"inputs {inputs} in place of {expected}"
    shapes = [tuple(output.shape) for output in model.outputs]
    if shapes != [(None, 1)]:
        return f"outputs of shape {shapes}"
    if any(w.dtype != tf.float32 for w in model.trainable_weights):
        return "weights that are not float32"
    return "" if model.trainable_weights else "no trainable weights"


def _squashed(model: tf.keras.Model) -> str:
    """Return the function and layer that turn the output into probabilities."""
    layer = model.outputs[0]._keras_history.layer
    if isinstance(layer, tf.keras.Model):
        return _squashed(layer) if layer.outputs else ""
    # Of `Dense` and `Activation`; of a TensorFlow function that Keras made a layer.
    function = getattr(layer, "activation", None) or getattr(layer, "function", None)
    names = {getattr(function, "__name__", ""), type(layer).__name__.lower()}
    found = sorted(names & SQUASHING)
    return f"a {found[0]} (layer `{layer.name}`)" if found else ""
