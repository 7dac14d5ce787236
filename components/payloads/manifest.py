"""The manifest: what each silo holds, by reference.

It lists silos, their input files and their splits with rows and digests; no row
is in it. A silo whose data can't be read has an entry with the reason. What it says
is checked: its own digest when it is read, a split's by each task that reads the split.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from components import digests
from components.errors import SiloError
from components.payloads.findings import Finding
from components.payloads.payload import Payload
from components.payloads.silo import Silo

TRAIN = "train"
CHOOSE = "choose"  # no model trains on them; each silo's model is chosen by them
EVAL = "eval"
SCORE = "score"  # rows to be scored, without their label
NEXT = "next"  # the labelled rows of the span after, where they are known


@dataclasses.dataclass(frozen=True)
class DataFile:
    """A file of rows: one of a silo's own as it was read, or one of a split."""

    path: str
    digest: str  # SHA-256 of its bytes
    rows: int


@dataclasses.dataclass(frozen=True)
class Split:
    """A written split of one silo: Parquet files below its home, none without a row.

    They are in the order of the rows, have the same columns, and never change.
    """

    files: tuple[DataFile, ...] = ()

    @classmethod
    def of(cls, path: str, digest: str, rows: int) -> Split:
        """Return the split that is one file."""
        return cls((DataFile(path, digest, rows),))

    @property
    def rows(self) -> int:
        """Rows in it."""
        return sum(file.rows for file in self.files)

    @property
    def paths(self) -> list[str]:
        """Where its files lie."""
        return [file.path for file in self.files]

    @property
    def digest(self) -> str:
        """What stands for its content."""
        if len(self.files) == 1:
            return self.files[0].digest
        return digests.of_json([file.digest for file in self.files])


@dataclasses.dataclass(frozen=True)
class SiloEntry:
    """What one silo holds."""

    silo: Silo
    inputs: tuple[DataFile, ...] = ()  # its own files
    splits: dict[str, Split] = dataclasses.field(default_factory=dict)  # by name
    error: Finding | None = None  # why the data can't be read; then no splits
    unreadable: tuple[Finding, ...] = ()  # why files were left out, others read
    unreadable_to_score: tuple[Finding, ...] = ()  # those that were to be scored
    notes: tuple[Finding, ...] = ()  # on files that were read
    no_files_in_spans: bool = False  # there is none to read, so none is missing

    def files(self, *splits: str) -> list[DataFile]:
        """Return the files of some splits, or of all."""
        names = splits or self.splits
        return [file for name in names for file in self.splits[name].files]

    def digests(self, *splits: str) -> dict[str, str]:
        """Return the digests of splits' files, or of all, by path; see `verify`."""
        return {file.path: file.digest for file in self.files(*splits)}

    def rows(self, split: str) -> int:
        """Return the rows of a split, 0 where there is none."""
        return self.splits[split].rows if split in self.splits else 0


@dataclasses.dataclass(frozen=True)
class Manifest(Payload):
    """All silos of a span, sorted by id."""

    FILE_NAME: ClassVar[str] = "manifest.json"
    NODE: ClassVar[str] = "SiloExampleGen"

    use_case: str
    span: str  # empty where the data has none
    entries: tuple[SiloEntry, ...]
    digest: str = dataclasses.field(default="", compare=False)  # of all the rest

    def __getitem__(self, silo: str) -> SiloEntry:
        """Return a silo's entry; a KeyError where there is no such silo."""
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

    def fields(self) -> dict[str, Any]:
        """Return what the file holds, with the digest of all the rest."""
        return _sealed(super().fields())

    @classmethod
    def of_json(cls, content: bytes | str, place: str = "") -> Self:
        """Return the manifest that a file's content is of.

        Raises:
            FairSiloError: It is cut, of another form, or was changed.
        """
        found = super().of_json(content, place)
        # Of the file as it is: fields as dataclasses take many times as long.
        if _sealed(json.loads(content))["digest"] != found.digest:
            raise cls.damaged(place, "content that was changed after it was written")
        return found


def _sealed(fields: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest's fields with their digest."""
    return fields | {"digest": digests.of_json(fields | {"digest": ""})}


class ChangedSplitError(SiloError):
    """A split whose bytes are not those that its manifest lists."""

    is_temporary = True


def verify(silo: Silo, expected: Mapping[str, str]) -> None:
    """Check that a silo's split files have the SHA-256 that a manifest lists by path.

    One that is gone is left to its reader.

    Raises:
        ChangedSplitError: The bytes of one are others.
    """
    for path, digest in expected.items():
        try:
            now = pathlib.Path(path).stat()
        except FileNotFoundError:
            continue
        if _digest(path, now.st_ino, now.st_size, now.st_mtime_ns) != digest:
            raise ChangedSplitError(
                silo.id,
                path,
                "bytes that were changed or damaged since the split was written",
                f"SHA-256 {digest[:12]}, as in the manifest",
                "delete this file and run again: it is written anew",
            )


@functools.lru_cache(maxsize=4096)  # in one process: Beam scores a file in items
def _digest(path: str, *_state: int) -> str:
    return digests.of_file(path)
