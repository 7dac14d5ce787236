"""Egress: what left each silo. Each node accounts for it, and each silo can read it.

Every node that takes something out of a silo writes `egress.json` beside its
artifact: kind, count and bytes, silo by silo. The kinds are a closed list;
anything else that leaves is a bug. Of silo tasks whose results an executor reads each
byte is counted (`num_bytes` in `tasks.py`). A driver that lists files for the cache
key counts nothing: the executor lists them again.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from components.payloads.model_run import Dropped, RoundRecord
from components.payloads.payload import Payload

KINDS = (
    "statistics",  # TFDV statistics without rare values, also of the label
    "row sketches",  # keyed digests of a share of the rows
    "findings",  # sentences about a silo's data, and why a task failed
    "model updates",  # one a round
    "training metrics",  # losses and rows, or noisy sums; one record a round
    "benefit figures",  # of the silo's models on its own rows, and which serves it
    "contribution figures",  # sums of losses of recombined models
    "score sketches",  # figures of own slices, and score bins for totals
    "counts and digests",  # of files, splits and predictions
)


@dataclasses.dataclass(frozen=True)
class EgressItem:
    """How many things of one of the `KINDS` left a silo, and their size together."""

    kind: str
    count: int
    bytes: int

    def __post_init__(self) -> None:
        """Refuse a kind that is not on the list."""
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} may not leave a silo: not one of {KINDS}")


def of_failure(num_bytes: int) -> EgressItem:
    """Return the sentence that says why a task failed, as what left the silo."""
    return EgressItem("findings", 1, num_bytes)


def of_training(
    failed: Iterable[Dropped],
    sent: Sequence[Mapping[str, int]],
    rounds: Iterable[RoundRecord],
    num_bytes: tuple[int, int],
) -> dict[str, list[EgressItem]]:
    """Return what left each silo in tasks and in the rounds that it answered.

    `sent` are the bytes of what `encode` gave, and the task that trains silos alone, by
    silo; `num_bytes` those of an update with its weight, and of a round's metrics.
    """
    left = {drop.silo: [of_failure(len(drop.reason.encode()))] for drop in failed}
    answered = Counter(one.silo for each in rounds for one in each.silos)
    (encoded, alone), (update, metrics) = sent, num_bytes
    for silo, size in encoded.items():
        times = answered[silo]
        told = times if metrics else 0
        left.setdefault(silo, []).extend(
            [
                EgressItem("counts and digests", 1, size),
                EgressItem("model updates", times, times * update),
                EgressItem("training metrics", told, told * metrics),
            ]
        )
    for silo, size in alone.items():
        left[silo].append(EgressItem("benefit figures", 1, size))
    return left


@dataclasses.dataclass(frozen=True)
class Egress(Payload):
    """What left each silo during a node."""

    FILE_NAME: ClassVar[str] = "egress.json"
    NODE: ClassVar[str] = "each node that takes something out of a silo"

    silos: dict[str, tuple[EgressItem, ...]]  # in the order of ids


def write(folder: str | pathlib.Path, left: Mapping[str, Iterable[EgressItem]]) -> None:
    """Write what left each silo into an artifact's folder."""
    Egress({silo: tuple(items) for silo, items in sorted(left.items())}).write(folder)


def read(folder: str | pathlib.Path) -> dict[str, tuple[EgressItem, ...]]:
    """Read what left each silo from an artifact's folder; empty without an account."""
    if not pathlib.Path(folder, Egress.FILE_NAME).exists():
        return {}
    return Egress.read(folder).silos


def total(
    folders: Iterable[str | pathlib.Path],
) -> dict[str, tuple[EgressItem, ...]]:
    """Return what left each silo, added up over artifacts' folders by kind."""
    left: dict[str, list[EgressItem]] = {}
    for folder in folders:
        for silo, items in read(folder).items():
            left.setdefault(silo, []).extend(items)
    return {silo: by_kind(items) for silo, items in sorted(left.items())}


def by_kind(items: Iterable[EgressItem]) -> tuple[EgressItem, ...]:
    """Return items added up, one of each kind that there is, in the kinds' order."""
    found = tuple(items)
    return tuple(
        EgressItem(kind, sum(i.count for i in same), sum(i.bytes for i in same))
        for kind in KINDS
        if (same := [item for item in found if item.kind == kind])
    )
