"""What a person reads when a command ends by an error or by Ctrl-C."""

from __future__ import annotations

import contextlib
import errno
import pathlib
import signal
import tempfile
import threading
from collections.abc import Iterator
from types import FrameType

from components import circumstances, tracebacks
from components.errors import FairSiloError

_FULL = {errno.ENOSPC, errno.EDQUOT}
# How engines that give no number on say it: the C library, SQLite, and MLMD with it.
_FULL_TEXTS = ("No space left on device", "disk is full", "Disk quota exceeded")

_interrupted = threading.Event()


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Remember Ctrl-C while the block runs: engines turn it into errors of theirs."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python tells the main thread alone
        return
    before = signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        _interrupted.clear()


def _interrupt(_: int, __: FrameType | None) -> None:
    _interrupted.set()
    raise KeyboardInterrupt


def was_interrupted() -> bool:
    """Return whether Ctrl-C came in the block of `interruptible`."""
    return _interrupted.is_set()


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


def in_words(error: Exception, log: pathlib.Path | None = None) -> FairSiloError:
    """Return an error as a sentence and a hint, without the error's own text.

    Args:
        error: Any error; one that is meant to be read stays as it is.
        log: The file that its traceback was written to; None where it is shown.
    """
    if isinstance(error, FairSiloError):
        return error
    again = "run the same command again: it goes on from here"
    name = error.filename if isinstance(error, OSError) else None
    where = f"{name}: " if isinstance(name, str) else ""
    if is_full(error):
        if log and not where:
            where = f"{log.parents[2]} or {tempfile.gettempdir()}: "
        told = FairSiloError(
            f"{where}no space left on the volume", f"free some; {again}"
        )
    elif circumstances.is_of_the_machine(error):
        told = FairSiloError(
            f"{where}{circumstances.words(error)}",
            f"mend what is named here; {again}",
        )
    else:
        shown = f"in {log}" if log else "above"
        told = FairSiloError(
            f"FairSilo failed with {tracebacks.place(error)}; this is a fault of "
            "FairSilo, not of the data",
            f"report it with the traceback {shown}; it holds no value of the data",
        )
    return circumstances.of_circumstance(told)
