"""What SiloValidator does: profile each silo, compare, and judge."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import TypeAlias

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.payloads import egress, findings, statistics
from components.payloads.cohort import Cohort
from components.payloads.egress import Departure
from components.payloads.findings import Finding
from components.payloads.manifest import TRAIN, Manifest
from components.silo_validator import heterogeneity, profile, tfdv_checks, verdict
from components.silo_validator.baselines import Baseline
from components.silo_validator.settings import Columns, ValidationSettings
from components.silos import engine, tasks

Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatisticsList

PROFILE = tasks.Task(
    "profile", profile.profile, imports=("tensorflow_data_validation",)
)


@dataclasses.dataclass(frozen=True)
class Validation:
    """The node's results.

    Attributes:
        cohort: Who trains.
        statistics: What each silo disclosed.
        egress: What left each silo.
    """

    cohort: Cohort
    statistics: dict[str, Statistics]
    egress: dict[str, list[Departure]]

    def write_statistics(self, folder: str | pathlib.Path) -> None:
        """Write all silos' statistics, and what left them, into a folder."""
        for silo, found in self.statistics.items():
            statistics.write(folder, silo, found)
        egress.write(folder, self.egress)


def validate(
    manifest: Manifest,
    schema: schema_pb2.Schema,
    columns: Columns,
    settings: ValidationSettings,
    quarantined: Mapping[str, str],
    baselines: Mapping[str, Baseline],
) -> Validation:
    """Check every silo and decide who trains.

    Args:
        manifest: All silos.
        schema: The shared schema.
        columns: Which columns are not features.
        settings: The bounds.
        quarantined: Reasons of the silos that the operator quarantined.
        baselines: Where there is one, a silo's earlier statistics.
    """
    arguments = {
        "schema": schema.SerializeToString(deterministic=True).hex(),
        "columns": dataclasses.asdict(columns),
        "settings": settings.model_dump(mode="json"),
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
            profiles[silo.id] = verdict.Profile((outcome.finding,))
            left[silo.id] = [egress.of_failure(outcome.num_bytes)]
            continue
        disclosed[silo.id] = Statistics.FromString(outcome.payload)
        reasons = findings.all_of_json(outcome.values["reasons"])
        notes = findings.all_of_json(outcome.values["notes"])
        left[silo.id] = [
            Departure(
                "statistics", len(disclosed[silo.id].datasets), len(outcome.payload)
            ),
            Departure(
                "findings and label counts",
                len(reasons) + len(notes),
                outcome.num_bytes - len(outcome.payload),
            ),
        ]
        drifted = _drift(disclosed[silo.id], silo.id, schema, baselines)
        if settings.drift == "quarantine":
            reasons += drifted
        else:
            notes += drifted
        profiles[silo.id] = verdict.Profile(reasons, notes)
    cohort = verdict.judge(manifest, profiles, quarantined, settings.quorum)
    distances = heterogeneity.distances(
        {
            silo: train
            for silo, found in disclosed.items()
            if (train := statistics.split_of(found, TRAIN)) is not None
        }
    )
    members = tuple(
        dataclasses.replace(member, heterogeneity=distances.get(member.silo, {}))
        for member in cohort.members
    )
    return Validation(dataclasses.replace(cohort, members=members), disclosed, left)


def _drift(
    now: Statistics,
    silo: str,
    schema: schema_pb2.Schema,
    baselines: Mapping[str, Baseline],
) -> tuple[Finding, ...]:
    if silo not in baselines:
        return ()
    baseline = baselines[silo]
    before = statistics.split_of(statistics.read(baseline.folder, silo), TRAIN)
    train = statistics.split_of(now, TRAIN)
    if before is None or train is None:
        return ()
    return tuple(
        tfdv_checks.drift(
            Statistics(datasets=[train]),
            Statistics(datasets=[before]),
            schema,
            baseline.span,
        )
    )
