"""What SiloValidator does: profile each silo, compare, and judge."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tensorflow_metadata.proto.v0 import schema_pb2

from components.payloads import egress, findings, statistics
from components.payloads.cohort import Cohort
from components.payloads.egress import EgressItem
from components.payloads.findings import Finding
from components.payloads.manifest import TRAIN, Manifest
from components.payloads.statistics import Statistics
from components.silo_validator import (
    between_silos,
    column_faults,
    heterogeneity,
    tfdv_checks,
    verdict,
)
from components.silo_validator.earlier_statistics import EarlierStatistics
from components.silo_validator.profile import ENVIRONMENTS, PROFILE
from components.silo_validator.settings import Columns, ValidationSettings
from components.silos import engine
from components.silos.tasks import Failure


class Validation(NamedTuple):
    """Who trains, what each silo disclosed, and what left it."""

    cohort: Cohort
    statistics: dict[str, Statistics]
    egress: dict[str, list[EgressItem]]


def validate(
    manifest: Manifest,
    schema: schema_pb2.Schema,
    columns: Columns,
    settings: ValidationSettings,
    quarantined: Mapping[str, str],
    earlier: Mapping[str, EarlierStatistics],
    reminders: Mapping[str, tuple[Finding, ...]],
) -> Validation:
    """Check every silo and decide who trains.

    Of silos that the operator quarantined, the reasons are given, and of those that
    have some, the earlier statistics and the reminders.
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
                "splits": {name: entry.splits[name].paths for name in read},
                "digests": entry.digests(*read),
            },
        )
        for entry in manifest
        if not entry.error
        for read in [[name for name in ENVIRONMENTS if entry.rows(name)]]
    ]
    profiles: dict[str, verdict.Profile] = {}
    values: dict[str, dict[str, Any]] = {}
    disclosed: dict[str, Statistics] = {}
    left: dict[str, list[EgressItem]] = {}
    for silo, outcome in engine.run(PROFILE, calls):
        if isinstance(outcome, Failure):
            profiles[silo.id] = verdict.Profile((outcome.finding,))
            left[silo.id] = [egress.of_failure(outcome.num_bytes)]
            continue
        values[silo.id] = outcome.values
        found = disclosed[silo.id] = Statistics.FromString(outcome.payload)
        reasons = findings.all_of_json(outcome.values["reasons"])
        notes = findings.all_of_json(outcome.values["notes"])
        size = len(outcome.payload)
        sketches = outcome.values["sketches"]
        size_of_sketches = len(json.dumps(sketches))
        number = len(reasons) + len(notes)
        left[silo.id] = [
            EgressItem("statistics", len(found.datasets), size),
            EgressItem("row sketches", len(sketches), size_of_sketches),
            EgressItem("findings", number, outcome.num_bytes - size - size_of_sketches),
        ]
        drifted = _drift(found, silo.id, schema, earlier)
        noted = verdict.Profile(reasons, notes + reminders.get(silo.id, ()))
        profiles[silo.id] = noted.adding(settings.drift, drifted)
    rows = {entry.silo.id: entry.rows(TRAIN) for entry in manifest}
    profiles = between_silos.compare(profiles, values, rows, settings)
    trains = {
        silo: train
        for silo, found in disclosed.items()
        if (train := statistics.split_of(found, TRAIN))
    }
    for name, faults in column_faults.find(trains).items():
        profiles[name] = profiles[name].adding(settings.column_faults, faults)
    distances = heterogeneity.distances(trains)
    cohort = verdict.judge(manifest, profiles, quarantined, settings.quorum, distances)
    return Validation(cohort, disclosed, left)


def _drift(
    now: Statistics,
    silo: str,
    schema: schema_pb2.Schema,
    earlier: Mapping[str, EarlierStatistics],
) -> Iterator[Finding]:
    if found := earlier.get(silo):
        before = statistics.split_of(statistics.read(found.folder, silo), TRAIN)
        train = statistics.split_of(now, TRAIN)
        if before and train:
            then = Statistics(datasets=[before])
            compared = Statistics(datasets=[train])
            yield from tfdv_checks.drift(compared, then, schema, found.span)
