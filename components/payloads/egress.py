"""What left a silo: the account that each node keeps and each silo can read.

Every node that takes something out of a silo writes one of these beside its
artifact: kind, count and bytes, silo by silo. The kinds are a closed list;
anything else that leaves is a bug. Of silo tasks each byte is counted, where their
results are read (`num_bytes` in `tasks.py`).
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterable, Mapping
from typing import ClassVar

from components.payloads.payload import Payload

KINDS = (
    "statistics",  # TFDV statistics without rare values
    "findings and label counts",  # sentences about a silo's data, and why a task failed
    "model updates",  # one a round
    "training metrics",  # losses, norms and counts, one record a round
    "score sketches",  # figures of own slices, and score bins for totals
    "counts and digests",  # of files, splits and predictions
)


@dataclasses.dataclass(frozen=True)
class Departure:
    """One kind of thing that left a silo during a node.

    Attributes:
        kind: One of `KINDS`.
        count: How many.
        bytes: Their size together, unit: bytes.
    """

    kind: str
    count: int
    bytes: int

    def __post_init__(self) -> None:
        """Refuse a kind that is not on the list."""
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} may not leave a silo: not one of {KINDS}")


def of_failure(num_bytes: int) -> Departure:
    """Return the sentence that says why a task failed, as what left the silo."""
    return Departure("findings and label counts", 1, num_bytes)


@dataclasses.dataclass(frozen=True)
class Egress(Payload):
    """What left each silo during a node.

    Attributes:
        silos: What left, by silo, in the order of ids.
    """

    FILE_NAME: ClassVar[str] = "departures.json"
    NODE: ClassVar[str] = "each node that takes something out of a silo"

    silos: dict[str, tuple[Departure, ...]]


def write(folder: str | pathlib.Path, left: Mapping[str, Iterable[Departure]]) -> None:
    """Write what left each silo into an artifact's folder."""
    Egress({silo: tuple(items) for silo, items in sorted(left.items())}).write(folder)


def read(folder: str | pathlib.Path) -> dict[str, tuple[Departure, ...]]:
    """Read what left each silo from an artifact's folder; empty if none is kept."""
    if not pathlib.Path(folder, Egress.FILE_NAME).exists():
        return {}
    return Egress.read(folder).silos


def total(
    folders: Iterable[str | pathlib.Path],
) -> dict[str, tuple[Departure, ...]]:
    """Return what left each silo, added up over artifacts by kind.

    Args:
        folders: Artifacts' folders; those that keep no account add nothing.
    """
    sums: dict[str, dict[str, Departure]] = {}
    for folder in folders:
        for silo, items in read(folder).items():
            for item in items:
                kinds = sums.setdefault(silo, {})
                known = kinds.get(item.kind, Departure(item.kind, 0, 0))
                kinds[item.kind] = Departure(
                    item.kind, known.count + item.count, known.bytes + item.bytes
                )
    return {
        silo: tuple(kinds[kind] for kind in KINDS if kind in kinds)
        for silo, kinds in sorted(sums.items())
    }
