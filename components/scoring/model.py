"""A trained model as an artifact: where its parts lie, and how to score with it.

The folder of a `Model` artifact:

```text
Format-Serving/            SavedModel: `serving_default` (tf.Example), `score`
  assets/feature_spec.json the FeatureSpec, inside the model
tflite/model.tflite        `score` for TFLite
tflite/feature_spec.json   what an app needs to encode for it
weights.npz                canonical weights
model.json                 ModelCard: digest, or why nothing was trained
```
"""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components import digests
from components.features import columnar
from components.features.columnar import Encoded
from components.features.spec import FeatureSpec

CARD = "model.json"
SERVING = "Format-Serving"
WEIGHTS = "weights.npz"
TFLITE = "tflite/model.tflite"
HELD_MODELS = 4  # in the memory of a process


@dataclasses.dataclass(frozen=True)
class ModelCard:
    """What is known of a model without loading it."""

    digest: str = ""  # of canonical weights and FeatureSpec; empty if not trained
    refusal: str = ""  # why nothing was trained, in a sentence

    def write(self, folder: str | pathlib.Path) -> None:
        """Write the card into a model's folder."""
        text = json.dumps(dataclasses.asdict(self), indent=1, ensure_ascii=False)
        pathlib.Path(folder, CARD).write_text(text, encoding="utf-8")


def read_card(folder: str | pathlib.Path) -> ModelCard:
    """Read the card from a model's folder."""
    return ModelCard(**json.loads(pathlib.Path(folder, CARD).read_text("utf-8")))


def serving_path(folder: str | pathlib.Path) -> pathlib.Path:
    """Return the SavedModel in a model's folder."""
    return pathlib.Path(folder, SERVING)


def read_spec(folder: str | pathlib.Path) -> FeatureSpec:
    """Read the FeatureSpec that is inside a model's SavedModel."""
    return FeatureSpec.read(serving_path(folder) / "assets")


def digest_of(weights: Sequence[NDArray[np.float32]], spec: FeatureSpec) -> str:
    """Return the model's digest: of its canonical weights and FeatureSpec."""
    items = [
        [name, list(value.shape), value.dtype.name, digests.of_bytes(value.tobytes())]
        for name, value in canonical(weights).items()
    ]
    return digests.of_json({"weights": items, "feature_spec": spec.digest})


def canonical(
    weights: Sequence[NDArray[np.float32]],
) -> dict[str, NDArray[np.float32]]:
    """Return the weights C-ordered and little-endian.

    They are named by their place, since Keras counts layers up within a process.
    """
    return {
        f"weight_{index:03d}": np.ascontiguousarray(value, "<f4").reshape(value.shape)
        for index, value in enumerate(weights)
    }


def read_weights(path: str | pathlib.Path) -> tuple[NDArray[np.float32], ...]:
    """Return the weights in a file that holds canonical ones, in Keras' order."""
    with np.load(path, allow_pickle=False) as archive:
        return tuple(archive[name] for name in sorted(archive.files))


def write_weights(
    path: str | pathlib.Path, weights: Sequence[NDArray[np.float32]]
) -> None:
    """Write canonical weights into a file."""
    with pathlib.Path(path).open("wb") as file:  # to a path NumPy adds an ending
        np.savez(file, **canonical(weights))


@functools.lru_cache(maxsize=HELD_MODELS)
def scorer(folder: str, digest: str, weights: str = "") -> Scorer:
    """Return a loaded model; the last ones used stay in memory.

    `weights` is a file of others for the same model, such as a silo's own; `digest`
    is that of the weights.

    Raises:
        ValueError: The file holds others by now.
    """
    found = Scorer(folder, weights=weights)
    if weights and found.digest != digest:
        raise ValueError(f"weights {found.digest[:12]} in place of {digest[:12]}")
    return found


class Scorer:
    """A loaded model that scores encoded batches.

    Scorers of one folder with other weights share the loaded model.

    Args:
        folder: The model's folder.
        threads: TF's intra-op threads; one a process scales best over files.
        weights: A file of weights to score with; the model's own when empty.
    """

    def __init__(
        self, folder: str | pathlib.Path, threads: int = 1, weights: str = ""
    ) -> None:
        import tensorflow as tf

        try:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        except RuntimeError:
            pass  # TF already runs in this process and keeps what it has
        self.spec = read_spec(folder)
        card = read_card(folder)
        self._loaded = _loaded(str(folder), card.digest)
        self._weights = read_weights(weights or pathlib.Path(folder, WEIGHTS))
        self.digest = digest_of(self._weights, self.spec) if weights else card.digest
        self._constant = tf.constant
        self._of_memory = tf.experimental.dlpack.from_dlpack

    def __call__(self, batch: Encoded) -> NDArray[np.float32]:
        """Return the probability of the positive label, float32, shape `(rows,)`."""
        with self._loaded.lock:
            self._loaded.hold(self.digest, self._weights)
            outputs = self._loaded.signature(
                floats=self._tensor(batch.floats), ids=self._tensor(batch.ids)
            )
        scores: NDArray[np.float32] = outputs["score"].numpy()
        return scores

    def _tensor(self, values: NDArray[Any]) -> Any:  # noqa: ANN401  TF has no types
        """Return an array as a tensor, without a copy where its memory allows it."""
        if values.ctypes.data % columnar.ALIGNMENT or not values.flags.carray:
            return self._constant(values)
        return self._of_memory(values.__dlpack__())


class _LoadedModel:
    """A SavedModel, and whose weights it holds now; use it under its lock."""

    def __init__(self, folder: str, digest: str) -> None:
        import tensorflow as tf

        self.lock = threading.Lock()
        self._model = tf.saved_model.load(str(serving_path(folder)))
        self.signature = self._model.signatures["score"]
        self._digest = digest

    def hold(self, digest: str, weights: Sequence[NDArray[np.float32]]) -> None:
        """Set the weights, unless it holds them already."""
        if digest != self._digest:
            self._digest = ""  # an error half-way leaves it with nobody's weights
            variables = self._model.keras_model.trainable_variables
            for variable, value in zip(variables, weights, strict=True):
                variable.assign(value)
            self._digest = digest


_loaded = functools.lru_cache(maxsize=HELD_MODELS)(_LoadedModel)
