"""The statistics that silos disclose: TFDV's format, one file a silo.

A file holds one `DatasetFeatureStatistics`, of the training rows and named `train`.
Nothing in it is finer than the disclosure threshold (`components/silo_validator`).
Silos' folders lie in one of their own, since a silo may have the name of a file beside.
"""

from __future__ import annotations

import pathlib
from typing import TypeAlias

from tensorflow_metadata.proto.v0 import statistics_pb2

Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatisticsList
Dataset: TypeAlias = statistics_pb2.DatasetFeatureStatistics
Column: TypeAlias = statistics_pb2.FeatureNameStatistics

FOLDER = "silos"
FILE_NAME = "FeatureStats.pb"


def path(folder: str | pathlib.Path, silo: str) -> pathlib.Path:
    """Return where one silo's statistics lie in an artifact's folder."""
    return pathlib.Path(folder, FOLDER, silo, FILE_NAME)


def write(folder: str | pathlib.Path, silo: str, statistics: Statistics) -> None:
    """Write one silo's statistics into an artifact's folder."""
    place = path(folder, silo)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(statistics.SerializeToString(deterministic=True))


def read(folder: str | pathlib.Path, silo: str) -> Statistics:
    """Read one silo's statistics; without datasets if it disclosed none."""
    place = path(folder, silo)
    return Statistics.FromString(place.read_bytes() if place.exists() else b"")


def split_of(statistics: Statistics, split: str) -> Dataset | None:
    """Return the statistics of one split, or None if there are none."""
    return next((one for one in statistics.datasets if one.name == split), None)


def by_column(dataset: Dataset) -> dict[str, Column]:
    """Return a split's statistics by column."""
    return {".".join(item.path.step): item for item in dataset.features}


def num_present(column: Column) -> int:
    """Return how many rows have a value in a column."""
    kind = column.WhichOneof("stats")
    return int(getattr(column, kind).common_stats.num_non_missing) if kind else 0
