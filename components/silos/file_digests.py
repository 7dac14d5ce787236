"""Digests of a silo's files, kept in its home: unchanged files are not read for them.

A file counts as unchanged where its inode, size and both times are those of when it
was read, as in Git's index. One that was changed within the last moments may change
again without another time, so its digest is not kept.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import time

from components import atomic, digests
from components.payloads.silo import Silo
from components.silos import homes

FOLDER = ".digests"
SETTLED_S = 2.0  # the coarsest times of a file system


class FileDigests:
    """The digests of some files of one silo; each kind of files has a list by name."""

    def __init__(self, silo: Silo, name: str) -> None:
        self._silo = silo
        self._path = silo.path(FOLDER, f"{name}.json")
        self._used: dict[str, list[object]] = {}
        self._kept: dict[str, list[object]] = {}
        with contextlib.suppress(OSError, ValueError):
            self._kept = dict(json.loads(self._path.read_text("utf-8")))

    def of(self, path: pathlib.Path) -> str:
        """Return the SHA-256 of a file's bytes.

        Raises:
            OSError: It can't be read.
        """
        state, settled = _state(path)
        kept = self._kept.get(str(path), [])
        digest = str(kept[-1]) if kept[:-1] == state else digests.of_file(path)
        if settled and _state(path)[0] == state:
            self._used[str(path)] = [*state, digest]
        return digest

    def save(self) -> None:
        """Keep the digests that were asked for, and no others, if there is room."""
        if self._used == self._kept:
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(exist_ok=True, mode=0o700)
            with atomic.written(self._path) as unfinished:
                unfinished.write_text(json.dumps(self._used), encoding="utf-8")
                homes.chown_to_silo(self._silo, unfinished)


def _state(path: pathlib.Path) -> tuple[list[object], bool]:
    """Return what changes when a file does, and whether it is old enough to count."""
    now = path.stat()
    last = max(now.st_mtime, now.st_ctime)
    state: list[object] = [now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns]
    return state, last < time.time() - SETTLED_S
