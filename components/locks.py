"""Advisory locks between processes, also of several machines on one volume.

The kernel's record locks: they work over NFS 4.1 and end with the process that
holds them, however it ends. They keep processes apart, not the threads of one, and
a process must not open a lock's file twice at a time: closing either ends the lock.

Where a rename makes a change whole, none is needed.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import pathlib
from collections.abc import Iterator

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def exclusive(path: pathlib.Path, work: str) -> Iterator[None]:
    """Hold a lock while the block runs; wait for it if another process does.

    The lock's file stays: were it removed, two processes could hold locks on two files
    of one name. `work` stands in the log line of who has to wait.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("ab") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # EAGAIN or EACCES, by system
            logger.warning("waits for another process: %s", work)
            fcntl.lockf(file, fcntl.LOCK_EX)
        yield


def is_free(path: pathlib.Path) -> bool:
    """Return whether a lock's file is there and no other process holds it."""
    try:
        with path.open("r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # not there, held, or another user's
        return False
    return True
