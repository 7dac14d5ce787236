"""What one silo put into the training: its own records, round by round."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import math
from collections.abc import Callable, Mapping, Sequence

from components.dashboard import formats
from components.dashboard.section import Drawing, Label
from components.payloads.model_run import RunRecord, SiloRecord

MAX_ROUNDS = 20  # in the table, the last ones
MAX_POINTS = 100  # of a curve, evenly over the rounds
WIDTH, HEIGHT = 320, 60  # of a curve, unit: SVG's own


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


def curves(records: Sequence[tuple[int, SiloRecord]]) -> list[Drawing]:
    """Return a silo's norms and cosines over its rounds; none below two rounds.

    Args:
        records: Number and record of each round that it took part in.
    """
    if len(records) < 2:
        return []
    return [
        _curve("Norm of its update", records, lambda one: one.update_norm),
        _curve("Cosine to the mean update", records, lambda one: one.cosine),
    ]


def _curve(
    label: str,
    records: Sequence[tuple[int, SiloRecord]],
    value: Callable[[SiloRecord], float],
) -> Drawing:
    values = [value(record) for _, record in records]
    first, last = records[0][0], records[-1][0]
    low, high = min(values), max(values)
    drawn = [*records[:: math.ceil(len(records) / MAX_POINTS)], records[-1]]
    places = (
        (
            round(WIDTH * (number - first) / (last - first), 1),
            round(HEIGHT * (high - value(record)) / ((high - low) or 1.0), 1),
        )
        for number, record in dict(drawn).items()
    )
    path = "M" + " ".join(f"{x:g},{y:g}" for x, y in places)
    ends = [formats.metric(end) for end in (values[0], values[-1], low, high)]
    return Drawing(
        f"{label}, by round",
        f"{label}: {ends[0]} in your first round, {ends[1]} in your last; between "
        f"{ends[2]} and {ends[3]}.",
        100,
        (("axis", f"M0,{HEIGHT}H{WIDTH}"), ("curve", path)),
        (
            Label(0, -5, f"highest {ends[3]}", "start"),
            Label(0, HEIGHT + 16, f"lowest {ends[2]}", "start"),
            Label(WIDTH, HEIGHT + 16, f"last {ends[1]}", "end"),
        ),
    )
