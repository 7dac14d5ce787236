"""The schema's columns that a model does not get, each with its reason.

Kept beside the FeatureSpec, not in it: why a column is left out changes no model.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from components.payloads.payload import Payload


@dataclasses.dataclass(frozen=True)
class UnusedColumn:
    """A column that is no feature.

    Attributes:
        column: Its name.
        reason: Why, in words that follow its name.
        chosen: Whether the settings or the schema say so; otherwise nobody asked for
            it, and people should look at it.
    """

    column: str
    reason: str
    chosen: bool = False


@dataclasses.dataclass(frozen=True)
class UnusedColumns(Payload):
    """All of them, in the schema's order."""

    FILE_NAME: ClassVar[str] = "unused_columns.json"
    NODE: ClassVar[str] = "FeatureSpecGen"

    columns: tuple[UnusedColumn, ...] = ()
