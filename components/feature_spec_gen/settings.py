"""Settings of the features that a model sees."""

from __future__ import annotations

import pydantic

from components.settings import Section


class FeatureSettings(Section):
    """Which columns are features, and what a value needs to be in a vocabulary."""

    ignore: tuple[str, ...] = ()
    """Columns that no model sees, such as sensitive ones that are only sliced by."""

    min_value_rows: int = pydantic.Field(default=10, ge=1)
    """Rows over all admitted silos that a value needs to enter a vocabulary."""

    min_value_silos: int = pydantic.Field(default=2, ge=1)
    """Admitted silos that must disclose a value before the others learn of it."""

    max_values: int = pydantic.Field(default=1000, ge=1)
    """Size of the largest vocabulary, most frequent values first."""

    clip: float = pydantic.Field(default=5.0, gt=0)
    """Bound of a standardised number's absolute value, unit: standard deviations."""
