"""Which bounds the data can reach: a gate that can never pass is not written."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Collection, Sequence

from components.errors import SettingsError
from components.silo_validator.checks import LabelCounts
from components.silo_validator.settings import ValidationSettings
from pipelines.scaffold.survey import Measured

ROWS_OF_EACH_LABEL = 3
FEWEST = 10  # rows; fewer are taken only where no silo has as many


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Bounds for the settings."""

    validation: ValidationSettings  # quorum (of a round, too), rows, rows of a class
    judged_rows: int  # `minimum_data.rows`
    rows_of_each_label: int  # of `minimum_data`
    judged_silos: int  # that reach the two


def reached(silos: Collection[Measured]) -> Bounds:
    """Return bounds that small data reaches too; they are there to be raised.

    Args:
        silos: Those in which no fault was found.

    Raises:
        SettingsError: No silo has both labels in its rows to learn from and in the
            rows that are held out.
    """
    usual = ValidationSettings()
    fewest = max((_rarer(s.train) for s in silos if _rarer(s.held_out)), default=0)
    if not fewest:
        raise SettingsError(
            f"found too few labelled rows in all {len(silos)} silos: both label values "
            "must be among a silo's rows to learn from and those that are held out",
            "give more labelled rows of both values",
        )
    of_class = min(usual.min_rows_per_class, fewest)
    with_both = [silo for silo in silos if _rarer(silo.train) >= of_class]
    able = [sum(silo.train) for silo in with_both if _rarer(silo.held_out)]
    median = int(statistics.median(sum(silo.train) for silo in with_both))
    min_rows = max(FEWEST, min(usual.min_rows, median // 4))
    min_rows = _reached_by_two(min_rows, able)
    held_out = [s.held_out for s in with_both if sum(s.train) >= min_rows]
    first, second = sorted([*map(_rarer, held_out), 0], reverse=True)[:2]
    of_label = min(ROWS_OF_EACH_LABEL, second or first)
    half = int(statistics.median(map(sum, held_out))) // 2
    judged = max(FEWEST, min(100, half - half % 10))
    with_labels = [sum(counts) for counts in held_out if _rarer(counts) >= of_label]
    judged = _reached_by_two(judged, with_labels)
    validation = ValidationSettings(
        quorum=min(2, len(held_out)), min_rows=min_rows, min_rows_per_class=of_class
    )
    num_judged = sum(rows >= judged for rows in with_labels)
    return Bounds(validation, judged, of_label, num_judged)


def _rarer(counts: LabelCounts) -> int:
    return min(counts.negative, counts.positive)


def _reached_by_two(bound: int, rows: Sequence[int]) -> int:
    """Lower a bound to what two silos reach, if not by too much; at least to one's."""
    first, second = sorted([*rows, 0], reverse=True)[:2]
    return min(bound, second if second >= FEWEST else first)
