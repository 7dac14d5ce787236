"""A column over all silos: what most take it for, and what follows from that."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterator, Mapping

from tensorflow_metadata.proto.v0 import schema_pb2

from components.features import dates
from components.silo_validator.features import NAME_OF_KEY
from pipelines.scaffold.options import of_silos
from pipelines.scaffold.survey import Column
from pipelines.scaffold.votes import NUMBERS_AS_TEXT, Kind, Vote

NEAR_UNIQUE = 0.5  # distinct values a row, from which on text is no category
FEW_ROWS = 20  # below, a share of distinct values says nothing
# A key by the end of its name, unlike the quantity number_of_rooms.
NAMED_KEY = re.compile(
    r"(?i:(^|[^a-z])(id|key|nr|number|pk)$)|[a-z](Id|ID|Key|Nr|Number)$"
)
NEARLY_ALL = 0.9  # distinct values a row, for such names
# Kinds whose values stay what they are in a column of whole numbers, or of text.
_EXACT = {
    schema_pb2.INT: {Kind.TRUTH, Kind.WHOLE},
    schema_pb2.BYTES: {Kind.TRUTH, Kind.WHOLE, Kind.LARGE, Kind.TEXT, Kind.TIME},
}


@dataclasses.dataclass(frozen=True)
class Agreed:
    """What a column is taken for."""

    name: str
    silos: Mapping[str, Column]
    vote: Vote  # of most silos
    type: int  # in the schema

    @property
    def held(self) -> dict[str, Column]:
        """The silos with a value in it."""
        return {silo: one for silo, one in self.silos.items() if one.filled}

    @property
    def has_name_of_key(self) -> bool:
        """Whether it is called as keys are."""
        return NAME_OF_KEY.search(self.name) is not None

    @property
    def names_rows(self) -> bool:
        """Whether it differs in all rows of each silo, and not by chance.

        Whole numbers such as incomes may differ in a few hundred rows: they must be
        called a key, be numbered nearly without gaps, or be too large for a quantity.
        """
        if self.vote.kind not in {Kind.WHOLE, Kind.LARGE, Kind.TEXT}:
            return False
        exact = _EXACT.get(self.type)
        return exact is not None and all(
            one.is_unique and (self.has_name_of_key or one.is_identifier)
            for one in self.silos.values()
            if one.vote and one.vote.kind in exact
        )

    @property
    def useless(self) -> str:
        """Why a model can't learn from it; empty where it can."""
        held = [*self.held.values()]
        values = {column.only for column in held}
        if len(values) == 1 and None not in values:
            return "the same value in all rows"
        if self.vote.kind is Kind.TIME:
            return f"dates, which don't come again: {dates.HINT}"
        if self.names_rows:
            return "different in each row: identifiers or free text"
        if self.type == schema_pb2.INT and self.vote.wide:
            return "whole numbers of 2^53 and more: identifiers, no quantities"
        enough = [column for column in held if column.filled >= FEW_ROWS]
        near = [c for c in enough if c.distinct > NEAR_UNIQUE * c.filled]
        if self.type == schema_pb2.BYTES and 2 * len(near) > len(enough):
            return "different in nearly each row: identifiers or free text"
        near = [c for c in near if c.distinct > NEARLY_ALL * c.filled]
        if NAMED_KEY.search(self.name) and 2 * len(near) > len(enough):
            return "different in nearly each row, with the name of a key: identifiers"
        return ""

    def notes(
        self, num_silos: int, misfits: Collection[str], has_key: bool
    ) -> Iterator[str]:
        """Yield what should be looked at, though it stops no silo.

        Args:
            num_silos: All silos.
            misfits: Those whose values don't fit the schema.
            has_key: Whether another column, or this one, is the key.
        """
        held, place = self.held, f"column `{self.name}`: "
        if self.vote.kind in {Kind.TEXT, Kind.TIME} and self.type == schema_pb2.BYTES:
            odd = [
                silo
                for silo, column in held.items()
                if column.vote and column.vote.is_numeric and silo not in misfits
            ]
            if odd:
                yield (
                    f"{place}found numbers in {of_silos(odd, len(held))}, text in the "
                    "others: check that they mean the same"
                )
        odd = [
            silo
            for silo, column in held.items()
            if any(one.found == NUMBERS_AS_TEXT for one in column.by_file.values())
        ]
        if odd and self.type == schema_pb2.BYTES and not self.names_rows:
            yield (
                f"{place}found numbers written as text in {of_silos(odd, len(held))}: "
                "the model sees categories; if they are quantities, export them as "
                "numbers, with nothing where a value is missing"
            )
        odd = [silo for silo, column in held.items() if not column.is_unique]
        if not has_key and 0 < len(odd) < len(held) / 2:
            yield (
                f"{place}differs in each row, but not in {of_silos(odd, len(held))}, "
                "so it is not the key"
            )
        if 2 * len(held) <= num_silos:
            yield f"{place}found a value in {of_silos(held, num_silos)} only"
