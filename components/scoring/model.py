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

import numpy as np
from numpy.typing import NDArray

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


@functools.lru_cache(maxsize=HELD_MODELS)
def scorer(folder: str, digest: str) -> Scorer:
    """Return a loaded model; the last ones used stay in memory."""
    del digest  # part of the key: a folder may be written again
    return Scorer(folder)


class Scorer:
    """A loaded model that scores encoded batches.

    Args:
        folder: The model's folder.
        threads: TF's intra-op threads; one a process scales best over files.
    """

    def __init__(self, folder: str | pathlib.Path, threads: int = 1) -> None:
        import tensorflow as tf

        try:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        except RuntimeError:
            pass  # TF already runs in this process and keeps what it has
        self.spec = read_spec(folder)
        self.digest = read_card(folder).digest
        self._model = tf.saved_model.load(str(serving_path(folder)))
        self.signature = self._model.signatures["score"]
        self._constant = tf.constant

    def __call__(self, batch: Encoded) -> NDArray[np.float32]:
        """Return the probability of the positive label, float32, shape `(rows,)`."""
        outputs = self.signature(
            floats=self._constant(batch.floats), ids=self._constant(batch.ids)
        )
        scores: NDArray[np.float32] = outputs["score"].numpy()
        return scores
