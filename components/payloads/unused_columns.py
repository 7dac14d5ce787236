"""The schema's columns that a model does not get, each with its reason.

Kept beside the FeatureSpec, not in it: why a column is left out changes no model.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from components.payloads.payload import Payload


@dataclasses.dataclass(frozen=True)
class UnusedColumn:
    """A column that is no feature."""

    column: str
    reason: str  # in words that follow its name
    chosen: bool = False  # by settings or schema; if not, people should look at it


@dataclasses.dataclass(frozen=True)
class UnusedColumns(Payload):
    """All of them, in the schema's order."""

    FILE_NAME: ClassVar[str] = "unused_columns.json"
    NODE: ClassVar[str] = "FeatureSpecGen"

    columns: tuple[UnusedColumn, ...] = ()
