"""Which bounds the data can reach: a gate that can never pass is not written."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Collection, Sequence

from components.errors import SettingsError
from pipelines.scaffold.survey import Measured

MIN_ROWS_PER_CLASS = 5
ROWS_OF_EACH_LABEL = 3
FEWEST = 10  # rows; fewer are taken only where no silo has as many


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Bounds for the settings; those of the same name there.

    Attributes:
        min_rows: Of `validation`.
        min_rows_per_class: Of `validation`.
        quorum: Of `validation`; also `quorum_per_round` and `min_value_silos`.
        judged_rows: `minimum_data.rows`.
        rows_of_each_label: Of `minimum_data`.
        judged_silos: Silos that reach the two.
    """

    min_rows: int
    min_rows_per_class: int
    quorum: int
    judged_rows: int
    rows_of_each_label: int
    judged_silos: int


def reached(silos: Collection[Measured]) -> Bounds:
    """Return bounds that small data reaches too; they are there to be raised.

    Args:
        silos: Those in which no fault was found.

    Raises:
        SettingsError: No silo has both labels in its rows to learn from and in the
            rows that are held out.
    """
    judgeable = [silo for silo in silos if min(silo.held_out)]
    fewest = max((min(silo.train) for silo in judgeable), default=0)
    of_class = min(MIN_ROWS_PER_CLASS, fewest)
    with_both = [silo for silo in silos if of_class and min(silo.train) >= of_class]
    able = [silo for silo in with_both if min(silo.held_out)]
    if not able:
        raise SettingsError(
            f"found too few labelled rows in all {len(silos)} silos: both label values "
            "must be among a silo's rows to learn from and those that are held out",
            "give more labelled rows of both values",
        )
    median = int(statistics.median(sum(silo.train) for silo in with_both))
    min_rows = max(FEWEST, min(50, median // 4))
    min_rows = _reached_by_two(min_rows, [sum(silo.train) for silo in able])
    admitted = [silo for silo in with_both if sum(silo.train) >= min_rows]
    quorum = min(2, len(admitted))
    each = sorted((min(silo.held_out) for silo in admitted), reverse=True)
    of_label = min(ROWS_OF_EACH_LABEL, each[1] if each[1:] and each[1] else each[0])
    held_out = [
        sum(silo.held_out) for silo in admitted if min(silo.held_out) >= of_label
    ]
    half = int(statistics.median(sum(silo.held_out) for silo in admitted)) // 2
    judged = max(FEWEST, min(100, half - half % 10))
    judged = _reached_by_two(judged, held_out)
    num_judged = sum(number >= judged for number in held_out)
    return Bounds(min_rows, of_class, quorum, judged, of_label, num_judged)


def _reached_by_two(bound: int, rows: Sequence[int]) -> int:
    """Lower a bound to what two silos reach, if not by too much; at least to one's."""
    first, second = sorted([*rows, 0], reverse=True)[:2]
    return min(bound, second if second >= FEWEST else first)
