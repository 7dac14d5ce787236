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
import json
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from components import digests

FILE_NAME = "feature_spec.json"
MISSING_ID = 0
OUT_OF_VOCABULARY_ID = 1
FIRST_VALUE_ID = 2


@dataclasses.dataclass(frozen=True)
class Numeric:
    """A numeric feature.

    Attributes:
        name: Its column.
        mean: Of the admitted silos' present, finite values; the column's unit.
        scale: Their standard deviation, > 0; the column's unit.
        integer: Whether tf.Examples carry it as an int64.
    """

    name: str
    mean: float
    scale: float
    integer: bool = False

    @property
    def reciprocal(self) -> np.float32:
        """Factor that a centred value is multiplied by: 1 / scale in float32."""
        return np.float32(1.0) / np.float32(self.scale)


@dataclasses.dataclass(frozen=True)
class Categorical:
    """A categorical feature.

    Attributes:
        name: Its column.
        values: The vocabulary as strings (integers in decimal), no duplicates.
        integer: Whether the column, and tf.Examples, carry it as an int64.
    """

    name: str
    values: tuple[str, ...]
    integer: bool = False

    @property
    def num_ids(self) -> int:
        """Number of distinct ids: missing, out of vocabulary, and the values."""
        return FIRST_VALUE_ID + len(self.values)


@dataclasses.dataclass(frozen=True)
class FeatureSpec:
    """All features of a model, in the order of its inputs.

    Attributes:
        numeric: The numeric features.
        categorical: The categorical features.
        clip: Bound of the standard scores' absolute value, unit: 1.
    """

    numeric: tuple[Numeric, ...]
    categorical: tuple[Categorical, ...]
    clip: float = 5.0

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

    def to_json(self) -> dict[str, Any]:
        """Return the spec as a JSON object."""
        data: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return data

    @property
    def digest(self) -> str:
        """Digest of the spec's content."""
        return digests.of_json(self.to_json())

    def write(self, folder: str | pathlib.Path) -> pathlib.Path:
        """Write the spec into a folder and return the file."""
        path = pathlib.Path(folder, FILE_NAME)
        text = json.dumps(self.to_json(), indent=1, ensure_ascii=False, sort_keys=True)
        path.write_text(text, encoding="utf-8")
        return path


def from_json(data: Mapping[str, Any]) -> FeatureSpec:
    """Return the spec that `to_json` gave."""
    return FeatureSpec(
        numeric=tuple(Numeric(**item) for item in data["numeric"]),
        categorical=tuple(
            Categorical(**{**item, "values": tuple(item["values"])})
            for item in data["categorical"]
        ),
        clip=data["clip"],
    )


def read(path: str | pathlib.Path) -> FeatureSpec:
    """Read a spec from a file, or from the folder it was written into."""
    path = pathlib.Path(path)
    file = path / FILE_NAME if path.is_dir() else path
    return from_json(json.loads(file.read_text(encoding="utf-8")))
