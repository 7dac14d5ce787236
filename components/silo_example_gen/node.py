"""What SiloExampleGen does: run `ingest` in each silo and list what it wrote."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pydantic
from tensorflow_metadata.proto.v0 import schema_pb2

from components.payloads import egress
from components.payloads.egress import EgressItem
from components.payloads.findings import Finding
from components.payloads.manifest import Manifest, SiloEntry
from components.silo_example_gen.discovery import Found, Window, shortened
from components.silo_example_gen.ingest import INGEST
from components.silo_example_gen.settings import SourceSettings
from components.silos import engine, stale_files
from components.silos.tasks import Outcome, Result

logger = logging.getLogger(__name__)

_ENTRY = pydantic.TypeAdapter(SiloEntry)


class Ingested(NamedTuple):
    """The manifest of all silos, and what left each."""

    manifest: Manifest
    egress: dict[str, list[EgressItem]]


def ingest_all(
    use_case: str,
    found: Sequence[Found],
    chosen: Window,
    source: SourceSettings,
    schema: schema_pb2.Schema,
    code: str,
) -> Ingested:
    """Write the splits of all silos, and list them, also those that failed.

    The digest of our code is part of the splits' names.
    """
    arguments = {
        "rows": source.rows.model_dump(mode="json"),
        "schema": schema.SerializeToString(deterministic=True).hex(),
        "code": code,
    }
    following = [chosen.following] if chosen.following else []
    calls = [
        (
            silo.silo,
            {
                **arguments,
                "history": silo.of_spans(chosen.history),
                "following": silo.of_spans(following),
            },
        )
        for silo in found
        if not silo.error and chosen.spans
    ]
    outcomes = {silo.id: outcome for silo, outcome in engine.run(INGEST, calls)}
    results = [one.values for one in outcomes.values() if isinstance(one, Result)]
    if removed := [one["removed"] for one in results if one["removed"]]:
        logger.warning(
            "removed %d files' splits that no run has used for %d days, of %d silos",
            *(sum(removed), stale_files.MAX_AGE_DAYS, len(removed)),
        )
    entries = tuple(_entry(silo, chosen, outcomes) for silo in found)
    left = {silo.silo.id: [*silo.left] for silo in found if silo.left}
    for name, outcome in outcomes.items():
        left[name] += _left(outcome)
    return Ingested(Manifest(use_case, chosen.span, entries), left)


def _entry(found: Found, chosen: Window, outcomes: Mapping[str, Outcome]) -> SiloEntry:
    entry = SiloEntry(found.silo, error=found.error)
    if outcome := outcomes.get(found.silo.id):
        if isinstance(outcome, Result):
            entry = _ENTRY.validate_python({"silo": found.silo, **outcome.values})
        else:
            entry = dataclasses.replace(entry, error=outcome.finding)
    return dataclasses.replace(
        entry,
        no_files_in_spans=not found.error and not found.of_spans(chosen.spans),
        notes=(*found.notes, *entry.notes, *_missing_spans(found, chosen)),
    )


def _missing_spans(found: Found, chosen: Window) -> list[Finding]:
    """Return a note where a silo has no file of spans that others learn from."""
    own = {file["span"] for file in found.files}
    missing = [span for span in chosen.history if span not in own]
    if not own or not missing:
        return []
    return [
        Finding(
            f"no file of {len(missing)} of {len(chosen.history)} spans to learn from: "
            f"{shortened(missing)}",
            "export them, unless the silo has no data of that time",
        )
    ]


def _left(outcome: Outcome) -> list[EgressItem]:
    """Return what left a silo as what its `ingest` gave."""
    if not isinstance(outcome, Result):
        return [egress.of_failure(outcome.num_bytes)]
    found = outcome.values
    said = [*found["unreadable"], *found["unreadable_to_score"], *found["notes"]]
    size = sum(len(json.dumps(one, ensure_ascii=False).encode()) for one in said)
    splits = found["splits"].values()
    files = len(found["inputs"]) + sum(len(split["files"]) for split in splits)
    left = [EgressItem("counts and digests", files, outcome.num_bytes - size)]
    return [*left, EgressItem("findings", len(said), size)] if said else left
