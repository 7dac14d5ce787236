"""What SiloValidator does: profile each silo, compare, and judge."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import TypeAlias

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.payloads import egress, statistics
from components.payloads.cohort import Cohort
from components.payloads.egress import Departure
from components.payloads.manifest import TRAIN, Manifest
from components.silo_validator import heterogeneity, profile, tfdv_checks, verdict
from components.silo_validator.columns import Columns
from components.silo_validator.settings import ValidationSettings
from components.silos import engine, tasks

Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatisticsList

PROFILE = tasks.Task(
    "profile", profile.profile, imports=("tensorflow_data_validation",)
)


@dataclasses.dataclass(frozen=True)
class Baseline:
    """A silo's statistics of its last admitted, earlier span.

    Attributes:
        span: That span.
        folder: The `SiloStatistics` artifact's folder.
    """

    span: str
    folder: str


@dataclasses.dataclass(frozen=True)
class Validation:
    """The node's results.

    Attributes:
        cohort: Who trains.
        statistics: What each silo disclosed.
        departures: What left each silo.
    """

    cohort: Cohort
    statistics: dict[str, Statistics]
    departures: dict[str, list[Departure]]


def validate(
    manifest: Manifest,
    schema: schema_pb2.Schema,
    columns: Columns,
    settings: ValidationSettings,
    by_hand: Mapping[str, str],
    baselines: Mapping[str, Baseline],
) -> Validation:
    """Check every silo and decide who trains.

    Args:
        manifest: All silos.
        schema: The shared schema.
        columns: Which columns are not features.
        settings: The bounds.
        by_hand: Reasons of the silos that the operator quarantined.
        baselines: Where there is one, a silo's earlier statistics.
    """
    arguments = {
        "schema": schema.SerializeToString(deterministic=True).hex(),
        **dataclasses.asdict(columns),
        "disclosure_rows": settings.disclosure_rows,
        "max_non_finite_share": settings.max_non_finite_share,
        "min_rows_per_class": settings.min_rows_per_class,
        "max_duplicate_share": settings.max_duplicate_share,
    }
    calls = [
        (
            entry.silo,
            {
                **arguments,
                "splits": {
                    name: split.paths
                    for name, split in entry.splits.items()
                    if split.rows
                },
                "digests": entry.digests(),
            },
        )
        for entry in manifest
        if not entry.error
    ]
    profiles: dict[str, verdict.Profile] = {}
    disclosed: dict[str, Statistics] = {}
    left: dict[str, list[Departure]] = {}
    for silo, outcome in engine.run(PROFILE, calls):
        if isinstance(outcome, tasks.Failure):
            profiles[silo.id] = verdict.Profile(failure=outcome.finding)
            left[silo.id] = [egress.of_failure(outcome.num_bytes)]
            continue
        disclosed[silo.id] = Statistics.FromString(outcome.payload)
        drifted = _drift(disclosed[silo.id], silo.id, schema, baselines)
        profiles[silo.id] = verdict.from_values(outcome.values, drifted)
        left[silo.id] = [
            Departure(
                "statistics", len(disclosed[silo.id].datasets), len(outcome.payload)
            ),
            Departure(
                "findings and label counts",
                # The counts: labels' and that of duplicates.
                len(outcome.values["findings"]) + len(outcome.values["labels"]) + 1,
                outcome.num_bytes - len(outcome.payload),
            ),
        ]
    cohort = verdict.judge(manifest, profiles, by_hand, columns.label, settings)
    return Validation(_with_distances(cohort, disclosed), disclosed, left)


def _drift(
    now: Statistics,
    silo: str,
    schema: schema_pb2.Schema,
    baselines: Mapping[str, Baseline],
) -> list[dict[str, str]]:
    if silo not in baselines:
        return []
    baseline = baselines[silo]
    before = statistics.split_of(statistics.read(baseline.folder, silo), TRAIN)
    train = statistics.split_of(now, TRAIN)
    if before is None or train is None:
        return []
    return tfdv_checks.drift(
        Statistics(datasets=[train]),
        Statistics(datasets=[before]),
        schema,
        baseline.span,
    )


def _with_distances(cohort: Cohort, disclosed: Mapping[str, Statistics]) -> Cohort:
    trains = {
        silo: train
        for silo, found in disclosed.items()
        if (train := statistics.split_of(found, TRAIN)) is not None
    }
    distances = heterogeneity.distances(trains)
    members = tuple(
        dataclasses.replace(member, heterogeneity=distances.get(member.silo, {}))
        for member in cohort.members
    )
    return dataclasses.replace(cohort, members=members)


def write_statistics(
    folder: str | pathlib.Path, disclosed: Mapping[str, Statistics]
) -> None:
    """Write all silos' statistics into an artifact's folder."""
    for silo, found in disclosed.items():
        statistics.write(folder, silo, found)
