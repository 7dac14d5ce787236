"""The schema's columns that a model does not get, each with its reason.

Kept beside the FeatureSpec, not in it: why a column is left out changes no model.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib

FILE_NAME = "unused_columns.json"


@dataclasses.dataclass(frozen=True)
class Unused:
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


def write(folder: str | pathlib.Path, columns: list[Unused]) -> None:
    """Write the columns into the FeatureSpec's folder."""
    text = json.dumps([dataclasses.asdict(one) for one in columns], ensure_ascii=False)
    pathlib.Path(folder, FILE_NAME).write_text(text, encoding="utf-8")


def read(folder: str | pathlib.Path) -> list[Unused]:
    """Read the columns from the FeatureSpec's folder, in the schema's order."""
    text = pathlib.Path(folder, FILE_NAME).read_text(encoding="utf-8")
    return [Unused(**item) for item in json.loads(text)]
