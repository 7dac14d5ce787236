"""Keeps the other silos' names out of texts that are about one silo.

What the checks and the trainer write of a silo is free text: a worker that would
share its user id with another names that other, and an operator's reason may too.
So each such text is read once more before its silo sees it.
"""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Iterable
from typing import Any, TypeVar

ANOTHER = "another silo"
FIRST_TOKEN = re.compile(r"\w+|[^\w\s]")
T = TypeVar("T")


class SiloNames:
    """The names of all silos, to be found in texts.

    Args:
        silos: Their ids.
    """

    def __init__(self, silos: Iterable[str]) -> None:
        self._by_start: dict[str, list[str]] = collections.defaultdict(list)
        for silo in silos:
            if start := FIRST_TOKEN.search(silo):
                self._by_start[start.group()].append(silo.strip())
        for names in self._by_start.values():
            names.sort(key=len, reverse=True)  # `north east` before `north`

    def without_others(self, value: T, silo: str) -> T:
        """Return a payload with other silos' names hidden in all of its texts.

        Args:
            value: A text about `silo`, or tuples and dataclasses of such.
            silo: The silo, whose own name stays.
        """
        made: Any = value
        if isinstance(value, str):
            made = self.hide_others(value, silo)
        elif isinstance(value, tuple):
            made = tuple(self.without_others(each, silo) for each in value)
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {
                it.name: getattr(value, it.name) for it in dataclasses.fields(value)
            }
            hidden = {
                name: self.without_others(it, silo) for name, it in fields.items()
            }
            made = dataclasses.replace(value, **hidden)
        return made  # type: ignore[no-any-return]

    def hide_others(self, text: str, silo: str) -> str:
        """Return `text` with each other silo's name as `another silo`.

        A name counts where it stands as words of its own, case included.

        Args:
            text: A text about `silo`.
            silo: The silo, whose own name stays.
        """
        parts, end = [], 0
        for token in FIRST_TOKEN.finditer(text):
            if token.start() < end:
                continue
            if name := self._name_at(text, token):
                shown = name if name == silo.strip() else ANOTHER
                parts += [text[end : token.start()], shown]
                end = token.start() + len(name)
        return "".join([*parts, text[end:]])

    def _name_at(self, text: str, token: re.Match[str]) -> str:
        for name in self._by_start.get(token.group(), ()):
            end = token.start() + len(name)
            is_whole = not (name[-1:].isalnum() and text[end : end + 1].isalnum())
            if text.startswith(name, token.start()) and is_whole:
                return name
        return ""
