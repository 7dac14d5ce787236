"""What one silo put into the training: its own records, round by round."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import math
from collections.abc import Callable, Mapping, Sequence

from components.payloads.model_run import RunRecord, SiloRecord

MAX_ROUNDS = 20  # in the table, the last ones
MAX_POINTS = 100  # of a curve, evenly over the rounds
WIDTH, HEIGHT = 320, 60  # of a curve, unit: SVG's own


@dataclasses.dataclass(frozen=True)
class Curve:
    """A value of each round that the silo took part in.

    Attributes:
        label: What it is.
        points: Of an SVG polyline, `WIDTH` by `HEIGHT`; of the last round and at most
            `MAX_POINTS` others.
        values: All of them, in order.
    """

    label: str
    points: str
    values: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Part:
    """What one silo did in a training.

    Attributes:
        num_rounds: Rounds that were finished.
        records: Those that it took part in: number and record, in order.
        missed: Those that it dropped out of: reason, and their numbers ascending.
        left_out: Why it could not train at all; empty if it could.
    """

    num_rounds: int
    records: tuple[tuple[int, SiloRecord], ...]
    missed: tuple[tuple[str, tuple[int, ...]], ...]
    left_out: str

    @property
    def latest(self) -> tuple[tuple[int, SiloRecord], ...]:
        """The rounds that the table shows."""
        return self.records[-MAX_ROUNDS:]

    @property
    def curves(self) -> list[Curve]:
        """Its norms and cosines over the rounds; none below two rounds."""
        if len(self.records) < 2:
            return []
        return [
            _curve("Norm of its update", self.records, lambda one: one.update_norm),
            _curve("Cosine to the mean update", self.records, lambda one: one.cosine),
        ]


def parts(run: RunRecord, silos: Sequence[str]) -> Mapping[str, Part]:
    """Return what each silo did; of the others nothing is in it.

    Args:
        run: The account of the training.
        silos: Ids of all silos.
    """
    records: dict[str, list[tuple[int, SiloRecord]]] = collections.defaultdict(list)
    missed: dict[str, dict[str, list[int]]] = collections.defaultdict(dict)
    for record in run.rounds:
        for one in record.silos:
            records[one.silo].append((record.round, one))
        for drop in record.dropped:
            missed[drop.silo].setdefault(drop.reason, []).append(record.round)
    left_out = {drop.silo: drop.reason for drop in run.left_out}
    return {
        silo: Part(
            len(run.rounds),
            tuple(records[silo]),
            tuple((reason, tuple(rounds)) for reason, rounds in missed[silo].items()),
            left_out.get(silo, ""),
        )
        for silo in silos
    }


def ranges(rounds: Sequence[int]) -> str:
    """Return ascending numbers as people write them: `1 to 3, 7`."""
    numbered = itertools.groupby(enumerate(rounds), lambda item: item[1] - item[0])
    runs = [[number for _, number in run] for _, run in numbered]
    return ", ".join(
        f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs
    )


def _curve(
    label: str,
    records: Sequence[tuple[int, SiloRecord]],
    value: Callable[[SiloRecord], float],
) -> Curve:
    values = tuple(value(record) for _, record in records)
    first, last = records[0][0], records[-1][0]
    high, reach = max(values), (max(values) - min(values)) or 1.0
    drawn = [*records[:: math.ceil(len(records) / MAX_POINTS)], records[-1]]
    places = (
        (
            round(WIDTH * (number - first) / (last - first), 1),
            round(HEIGHT * (high - value(record)) / reach, 1),
        )
        for number, record in dict(drawn).items()
    )
    return Curve(label, " ".join(f"{x:g},{y:g}" for x, y in places), values)
