"""What the caller of `fairsilo init` decided, and how to decide more."""

from __future__ import annotations

import dataclasses
import difflib
import itertools
import pathlib
import shlex
from collections.abc import Collection, Iterable, Mapping

from tensorflow_metadata.proto.v0 import schema_pb2

from components.errors import SettingsError

TYPES = {
    "text": schema_pb2.BYTES,
    "number": schema_pb2.FLOAT,
    "whole": schema_pb2.INT,
}


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of `fairsilo init`."""

    name: str
    data: pathlib.Path  # holds a folder for each silo
    label: str
    sensitive: tuple[str, ...] = ()
    positive: str | None = None  # None: 1 or true, else the rarer value
    key: tuple[str, ...] = ()  # empty: one is proposed
    ignore: tuple[str, ...] = ()
    types: Mapping[str, str] = dataclasses.field(default_factory=dict)
    null: tuple[str, ...] = ()  # besides the empty field

    def command(self, more: Iterable[str]) -> str:
        """Return the command with these options and more, ready to be run."""
        given = {
            "data": [str(self.data)],
            "label": [self.label],
            "positive": [] if self.positive is None else [self.positive],
            "sensitive": self.sensitive,
            "key": self.key,
            "ignore": self.ignore,
            "null": self.null,
            "type": [f"{column}={kind}" for column, kind in self.types.items()],
        }
        words = [option(name, one) for name, values in given.items() for one in values]
        return " ".join(["fairsilo init", self.name, *words, *more])

    def check(self, columns: Collection[str]) -> None:
        """Check the columns that are named.

        Args:
            columns: Those of all silos together.

        Raises:
            SettingsError: One is in no silo, or is named for two things.
        """
        named: dict[str, Collection[str]] = {
            "label": [self.label],
            "sensitive": self.sensitive,
            "key": self.key,
            "ignore": self.ignore,
        }
        pairs = [*itertools.combinations(named, 2), ("label", "type")]
        named["type"] = self.types
        for given, names in named.items():
            for name in names:
                if name not in columns:
                    close = difflib.get_close_matches(name, columns, 1)
                    raise SettingsError(
                        f"--{given} {name}: found no such column in any silo; there "
                        f"are {listed(columns, 20)}",
                        f"did you mean `{close[0]}`?"
                        if close
                        else "check the spelling",
                    )
        for one, other in pairs:
            if both := sorted({*named[one]} & {*named[other]}):
                raise SettingsError(
                    f"column `{both[0]}`: --{one} and --{other} can't name the same "
                    "column"
                )


def parse_types(values: Iterable[str]) -> dict[str, str]:
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


def option(name: str, value: str) -> str:
    """Return an option as it is typed in a shell."""
    return shlex.join([f"--{name}", value])


def types_but(column: str, taken: int | None = None) -> str:
    """Return the options that give a column another type."""
    kinds = (kind for kind, one in TYPES.items() if one != taken)
    return ", ".join(option("type", f"{column}={kind}") for kind in kinds)


def listed(names: Iterable[str], most: int = 4) -> str:
    """Return the first of some names and how many more there are."""
    names = list(names)
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown


def of_silos(silos: Iterable[str], total: int) -> str:
    """Return how many of all silos these are, and which."""
    silos = list(silos)
    return f"{len(silos)} of {total} silo{'s' * (total != 1)} ({listed(silos)})"
