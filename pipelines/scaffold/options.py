"""What the caller of `fairsilo init` decided, and how to decide more."""

from __future__ import annotations

import dataclasses
import difflib
import itertools
import pathlib
from collections.abc import Collection, Mapping

from tensorflow_metadata.proto.v0 import schema_pb2

from components.errors import SettingsError
from pipelines.scaffold.wording import listed, option

TYPES = {
    "text": schema_pb2.BYTES,
    "number": schema_pb2.FLOAT,
    "whole": schema_pb2.INT,
}
# Options that may name the same column: a type is said of a column that is used.
_TOGETHER = ({"--sensitive", "--type"}, {"--key", "--type"}, {"--ignore", "--type"})


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of `fairsilo init`.

    Attributes:
        name: The new use case.
        data: Folder that holds a folder for each silo.
        label: Column of the binary label.
        sensitive: Columns to slice by and hide from the model.
        positive: The label's positive value; None for 1 or true, else the rarer.
        key: Columns that name a row; empty to propose one.
        ignore: Columns that are not read at all.
        types: `text`, `number` or `whole`, by column.
        null: How CSV files write a missing value, besides the empty field.
    """

    name: str
    data: pathlib.Path
    label: str
    sensitive: tuple[str, ...] = ()
    positive: str | None = None
    key: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    types: Mapping[str, str] = dataclasses.field(default_factory=dict)
    null: tuple[str, ...] = ()

    def command(self, more: Collection[str]) -> str:
        """Return the command with these options and more, ready to be run."""
        given = [option("data", str(self.data)), option("label", self.label)]
        if self.positive is not None:
            given.append(option("positive", self.positive))
        for name in ("sensitive", "key", "ignore", "null"):
            given += [option(name, value) for value in getattr(self, name)]
        given += [option("type", f"{name}={kind}") for name, kind in self.types.items()]
        return " ".join(["fairsilo init", self.name, *given, *more])

    def check(self, columns: Collection[str]) -> None:
        """Check the columns that are named.

        Args:
            columns: Those of all silos together.

        Raises:
            SettingsError: One is in no silo, or is named for two things.
        """
        named = {
            "--label": (self.label,),
            "--sensitive": self.sensitive,
            "--key": self.key,
            "--ignore": self.ignore,
            "--type": tuple(self.types),
        }
        for given, names in named.items():
            for name in names:
                if name not in columns:
                    close = difflib.get_close_matches(name, columns, 1)
                    raise SettingsError(
                        f"{given} {name}: found no such column in any silo; there are "
                        f"{listed(columns, 20)}",
                        f"did you mean `{close[0]}`?"
                        if close
                        else "check the spelling",
                    )
        for one, other in itertools.combinations(named, 2):
            both = sorted({*named[one]} & {*named[other]})
            if both and {one, other} not in _TOGETHER:
                raise SettingsError(
                    f"column `{both[0]}`: {one} and {other} can't name the same column"
                )


def parse_types(values: Collection[str]) -> dict[str, str]:
    """Return the kind of each column of `--type COLUMN=KIND`.

    Raises:
        SettingsError: One is not of this form.
    """
    pairs = {}
    for value in values:
        column, _, kind = value.rpartition("=")
        if not column or kind not in TYPES:
            raise SettingsError(
                f"--type {value}: expected COLUMN=KIND, with a KIND of "
                f"{', '.join(TYPES)}"
            )
        pairs[column] = kind
    return pairs
