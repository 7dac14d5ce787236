"""What a silo tells of a split: the cells of each model, and the pairs.

One form for both ways out: under the silo's own name, and as its part of the pool
that is only told added up over silos (`pool.py`).
"""

from __future__ import annotations

import dataclasses
import itertools
import json

from components.fairness_evaluator.sketches import cells, pairs
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.pairs import Pair


@dataclasses.dataclass(frozen=True)
class Told:
    """What is told of one split.

    Attributes:
        min_rows: Fewest rows of a slice that the silo tells of; its condition.
        cells: The cells by model, the candidate first.
        pairs: Both models together; empty where there is one.
    """

    min_rows: int
    cells: dict[str, list[Cell]]
    pairs: list[Pair]

    def __len__(self) -> int:
        """Return how many things are told."""
        return len(self.pairs) + sum(map(len, self.cells.values()))

    def to_bytes(self) -> bytes:
        """Return it as a line of JSON and Arrow IPC streams."""
        parts = [cells.to_bytes(found) for found in self.cells.values()]
        parts.append(pairs.to_bytes(self.pairs))
        head = {
            "min_rows": self.min_rows,
            "models": list(self.cells),
            "bytes": [len(part) for part in parts],
        }
        return b"\n".join([json.dumps(head).encode(), b"".join(parts)])


def from_bytes(payload: bytes) -> Told:
    """Return what `Told.to_bytes` wrote."""
    line, _, body = payload.partition(b"\n")
    head = json.loads(line)
    ends = list(itertools.accumulate(head["bytes"], initial=0))
    parts = [body[start:end] for start, end in itertools.pairwise(ends)]
    by_model = map(cells.from_bytes, parts[:-1])
    return Told(
        head["min_rows"],
        dict(zip(head["models"], by_model, strict=True)),
        pairs.from_bytes(parts[-1]),
    )
