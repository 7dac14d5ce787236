"""What a person reads when a command ends by an error or by Ctrl-C."""

from __future__ import annotations

import contextlib
import pathlib
import signal
import tempfile
import threading
from collections.abc import Iterator
from types import FrameType

from components import temporary_faults
from components.errors import FairSiloError

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
    if temporary_faults.is_full(error):
        if log and not where:
            where = f"{log.parents[2]} or {tempfile.gettempdir()}: "
        fault = FairSiloError(f"{where}{temporary_faults.FULL}", f"free some; {again}")
    elif temporary_faults.is_of_the_machine(error):
        fault = FairSiloError(
            f"{where}{temporary_faults.system_message(error)}",
            f"mend what is named here; {again}",
        )
    else:
        shown = f"in {log}" if log else "above"
        fault = FairSiloError(
            f"{temporary_faults.describe(error)[0]}; {temporary_faults.NOT_DATA}",
            f"report it with the traceback {shown}; it holds no value of the data",
        )
    return temporary_faults.mark(fault)
