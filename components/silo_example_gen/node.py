"""What SiloExampleGen does: run `ingest` in each silo and write the manifest."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from tensorflow_metadata.proto.v0 import schema_pb2

from components.payloads import findings
from components.payloads.egress import Departure
from components.payloads.findings import Finding
from components.payloads.manifest import InputFile, Manifest, SiloEntry, Split
from components.silo_example_gen import ingest
from components.silo_example_gen.discovery import FEW, Found, Window
from components.silo_example_gen.settings import SourceSettings
from components.silos import engine, tasks

INGEST = tasks.Task("ingest", ingest.ingest)


def take_in(
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
    calls = [
        (
            silo.silo,
            {
                "source": source.model_dump(mode="json"),
                "schema": schema.SerializeToString(deterministic=True).hex(),
                "code": code,
                "history": silo.paths(chosen.history),
                "following": silo.paths([chosen.following]) if chosen.following else [],
            },
        )
        for silo in found
        if not silo.error
    ]
    outcomes = {silo.id: outcome for silo, outcome in engine.run(INGEST, calls)}
    spans = (*chosen.history, chosen.following)
    entries = [
        dataclasses.replace(
            entry,
            has_no_file=not silo.error and not silo.paths(spans),
            notes=(*entry.notes, *_lacking(silo, chosen)),
        )
        for silo in found
        for entry in [_entry(silo, outcomes.get(silo.silo.id))]
    ]
    return Manifest(use_case, chosen.span, tuple(entries))


def _lacking(found: Found, chosen: Window) -> list[Finding]:
    """Return a note where a silo lacks spans that others learn from."""
    own = {file["span"] for file in found.files}
    lacking = [span for span in chosen.history if span not in own]
    if not own or not lacking:
        return []
    more = f" and {len(lacking) - FEW} more" if lacking[FEW:] else ""
    return [
        Finding(
            f"no file of {len(lacking)} of {len(chosen.history)} spans to learn from: "
            f"{', '.join(lacking[:FEW])}{more}",
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
        inputs=tuple(InputFile(**item) for item in values["inputs"]),
        splits={name: Split(**item) for name, item in values["splits"].items()},
        unreadable=findings.all_of_json(values["unreadable"]),
        unscored=findings.all_of_json(values["unscored"]),
        notes=(*found.notes, *findings.all_of_json(values["notes"])),
    )


def departures(
    manifest: Manifest, found: Sequence[Found]
) -> dict[str, list[Departure]]:
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
        listed: list[InputFile | Split] = [*entry.inputs, *entry.splits.values()]
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
