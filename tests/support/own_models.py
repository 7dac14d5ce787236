"""A base model in Keras on disk, and weights of the silos' own in their homes.

Scores are recomputed by Keras' own call, without a SavedModel.
"""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from components.features.columnar import encode
from components.features.spec import FeatureSpec
from components.federated_trainer.default_model import model as default_model
from components.payloads.benefit import BenefitReport, SiloBenefit
from components.payloads.silo import Silo
from components.scoring.model import digest_of, write_weights

Weights = tuple[NDArray[np.float32], ...]


@dataclasses.dataclass(frozen=True)
class Base:
    """The base model."""

    folder: str
    digest: str
    spec: FeatureSpec
    weights: Weights

    def others(self, seed: int) -> Weights:
        """Return other weights for the same model."""
        draw = np.random.default_rng(seed)
        return tuple(
            (value + draw.normal(0, 0.2, value.shape)).astype(np.float32)
            for value in self.weights
        )

    def scores(self, rows: pa.Table, weights: Weights) -> NDArray[np.float64]:
        """Return each row's score by these weights."""
        keras_model = default_model.build_model(self.spec)
        keras_model.set_weights(weights)
        batch = encode(rows, self.spec)
        logits = keras_model([batch.floats, batch.ids]).numpy()[:, 0]
        found: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-logits.astype(np.float64)))
        return found

    def own(self, silo: Silo, served: str, weights: Weights) -> SiloBenefit:
        """Write weights into a silo's home and return that they serve it."""
        place = f"own/{self.digest[:12]}/{served}.npz"
        silo.path(place).parent.mkdir(parents=True, exist_ok=True)
        write_weights(silo.path(place), weights)
        digest = digest_of(weights, self.spec)
        return SiloBenefit(silo.id, served, digest, place)

    def report(self, *silos: SiloBenefit) -> BenefitReport:
        """Return the report of these silos."""
        return BenefitReport("fine_tune", self.digest, silos)


def export(folder: pathlib.Path, spec: FeatureSpec, seed: int = 0) -> Base:
    """Write a base model."""
    from components.federated_trainer import export
    from components.federation import model_module

    model = model_module.load(default_model.__file__, spec, seed)
    card = export.export(folder, model, model.weights, spec)
    return Base(str(folder), card.digest, spec, model.weights)
