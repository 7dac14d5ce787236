"""Removes what nobody has used for days.

That is what killed runs have left half-done, and what only older runs needed. By age
and never by name, since other runs may be at work in the same home: whoever uses
something touches it.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import time
from collections.abc import Iterable

MAX_AGE_DAYS = 8.0  # a step that uses something may take a week
_DAY_S = 86_400.0


def touch(path: pathlib.Path) -> None:
    """Mark a file or folder as in use; one that is not there stays away."""
    with contextlib.suppress(OSError):
        os.utime(path)


def is_stale(touched: float) -> bool:
    """Return whether what was last touched then, in seconds since 1970, is too old."""
    return touched <= time.time() - MAX_AGE_DAYS * _DAY_S


def remove(paths: Iterable[pathlib.Path]) -> int:
    """Remove what was last touched too long ago, and return how many were.

    What can't be removed stays: another run may have been faster.
    """
    removed = 0
    for path in paths:
        with contextlib.suppress(OSError):
            if not is_stale(path.lstat().st_mtime):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
            removed += 1
    return removed
