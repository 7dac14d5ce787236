"""A value with its 95 % interval."""

from __future__ import annotations

from typing import NamedTuple


class Interval(NamedTuple):
    """A value with its 95 % interval, all in the value's unit."""

    value: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        """Whether it lies on one side of 0."""
        return self.low > 0.0 or self.high < 0.0
