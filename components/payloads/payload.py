"""Reads and writes the JSON file that a node leaves in its artifact's folder.

One class for each file, a dataclass that pydantic checks when it is read: a
field that is missing or of another type is refused with its place, one that nobody
knows is ignored.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
from typing import Any, ClassVar, Self

import pydantic

from components.errors import FairSiloError


class Payload:
    """A result in a file of its own; subclasses are frozen dataclasses."""

    FILE_NAME: ClassVar[str]
    NODE: ClassVar[str]  # that writes it; named when the file is damaged

    def fields(self) -> dict[str, Any]:
        """Return what the file holds, as JSON values."""
        fields: dict[str, Any] = dataclasses.asdict(self)  # type: ignore[call-overload]
        return fields

    def to_json(self) -> str:
        """Return the file's text, indented by one."""
        return json.dumps(self.fields(), indent=1, ensure_ascii=False, allow_nan=False)

    def write(self, folder: str | pathlib.Path) -> None:
        """Write the file into an artifact's folder."""
        path = pathlib.Path(folder, self.FILE_NAME)
        path.write_text(self.to_json(), encoding="utf-8")

    @classmethod
    def read(cls, folder: str | pathlib.Path) -> Self:
        """Read the file from an artifact's folder.

        Raises:
            FairSiloError: It is not there, or not of this form.
        """
        path = pathlib.Path(folder, cls.FILE_NAME)
        try:
            return cls.of_json(path.read_bytes(), str(path))
        except FileNotFoundError:
            raise cls.damaged(str(path), "no file") from None

    @classmethod
    def of_json(cls, content: bytes | str, place: str = "") -> Self:
        """Return the result that a file's JSON is of; `place` is for the error.

        Raises:
            FairSiloError: It is not of this form.
        """
        try:
            result: Self = _adapter(cls).validate_json(content)  # type: ignore[arg-type]
        except pydantic.ValidationError as error:
            raise cls.damaged(place, _fault(error)) from None
        return result

    @classmethod
    def damaged(cls, place: str, found: str) -> FairSiloError:
        """Return the error for a file that can't be used, and what was found there."""
        folder = pathlib.Path(place or cls.FILE_NAME).parent
        return FairSiloError(
            f"{place or cls.FILE_NAME}: found {found}, expected what {cls.NODE} wrote",
            f"delete the folder {folder} and run again: it is written anew",
        )


def _fault(error: pydantic.ValidationError) -> str:
    # The input itself stays out of the message: it may come from a silo.
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "json_invalid" or not place:
        return "a file that is cut or of another form"
    return f"a fault in `{place}`: {first['msg']}"


@functools.cache  # made in milliseconds, and hundreds of summaries are read at once
def _adapter(payload: type[Payload]) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(payload)
