"""The pointer to a silo's predictions of a span: which files count.

Readers open this file first: it takes the place of the one before in one step, when all
rows of the span are scored, so nobody reads half a span. Files beside it that it does
not list belong to a run that was killed, or to one before.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping
from typing import ClassVar

from components import digests, storage
from components.payloads.benefit import BASE
from components.payloads.payload import Payload

PARTS = "parts"
DEAD_LETTERS = "dead-letters"


@dataclasses.dataclass(frozen=True)
class Part:
    """A file of predictions, and the rows that it was made from."""

    name: str  # in `parts/`, and in `dead-letters/` where it has any
    input: str  # the file of rows, below the silo's home where it lies there
    tag: str  # what that file was: its SHA-256 or ETag
    rows: int  # that were scored
    dead_letters: int  # rows that could not be scored
    bytes: int  # of the file of predictions
    digest: str  # SHA-256 of the file of predictions
    missing: tuple[str, ...] = ()  # columns of the model that the rows lack
    # Dead letters by reason: a sentence with the name of a column, and no value.
    reasons: dict[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Predictions(Payload):
    """The predictions of one silo and span."""

    FILE_NAME: ClassVar[str] = "_predictions.json"
    NODE: ClassVar[str] = "BatchInferrer"

    silo: str
    span: str
    model: str  # digest of the model that scored
    served: str = BASE  # what it is: `base`, `personal` or `alone`
    form: str = ""  # digest of all but the rows that the parts follow from
    parts: tuple[Part, ...] = ()

    @property
    def digest(self) -> str:
        """What stands for all of it."""
        return digests.of_json(self.fields())

    @property
    def rows(self) -> int:
        """Rows that were scored."""
        return sum(part.rows for part in self.parts)

    @property
    def dead_letters(self) -> int:
        """Rows that could not be scored."""
        return sum(part.dead_letters for part in self.parts)


def most_first(reasons: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return dead letters by reason, added up and sorted, the most first."""
    found: collections.Counter[str] = collections.Counter()
    for one in reasons:
        found.update(one)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def in_words(reasons: Mapping[str, int]) -> str:
    """Return dead letters by reason in a line: `` `age` is infinite (12) ``."""
    return ", ".join(f"{reason} ({rows:,})" for reason, rows in reasons.items())


def pointer(folder: str) -> str:
    """Return where the pointer of a span's folder lies."""
    return f"{folder}/{Predictions.FILE_NAME}"


def read(folder: str) -> Predictions | None:
    """Read the pointer of a span's folder; None where there is none.

    Raises:
        FairSiloError: It is damaged, or the storage can't be read.
    """
    path = pointer(folder)
    try:
        return Predictions.of_json(storage.read(path), path)
    except FileNotFoundError:
        return None


def missing(folder: str, found: Predictions) -> list[Part]:
    """Return the parts that are not there with their size, or lack their dead letters.

    Raises:
        StorageError: The folder can't be listed.
    """
    there = _sizes(folder, PARTS)
    letters = _sizes(folder, DEAD_LETTERS) if found.dead_letters else {}
    return [
        part
        for part in found.parts
        if there.get(part.name) != part.bytes
        or (part.dead_letters and part.name not in letters)
    ]


def _sizes(folder: str, kind: str) -> dict[str, int]:
    """Return the size of each file of a kind, unit: bytes."""
    return {
        file.path.rpartition("/")[2]: file.size
        for file in storage.find(f"{storage.escape(folder)}/{kind}/*.parquet")
    }
