"""SiloExampleGen: which silos were read, and what of each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from components.dashboard import formats
from components.dashboard.run.key_figures import KeyFigure
from components.payloads import manifest
from components.payloads.findings import sentences
from components.payloads.manifest import DataFile, Manifest, SiloEntry
from pipelines.runners.result import NodeResult
from pipelines.runners.step_reports import outputs
from pipelines.runners.step_reports.content import Column, Content, Table, verb

SPLITS = {
    manifest.TRAIN: "Rows to train",
    manifest.EVAL: "Rows to evaluate",
    manifest.SCORE: "Rows to score",
    manifest.NEXT: "Rows of the following span",
}

NUM_NAMES = 2  # of a silo's files, from the first and from the last


def describe(nodes: Mapping[str, NodeResult]) -> Content:
    """Return what the step says.

    Raises:
        FairSiloError: Its output is not there.
    """
    listed = outputs.required(nodes, "SiloExampleGen", "examples", Manifest.read)
    entries = listed.entries
    broken = [entry for entry in entries if entry.error]
    rows = {split: sum(entry.rows(split) for entry in listed) for split in SPLITS}
    splits = [split for split in SPLITS if rows[split]]
    good = len(entries) - len(broken)
    return Content(
        f"{formats.count(good)} of {formats.count(len(entries))} silos could be read",
        "bad" if broken else "good",
        notices=_unreadable(entries),
        figures=(
            *(KeyFigure(SPLITS[split], formats.count(rows[split])) for split in splits),
            KeyFigure("Files", formats.count(sum(len(e.inputs) for e in entries))),
        ),
        tables=(
            Table(
                "Silos",
                (
                    Column("Silo"),
                    *(Column(SPLITS[split], "number") for split in splits),
                    Column("Files", "sentence"),
                    Column("Faults", "sentence"),
                ),
                tuple(_row(entry, splits) for entry in sorted(entries, key=_rank)),
            ),
        ),
        metrics={
            "silos": len(entries),
            "silos that could not be read": len(broken),
            **{SPLITS[split].lower(): rows[split] for split in splits},
        },
    )


def _unreadable(entries: Sequence[SiloEntry]) -> tuple[str, ...]:
    files = sum(len(entry.unreadable) for entry in entries)
    if not files:
        return ()
    was = verb(files, "file was", "files were")
    return (f"{formats.count(files)} {was} left out, while others could be read.",)


def _rank(entry: SiloEntry) -> tuple[bool, bool, str]:
    return (not entry.error, not entry.unreadable, entry.silo.id)


def _row(entry: SiloEntry, splits: Sequence[str]) -> tuple[str | tuple[str, ...], ...]:
    faults = sentences(filter(None, (entry.error, *entry.unreadable)))
    return (
        entry.silo.id,
        *(formats.count(entry.rows(split)) for split in splits),
        _files(entry.inputs),
        faults,
    )


def _files(inputs: Sequence[DataFile]) -> str:
    """Return number and names: files are often named by their span."""
    paths = sorted(file.path for file in inputs)
    if not paths:
        return formats.NONE
    shared = os.path.commonpath([os.path.dirname(path) for path in paths])  # noqa: PTH120
    names = [os.path.relpath(path, shared) for path in paths]
    if len(names) > 2 * NUM_NAMES:
        names = [*names[:NUM_NAMES], "…", *names[-NUM_NAMES:]]
    return f"{formats.count(len(paths))}: {', '.join(names)}"
