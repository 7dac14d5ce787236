"""The manifest: what each silo holds, by reference.

It lists silos, their input files and their splits with rows and digests; no row
is in it. A silo whose data can't be read has an entry with the reason.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Iterator
from typing import Any

from components.silos import findings
from components.silos.findings import Finding
from components.silos.silo import Silo

FILE_NAME = "manifest.json"

TRAIN = "train"
EVAL = "eval"
SCORE = "score"  # rows to be scored, without their label
NEXT = "next"  # the labelled rows of the span after, where they are known


@dataclasses.dataclass(frozen=True)
class InputFile:
    """One of a silo's own files, as found when it was read.

    Attributes:
        path: Where it lies.
        digest: SHA-256 of its bytes.
        rows: Rows in it.
    """

    path: str
    digest: str
    rows: int


@dataclasses.dataclass(frozen=True)
class Split:
    """A written split of one silo.

    Attributes:
        path: A Parquet file below the silo's home; its content never changes.
        digest: SHA-256 of its bytes.
        rows: Rows in it.
    """

    path: str
    digest: str
    rows: int


@dataclasses.dataclass(frozen=True)
class SiloEntry:
    """What one silo holds.

    Attributes:
        silo: The silo.
        inputs: Its input files.
        splits: Its splits by name; empty when the data can't be read.
        error: Why the data can't be read; None when it can.
        unreadable: Why files were left out, while others were read.
        unscored: Those of them whose rows would have been scored.
        notes: What was found in files that were read.
    """

    silo: Silo
    inputs: tuple[InputFile, ...] = ()
    splits: dict[str, Split] = dataclasses.field(default_factory=dict)
    error: Finding | None = None
    unreadable: tuple[Finding, ...] = ()
    unscored: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()

    def rows(self, split: str) -> int:
        """Return the rows of a split, 0 where there is none."""
        return self.splits[split].rows if split in self.splits else 0


@dataclasses.dataclass(frozen=True)
class Manifest:
    """All silos of a span, sorted by id.

    Attributes:
        use_case: Name of the use case.
        span: The span, empty where the data has none.
        entries: One for each silo.
    """

    use_case: str
    span: str
    entries: tuple[SiloEntry, ...]

    def __getitem__(self, silo: str) -> SiloEntry:
        """Return a silo's entry.

        Raises:
            KeyError: There is no such silo.
        """
        for entry in self.entries:
            if entry.silo.id == silo:
                return entry
        raise KeyError(silo)

    def __iter__(self) -> Iterator[SiloEntry]:
        """Iterate over the entries, sorted by silo id."""
        return iter(self.entries)

    @property
    def silos(self) -> list[str]:
        """Ids of all silos, sorted."""
        return [entry.silo.id for entry in self.entries]

    def readable(self, split: str) -> list[SiloEntry]:
        """Return the entries that have at least one row in `split`."""
        return [entry for entry in self.entries if entry.rows(split)]

    def write(self, folder: str | pathlib.Path) -> None:
        """Write the manifest into an artifact's folder."""
        text = json.dumps(dataclasses.asdict(self), indent=1, ensure_ascii=False)
        pathlib.Path(folder, FILE_NAME).write_text(text, encoding="utf-8")


def read(folder: str | pathlib.Path) -> Manifest:
    """Read the manifest from an artifact's folder."""
    data = json.loads(pathlib.Path(folder, FILE_NAME).read_text(encoding="utf-8"))
    entries = tuple(_entry(item) for item in data["entries"])
    return Manifest(data["use_case"], data["span"], entries)


def _entry(item: dict[str, Any]) -> SiloEntry:
    return SiloEntry(
        silo=Silo(**item["silo"]),
        inputs=tuple(InputFile(**file) for file in item["inputs"]),
        splits={name: Split(**split) for name, split in item["splits"].items()},
        error=findings.of_json(item["error"]) if item["error"] else None,
        unreadable=findings.all_of_json(item["unreadable"]),
        unscored=findings.all_of_json(item["unscored"]),
        notes=findings.all_of_json(item["notes"]),
    )
