"""Faults of circumstance: what went wrong now and need not go wrong again.

Most of what a node tells follows from its inputs, a refusal too, so TFX's cache may
tell it again. A full disk, too little memory, a worker that nobody reaches and a bug
of ours do not follow from them. The run goes on without what is lacking and says so,
and its result must not be reused: whoever meets such a fault notes it here, and the
node's executor marks its outputs (`components/executors.py`).
"""

from __future__ import annotations

import contextlib
import contextvars
import os
from collections.abc import Iterator
from typing import TypeVar

from components.errors import FairSiloError

_Error = TypeVar("_Error", bound=FairSiloError)

_noted: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar(
    "noted", default=None
)


@contextlib.contextmanager
def collected() -> Iterator[list[str]]:
    """Yield the list of what is noted while the block runs."""
    found: list[str] = []
    token = _noted.set(found)
    try:
        yield found
    finally:
        _noted.reset(token)


def note(fault: str) -> None:
    """Note a fault of circumstance, in a sentence; nothing where nobody collects."""
    noted = _noted.get()
    if noted is not None:
        noted.append(fault)


def is_one(error: BaseException) -> bool:
    """Return whether an error is a fault of circumstance.

    One of ours tells so itself. Any other is one, even where data set it off: what
    was not foreseen is a fault of ours, and the code may be mended by the next run.
    """
    return error.circumstance if isinstance(error, FairSiloError) else True


def is_of_the_machine(error: BaseException) -> bool:
    """Return whether the system refused something: memory, room, files, rights.

    Arrow raises OSError also for damaged bytes; it has no number then.
    """
    is_system = isinstance(error, OSError) and error.errno is not None
    return is_system or isinstance(error, MemoryError)


def words(error: BaseException) -> str:
    """Return what the system refused, without the error's own text."""
    if isinstance(error, MemoryError):
        return "out of memory"
    number = error.errno if isinstance(error, OSError) else None
    return type(error).__name__ if number is None else os.strerror(number)


def of_circumstance(error: _Error) -> _Error:
    """Return the error, marked as one of circumstance."""
    error.circumstance = True
    return error
