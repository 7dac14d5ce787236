"""Tracebacks for the operator's log, without any value in them.

An error's text may hold a record, and so may what a frame holds. So of each error in
a chain only its type is written, and of each frame its file, line and function: the
names and numbers of code, never a message, a local value or a line of source.

`write` uses a logger of its own, so that a runner can send tracebacks to a file.
"""

from __future__ import annotations

import logging
import pathlib
import traceback
from collections.abc import Iterator

from components.digests import PACKAGE_ROOT

logger = logging.getLogger(__name__)


def of(error: BaseException) -> str:
    """Return an error's traceback, the first cause first."""
    parts = []
    for one in reversed(list(_chain(error))):
        frames = "".join(
            f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}\n'
            for frame in traceback.extract_tb(one.__traceback__)
        )
        parts.append(f"{frames}{type(one).__module__}.{type(one).__qualname__}")
    return "\n".join(parts)


def place(error: BaseException) -> str:
    """Return an error's type and where in our code it arose: `KeyError in a.py:7`."""
    frames = traceback.extract_tb(error.__traceback__)
    root = str(PACKAGE_ROOT.parent)
    ours = [
        frame
        for frame in frames
        if frame.filename.startswith((f"{root}/components", f"{root}/pipelines"))
    ]
    name = type(error).__name__
    if not frames:
        return name
    frame = (ours or frames)[-1]
    return f"{name} in {pathlib.Path(frame.filename).name}:{frame.lineno}"


def write(about: str, text: str) -> None:
    """Write what `of` gave to the operator's log, about `task=profile silo=north`."""
    logger.error("%s: the error that is told arose here:\n%s", about, text)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or (
            None if found.__suppress_context__ else found.__context__
        )
