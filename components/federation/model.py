"""The model to train: how to build it, and the weights that it starts from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from components.errors import SettingsError
from components.federation.tff_types import Value


@dataclasses.dataclass(frozen=True)
class ClientModel:
    """A binary classifier over encoded rows.

    `build` returns a new Keras model of `floats` and `ids` that gives logits
    `(rows, 1)`; it is called again inside TFF's graphs.
    """

    build: Callable[[], tf.keras.Model]
    num_floats: int  # width of `floats`
    num_ids: int  # width of `ids`
    weights: tuple[NDArray[np.float32], ...]  # initial ones, in Keras' order

    @property
    def num_parameters(self) -> int:
        """How many numbers the weights are."""
        return sum(weight.size for weight in self.weights)

    def shaped(self, flat: NDArray[np.float64]) -> tuple[NDArray[np.float32], ...]:
        """Return a vector of all weights in their shapes."""
        ends = np.cumsum([weight.size for weight in self.weights])[:-1]
        parts = np.split(flat.astype(np.float32), ends)
        return tuple(
            part.reshape(weight.shape)
            for part, weight in zip(parts, self.weights, strict=True)
        )

    @property
    def num_bytes(self) -> int:
        """Size of the weights, unit: bytes."""
        return sum(weight.nbytes for weight in self.weights)


def flat(weights: Sequence[Value]) -> NDArray[np.float64]:
    """Return weights as one vector, see `ClientModel.shaped`."""
    found: NDArray[np.float64] = np.concatenate([np.ravel(each) for each in weights])
    return found.astype(np.float64)


def initialise(
    build: Callable[[], tf.keras.Model], num_floats: int, num_ids: int, seed: int
) -> ClientModel:
    """Return the model with initial weights that `seed` decides.

    Raises:
        SettingsError: The model holds weights that training would not update.
    """
    tf.keras.utils.set_random_seed(seed)
    model = build()
    if model.non_trainable_weights:
        raise _not_trainable(model)
    weights = tuple(np.asarray(w.numpy(), np.float32) for w in model.trainable_weights)
    return ClientModel(build, num_floats, num_ids, weights)


def _not_trainable(model: tf.keras.Model) -> SettingsError:
    layers = [
        layer
        for layer in model.submodules
        if isinstance(layer, tf.keras.layers.Layer)
        and layer.non_trainable_weights
        and not any(isinstance(m, tf.keras.layers.Layer) for m in layer.submodules)
    ]
    named = ", ".join(f"`{each.name}` ({type(each).__name__})" for each in layers)
    return SettingsError(
        f"the model has {len(model.non_trainable_weights)} weights that are not "
        f"trainable{', in ' + named if named else ''}; expected none, since silos "
        "exchange trainable weights only",
        "use layers whose weights are all trained: LayerNormalization in place of "
        "BatchNormalization, and no `trainable=False`",
    )


def assign(model: tf.keras.Model, weights: Sequence[Value]) -> None:
    """Set a model's trainable weights."""
    for variable, value in zip(model.trainable_weights, weights, strict=True):
        variable.assign(value)
