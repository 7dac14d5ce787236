"""The ledger: what a run of inference did, and what it did not do and why.

Predictions lie in the silos' own places; this is all that the federation keeps
of them. But for `speed` the same work gives the same bytes.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from components.errors import FairSiloError
from components.payloads import predictions
from components.payloads.benefit import BASE
from components.payloads.payload import Payload

DONE = "done"
SKIPPED = "skipped"
FAILED = "failed"
NOTHING = "nothing to score"


@dataclasses.dataclass(frozen=True)
class SiloLine:
    """The predictions of one silo."""

    silo: str
    path: str  # folder of its files, below its home
    rows: int  # that were scored
    dead_letters: int  # rows that could not be scored, kept beside with the reason
    digest: str  # of the pointer to its predictions
    files: int  # of predictions
    bytes: int  # their size together
    model: str = ""  # digest of the model that scored
    served: str = BASE  # what it is: `base`, `personal` or `alone`
    lost: str = ""  # why it is not the one that was chosen, in a sentence
    unchanged: int = 0  # rows of files that were scored before and are the same
    is_published: bool = False  # whether the pointer lists them, so readers see them
    # Dead letters by reason, the most first.
    reasons: dict[str, int] = dataclasses.field(default_factory=dict)

    @property
    def is_intact(self) -> bool:
        """Whether the pointer still lists these predictions, and they are there."""
        try:
            found = predictions.read(self.path)
            is_there = found is not None and not predictions.missing(self.path, found)
        except FairSiloError:
            return False
        return is_there and found is not None and found.digest == self.digest


@dataclasses.dataclass(frozen=True)
class Speed:
    """How fast a run scored the rows that no run had scored before."""

    rows: int
    seconds: float  # from the first item's start to the last one's end, by the clock
    cpu_seconds: float  # of all processes together

    @property
    def rows_per_second(self) -> float:
        """Rows a second, by the clock."""
        return self.rows / self.seconds if self.seconds else 0.0

    @property
    def cpu_seconds_per_million(self) -> float:
        """CPU seconds for a million rows."""
        return self.cpu_seconds / self.rows * 1e6 if self.rows else 0.0


@dataclasses.dataclass(frozen=True)
class FailureLine:
    """A work item that was not scored.

    `item` is the input file, and its part where it was cut; empty where the manifest
    already says that the silo's data can't be read.
    """

    silo: str
    item: str
    reason: str  # what was found, what was expected and the hint; no record


@dataclasses.dataclass(frozen=True)
class NotScored:
    """A silo of which rows should have been scored and were not."""

    silo: str
    reason: str  # a sentence with the hint


@dataclasses.dataclass(frozen=True)
class Ledger(Payload):
    """The account of a run; its lines are sorted by silo."""

    FILE_NAME: ClassVar[str] = "ledger.json"
    NODE: ClassVar[str] = "BatchInferrer"

    status: str  # one of `DONE`, `SKIPPED`, `FAILED`, `NOTHING`
    reason: str = ""  # what is not as it should be, in a sentence; empty when all is
    model: str = ""  # digest of the base model; empty where there is no model
    rows: int = 0  # that were scored, those of resumed items with them
    dead_letters: int = 0  # rows that could not be scored
    resumed: int = 0  # work items that a run that was ended had done
    unchanged: int = 0  # rows of files that were scored before and are the same
    silos: tuple[SiloLine, ...] = ()
    failures: tuple[FailureLine, ...] = ()
    silos_not_scored: tuple[NotScored, ...] = ()  # the silos that lack predictions
    # Columns of the model that a silo's rows lack; they count as missing.
    missing_columns: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    speed: Speed | None = None  # None where no row was scored in this run
    place: str = ""  # `inference.output`; empty where predictions lie in the homes

    @property
    def reasons(self) -> dict[str, int]:
        """Dead letters of all silos by reason, the most first."""
        return predictions.most_first(line.reasons for line in self.silos)

    @property
    def lost(self) -> dict[str, str]:
        """Why the base model scored in place of a silo's own, by silo."""
        return {line.silo: line.lost for line in self.silos if line.lost}

    @property
    def is_settled(self) -> bool:
        """Whether a run with the same inputs would change nothing.

        It would where an item failed, since its cause may have been mended, where
        predictions were deleted since, and where a silo's own model was lost, since it
        may be back. A silo whose data could not be read when the manifest was written
        has no item: that is settled.
        """
        if any(line.item for line in self.failures) or self.lost:
            return False
        return all(line.is_intact for line in self.silos if line.is_published)
