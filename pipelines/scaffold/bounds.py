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
    """Bounds for the settings.

    Attributes:
        validation: `quorum` (also that of a round, and `min_value_silos`), `min_rows`
            and `min_rows_per_class`.
        judged_rows: `minimum_data.rows`.
        rows_of_each_label: Of `minimum_data`.
        judged_silos: Silos that reach the two.
    """

    validation: ValidationSettings
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
    usual = ValidationSettings()
    judgeable = [silo for silo in silos if _rarer(silo.held_out)]
    fewest = max((_rarer(silo.train) for silo in judgeable), default=0)
    of_class = min(usual.min_rows_per_class, fewest)
    with_both = [silo for silo in silos if of_class and _rarer(silo.train) >= of_class]
    able = [silo for silo in with_both if _rarer(silo.held_out)]
    if not able:
        raise SettingsError(
            f"found too few labelled rows in all {len(silos)} silos: both label values "
            "must be among a silo's rows to learn from and those that are held out",
            "give more labelled rows of both values",
        )
    median = int(statistics.median(sum(silo.train) for silo in with_both))
    min_rows = max(FEWEST, min(usual.min_rows, median // 4))
    min_rows = _reached_by_two(min_rows, [sum(silo.train) for silo in able])
    admitted = [silo for silo in with_both if sum(silo.train) >= min_rows]
    each = sorted((_rarer(silo.held_out) for silo in admitted), reverse=True)
    of_label = min(ROWS_OF_EACH_LABEL, each[1] if each[1:] and each[1] else each[0])
    held_out = [
        sum(silo.held_out) for silo in admitted if _rarer(silo.held_out) >= of_label
    ]
    half = int(statistics.median(sum(silo.held_out) for silo in admitted)) // 2
    judged = max(FEWEST, min(100, half - half % 10))
    judged = _reached_by_two(judged, held_out)
    validation = ValidationSettings(
        quorum=min(2, len(admitted)), min_rows=min_rows, min_rows_per_class=of_class
    )
    return Bounds(validation, judged, of_label, sum(n >= judged for n in held_out))


def _rarer(counts: LabelCounts) -> int:
    return min(counts.negative, counts.positive)


def _reached_by_two(bound: int, rows: Sequence[int]) -> int:
    """Lower a bound to what two silos reach, if not by too much; at least to one's."""
    first, second = sorted([*rows, 0], reverse=True)[:2]
    return min(bound, second if second >= FEWEST else first)
