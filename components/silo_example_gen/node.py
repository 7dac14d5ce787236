"""What SiloExampleGen does: run `ingest` in each silo and write the manifest."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from tensorflow_metadata.proto.v0 import schema_pb2

from components.payloads import findings
from components.payloads.egress import Departure
from components.payloads.findings import Finding
from components.payloads.manifest import DataFile, Manifest, SiloEntry, Split
from components.silo_example_gen.discovery import FEW, Found, Window
from components.silo_example_gen.ingest import INGEST
from components.silo_example_gen.settings import SourceSettings
from components.silos import engine, stale_files, tasks

logger = logging.getLogger(__name__)


def ingest_all(
    use_case: str,
    found: Sequence[Found],
    chosen: Window,
    source: SourceSettings,
    schema: schema_pb2.Schema,
    code: str,
) -> Manifest:
    """Write the splits of all silos, and list them.

    Args:
        use_case: Name of the use case.
        found: The silos and their files.
        chosen: The spans to read.
        source: What a row means.
        schema: The columns to read, with their types.
        code: Digest of our code, part of the splits' names.

    Returns:
        The manifest, with an entry for every silo, also those that failed.
    """
    following = [chosen.following] if chosen.following else []
    calls = [
        (
            silo.silo,
            {
                "rows": source.rows.model_dump(mode="json"),
                "schema": schema.SerializeToString(deterministic=True).hex(),
                "code": code,
                "history": silo.of_spans(chosen.history),
                "following": silo.of_spans(following),
            },
        )
        for silo in found
        if not silo.error
    ]
    outcomes = {silo.id: outcome for silo, outcome in engine.run(INGEST, calls)}
    _log_removed(outcomes)
    spans = (*chosen.history, chosen.following)
    entries = [
        dataclasses.replace(
            entry,
            has_no_file=not silo.error and not silo.of_spans(spans),
            notes=(*entry.notes, *_missing_spans(silo, chosen)),
        )
        for silo in found
        for entry in [_entry(silo, outcomes.get(silo.silo.id))]
    ]
    return Manifest(use_case, chosen.span, tuple(entries))


def _log_removed(outcomes: Mapping[str, tasks.Outcome]) -> None:
    removed = {
        silo: outcome.values["removed"]
        for silo, outcome in outcomes.items()
        if isinstance(outcome, tasks.Result) and outcome.values["removed"]
    }
    if removed:
        logger.warning(
            "removed %d files' splits that no run has used for %d days, of %d silos",
            *(sum(removed.values()), stale_files.MAX_AGE_DAYS, len(removed)),
        )


def _missing_spans(found: Found, chosen: Window) -> list[Finding]:
    """Return a note where a silo has no file of spans that others learn from."""
    own = {file["span"] for file in found.files}
    missing = [span for span in chosen.history if span not in own]
    if not own or not missing:
        return []
    more = f" and {len(missing) - FEW} more" if missing[FEW:] else ""
    return [
        Finding(
            f"no file of {len(missing)} of {len(chosen.history)} spans to learn from: "
            f"{', '.join(missing[:FEW])}{more}",
            "export them, unless the silo has no data of that time",
        )
    ]


def _entry(found: Found, outcome: tasks.Result | tasks.Failure | None) -> SiloEntry:
    if isinstance(outcome, tasks.Failure):
        return SiloEntry(found.silo, error=outcome.finding, notes=found.notes)
    if outcome is None:
        return SiloEntry(found.silo, error=found.error, notes=found.notes)
    values = outcome.values
    return SiloEntry(
        found.silo,
        inputs=_files(values["inputs"]),
        splits={
            name: Split(_files(item["files"]))
            for name, item in values["splits"].items()
        },
        unreadable=findings.all_of_json(values["unreadable"]),
        unscored=findings.all_of_json(values["unscored"]),
        notes=(*found.notes, *findings.all_of_json(values["notes"])),
    )


def _files(items: Sequence[Mapping[str, Any]]) -> tuple[DataFile, ...]:
    return tuple(DataFile(**item) for item in items)


def egress_of(manifest: Manifest, found: Sequence[Found]) -> dict[str, list[Departure]]:
    """Return what left each silo: what its entry holds, and its other files' names.

    Args:
        manifest: What the silos told of the files that were read.
        found: What they told of all files; of those that were read the same.
    """
    files = {silo.silo.id: silo.files for silo in found}
    left = {}
    for entry in manifest:
        read = {file.path for file in entry.inputs}
        others = [file for file in files[entry.silo.id] if file["path"] not in read]
        listed = [*entry.inputs, *entry.files()]
        said = [*entry.unreadable, *entry.unscored, *entry.notes]
        said += [entry.error] if entry.error else []
        by_kind = {
            "counts and digests": [
                *(dataclasses.asdict(item) for item in listed),
                *others,
            ],
            "findings and label counts": [dataclasses.asdict(item) for item in said],
        }
        left[entry.silo.id] = [
            Departure(kind, len(items), len(json.dumps(items).encode()))
            for kind, items in by_kind.items()
            if items
        ]
    return left
