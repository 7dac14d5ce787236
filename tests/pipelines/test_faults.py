"""The last words of a command that an error or Ctrl-C ended."""

from __future__ import annotations

import errno
import pathlib
import signal
import tempfile
import threading

import pytest

from components import temporary_faults
from pipelines import faults
from tests.support.silos import CANARY

AGAIN = "run the same command again: it goes on from here"


def chained(cause):
    error = RuntimeError(f"[while running 'x'] {CANARY}")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "/data/page.html"),
            "/data/page.html: no space left on the volume",
            f"free some; {AGAIN}",
        ),
        (
            chained(OSError(errno.ENOSPC, CANARY)),
            "no space left on the volume",
            f"free some; {AGAIN}",
        ),
        (
            RuntimeError(f"(sqlite3) database or disk is full {CANARY}"),
            "no space left on the volume",
            f"free some; {AGAIN}",
        ),
        (
            PermissionError(errno.EACCES, CANARY, "/data/silos"),
            "/data/silos: Permission denied",
            f"mend what is named here; {AGAIN}",
        ),
        (
            MemoryError(CANARY),
            "out of memory",
            f"mend what is named here; {AGAIN}",
        ),
        (
            KeyError(CANARY),
            f"FairSilo failed with KeyError; {temporary_faults.NOT_DATA}",
            "report it with the traceback above; it holds no value of the data",
        ),
    ],
)
def test_an_error_is_told_in_a_sentence_without_its_own_text(error, message, hint):
    told = faults.in_words(error)
    assert (told.message, told.hint, told.exit_status) == (message, hint, 1)


def test_a_full_volume_is_searched_for_where_a_run_writes():
    told = faults.in_words(KeyError(), pathlib.Path("/b/runs/1/l"))
    assert "with the traceback in /b/runs/1/l;" in told.hint
    assert faults.in_words(told) is told
    told = faults.in_words(OSError(errno.ENOSPC, CANARY), pathlib.Path("/b/runs/1/l"))
    assert told.message == f"/b or {tempfile.gettempdir()}: no space left on the volume"


def test_ctrl_c_is_remembered_whatever_becomes_of_it():
    before = signal.getsignal(signal.SIGINT)
    with faults.interruptible():
        assert not faults.was_interrupted()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert faults.was_interrupted()
    assert signal.getsignal(signal.SIGINT) is before
    assert not faults.was_interrupted()


def test_beside_the_main_thread_nothing_is_installed():
    before, seen = signal.getsignal(signal.SIGINT), []

    def look():
        with faults.interruptible():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]
