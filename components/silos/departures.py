"""What left a silo: the account that each node keeps and each silo can read.

Every node that takes something out of a silo writes one of these beside its
artifact: kind, count and bytes, silo by silo. The kinds are a closed list;
anything else that leaves is a bug. Of silo tasks each byte is counted, where their
results are read (`num_bytes` in `tasks.py`).
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Iterable, Mapping

from components.silos import tasks

FILE_NAME = "departures.json"

KINDS = (
    "statistics",  # TFDV statistics without rare values
    "findings and label counts",  # sentences about a silo's data, and why a task failed
    "model updates",  # one a round
    "training metrics",  # losses, norms and counts, one record a round
    "score sketches",  # counts by score bin and slice
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


def of_failure(failure: tasks.Failure) -> Departure:
    """Return the sentence that says why a task failed, as what left the silo."""
    return Departure("findings and label counts", 1, failure.num_bytes)


def write(folder: str | pathlib.Path, left: Mapping[str, Iterable[Departure]]) -> None:
    """Write what left each silo into an artifact's folder."""
    data = {
        silo: [dataclasses.asdict(item) for item in items]
        for silo, items in sorted(left.items())
    }
    path = pathlib.Path(folder, FILE_NAME)
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False), encoding="utf-8")


def read(folder: str | pathlib.Path) -> dict[str, list[Departure]]:
    """Read what left each silo from an artifact's folder; empty if none is kept."""
    path = pathlib.Path(folder, FILE_NAME)
    if not path.exists():
        return {}
    data = json.loads(path.read_text(encoding="utf-8"))
    return {silo: [Departure(**item) for item in items] for silo, items in data.items()}
