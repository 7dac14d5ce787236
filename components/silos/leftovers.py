"""Clears away what nobody has used for days.

That is what killed runs have left half-done, and what only older runs needed. By age
and never by name, since other runs may be at work in the same home.
"""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import time
from collections.abc import Iterable

MAX_AGE_DAYS = 8.0  # a step that uses something may take a week
_DAY_S = 86_400.0


def clear(paths: Iterable[pathlib.Path]) -> None:
    """Remove the files and folders that were last touched too long ago.

    What can't be removed stays: another run may have been faster.
    """
    oldest = time.time() - MAX_AGE_DAYS * _DAY_S
    for path in paths:
        with contextlib.suppress(OSError):
            if path.lstat().st_mtime > oldest:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
