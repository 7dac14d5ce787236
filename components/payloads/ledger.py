"""The ledger: what a run of inference did, and what it did not do and why.

Predictions lie in the silos' own places; this is all that the federation keeps
of them. No time is in it, so that the same work gives the same bytes.
"""

from __future__ import annotations

import dataclasses
import pathlib
from typing import ClassVar

from components.payloads.payload import Payload

DONE = "done"
SKIPPED = "skipped"
FAILED = "failed"
NOTHING = "nothing to score"


@dataclasses.dataclass(frozen=True)
class SiloLine:
    """The predictions of one silo.

    Attributes:
        silo: The silo's id.
        path: Folder of its files, below its home.
        rows: Rows scored.
        dead_letters: Rows that could not be scored, kept beside with the reason.
        digest: Digest of the files of predictions.
        files: Files in the folder, those of dead letters with them.
        bytes: Their size together, unit: bytes.
    """

    silo: str
    path: str
    rows: int
    dead_letters: int
    digest: str
    files: int
    bytes: int

    @property
    def is_intact(self) -> bool:
        """Whether the files are still there, by their number and size."""
        sizes = [
            file.stat().st_size for file in pathlib.Path(self.path).rglob("*.parquet")
        ]
        return (len(sizes), sum(sizes)) == (self.files, self.bytes)


@dataclasses.dataclass(frozen=True)
class FailureLine:
    """A work item that was not scored.

    Attributes:
        silo: The silo's id.
        item: The input file, and its part where it was cut; empty where the
            manifest already says that the silo's data can't be read.
        reason: What was found, what was expected and the way out; no record.
    """

    silo: str
    item: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Unscored:
    """A silo of which rows should have been scored and were not.

    Attributes:
        silo: The silo's id.
        reason: Why, in a sentence with the way out.
    """

    silo: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Ledger(Payload):
    """The account of a run.

    Attributes:
        status: One of `DONE`, `SKIPPED`, `FAILED`, `NOTHING`.
        reason: Why not all was scored, in a sentence; empty when all was.
        model: The model's digest; empty where there is no model.
        rows: Rows scored, those of resumed items with them.
        dead_letters: Rows that could not be scored.
        resumed: Work items that an earlier run had done.
        silos: One line for each silo with predictions, sorted by silo.
        failures: One line for each item that failed, sorted by silo and item.
        unscored: The silos that lack predictions, one line each, sorted by silo.
        without: The columns of the model that a silo's rows do not have, by silo;
            they count as missing in each row.
    """

    FILE_NAME: ClassVar[str] = "ledger.json"
    NODE: ClassVar[str] = "BatchInferrer"

    status: str
    reason: str = ""
    model: str = ""
    rows: int = 0
    dead_letters: int = 0
    resumed: int = 0
    silos: tuple[SiloLine, ...] = ()
    failures: tuple[FailureLine, ...] = ()
    unscored: tuple[Unscored, ...] = ()
    without: dict[str, list[str]] = dataclasses.field(default_factory=dict)

    @property
    def is_settled(self) -> bool:
        """Whether a run with the same inputs would change nothing.

        It would where an item failed, since its cause may have been mended, and
        where predictions were deleted since. A silo whose data could not be read
        when the manifest was written has no item: that is settled.
        """
        if any(line.item for line in self.failures):
            return False
        return all(line.is_intact for line in self.silos)
