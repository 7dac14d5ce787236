"""The FeatureSpec: how a row becomes the two arrays that a model takes.

`floats` holds, for each numeric feature, its clipped standard score, and behind
all of those one missing-value indicator each. `ids` holds one id for each
categorical feature: 0 where the value is missing, 1 where it is out of the
vocabulary, and from 2 on its place in the vocabulary.

The constants come from statistics that silos disclosed, never from rows
(`components/feature_spec_gen`).
"""

from __future__ import annotations

import dataclasses
import pathlib
from typing import ClassVar

import numpy as np

from components import digests
from components.payloads.payload import Payload

MISSING_ID = 0
OUT_OF_VOCABULARY_ID = 1
FIRST_VALUE_ID = 2


@dataclasses.dataclass(frozen=True)
class Numeric:
    """A numeric feature.

    `mean` and `scale`, the standard deviation, > 0, are those of the admitted silos'
    present, finite values; unit: the column's.
    """

    name: str
    mean: float
    scale: float
    integer: bool = False  # whether tf.Examples carry it as an int64

    @property
    def reciprocal(self) -> np.float32:
        """Factor that a centred value is multiplied by: 1 / scale in float32."""
        return np.float32(1.0) / np.float32(self.scale)


@dataclasses.dataclass(frozen=True)
class Categorical:
    """A categorical feature.

    `values` is the vocabulary as strings (integers in decimal), no duplicates.
    """

    name: str
    values: tuple[str, ...]
    integer: bool = False  # whether the column, and tf.Examples, carry it as an int64

    @property
    def num_ids(self) -> int:
        """Number of distinct ids: missing, out of vocabulary, and the values."""
        return FIRST_VALUE_ID + len(self.values)


@dataclasses.dataclass(frozen=True)
class FeatureSpec(Payload):
    """All features of a model, in the order of its inputs."""

    FILE_NAME: ClassVar[str] = "feature_spec.json"
    NODE: ClassVar[str] = "FeatureSpecGen"

    numeric: tuple[Numeric, ...]
    categorical: tuple[Categorical, ...]
    clip: float = 5.0
    """Bound of the standard scores' absolute value, unit: 1."""

    @property
    def num_floats(self) -> int:
        """Width of `floats`: a score and an indicator for each numeric feature."""
        return 2 * len(self.numeric)

    @property
    def num_ids(self) -> int:
        """Width of `ids`."""
        return len(self.categorical)

    @property
    def columns(self) -> list[str]:
        """Names of the columns that are read, numeric first."""
        return [feature.name for feature in self.features]

    @property
    def features(self) -> tuple[Numeric | Categorical, ...]:
        """All features, numeric first."""
        return (*self.numeric, *self.categorical)

    @property
    def digest(self) -> str:
        """Digest of the spec's content."""
        return digests.of_json(self.fields())


def read(folder: str | pathlib.Path) -> FeatureSpec:
    """Read a spec from the folder that it was written into; see `Payload.read`."""
    return FeatureSpec.read(folder)
