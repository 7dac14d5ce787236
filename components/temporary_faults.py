"""Temporary faults: what went wrong now and need not go wrong again.

Most of what a node finds follows from its inputs, a refusal too, so TFX's cache may
reuse it. A full disk, too little memory, a worker that nobody reaches and a bug
of ours do not follow from them. The run goes on without what is missing and says so,
and its result must not be reused: whoever meets such a fault notes it here, and the
node's executor marks its outputs (`components/executors.py`).

Here also is how errors that are not meant to be read are described: by what the
system refused, or by the place in our code, never by their own text.
"""

from __future__ import annotations

import contextlib
import contextvars
import errno
import os
from collections.abc import Iterator
from typing import TypeVar

from components import tracebacks
from components.errors import FairSiloError

_Error = TypeVar("_Error", bound=FairSiloError)

AGAIN_HINT = "the next run tries again"
MACHINE_HINT = (
    "the operator frees room or memory, or gives FairSilo the rights it needs; "
    f"{AGAIN_HINT}"
)
NOT_DATA = "this is a fault of FairSilo and tells nothing about the data"
BUG_HINT = (
    f"{NOT_DATA}; the operator finds the traceback in the run's log and reports it; "
    f"{AGAIN_HINT}"
)
FULL = "no space left on the volume"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# How engines that give no number on say it: the C library, SQLite, and MLMD with it.
_FULL_TEXTS = ("No space left on device", "disk is full", "Disk quota exceeded")

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
    """Note a temporary fault, in a sentence; nothing where nobody collects."""
    noted = _noted.get()
    if noted is not None:
        noted.append(fault)


def noted() -> bool:
    """Return whether one was noted so far, where somebody collects."""
    return bool(_noted.get())


def is_temporary(error: BaseException) -> bool:
    """Return whether an error is a temporary fault.

    One of ours says so itself. Any other is one, even where data set it off: what was
    not foreseen is a fault of ours, and the code may be mended by the next run.
    """
    return error.is_temporary if isinstance(error, FairSiloError) else True


def is_of_the_machine(error: BaseException) -> bool:
    """Return whether the system refused something: memory, room, files, rights.

    Arrow raises OSError also for damaged bytes; it has no number then.
    """
    is_system = isinstance(error, OSError) and error.errno is not None
    return is_system or isinstance(error, MemoryError)


def is_full(error: BaseException) -> bool:
    """Return whether a volume was full, by the number or the text of an error.

    The text is looked at and not shown: it may hold a record.
    """
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, OSError) and found.errno in _FULL:
            return True
        if any(text in str(found) for text in _FULL_TEXTS):
            return True
        found = found.__cause__ or found.__context__
    return False


def system_message(error: BaseException) -> str:
    """Return what the system refused, without the error's own text."""
    if isinstance(error, MemoryError):
        return "out of memory"
    number = error.errno if isinstance(error, OSError) else None
    return type(error).__name__ if number is None else os.strerror(number)


def describe(error: BaseException) -> tuple[str, str]:
    """Return what an error is that is not meant to be read, and the hint."""
    if is_of_the_machine(error):
        return system_message(error), MACHINE_HINT
    return f"FairSilo failed with {tracebacks.place(error)}", BUG_HINT


def mark(error: _Error) -> _Error:
    """Return the error, marked as temporary."""
    error.is_temporary = True
    return error
