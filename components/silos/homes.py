"""Silo homes: one folder and, where we are root, one user id for each silo.

A home has mode 0700 and belongs to the silo's own user, so the worker of one
silo can't open what lies in another's. The folder's owner is the record of the
id: it is given once, under a lock, and found again by looking.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pathlib
import shutil
import threading
import uuid
import zlib
from collections.abc import Iterator

from components import locks
from components.payloads.silo import Silo, check_id

FIRST_UID = 20_000
LAST_UID = 59_999  # below 65,536: rootless containers map no more
LOCK = ".user-ids.lock"  # no silo's name begins with a dot
_IN_THIS_PROCESS = threading.Lock()


def is_isolated() -> bool:
    """Return whether silos can have user ids of their own: we are root."""
    return os.geteuid() == 0


def open_home(root: str | pathlib.Path, silo: str) -> Silo:
    """Return the silo with its home below `root`, made if it is not there yet.

    Raises:
        SettingsError: The id can't be a folder's name.
    """
    home = pathlib.Path(root, check_id(silo))
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    home.chmod(0o700)
    found = Silo(silo, str(home.resolve()))
    if is_isolated() and not _has_own_uid(found):
        lock = locks.exclusive(home.with_name(LOCK), "a silo's new user id")
        with _IN_THIS_PROCESS, lock:
            if not _has_own_uid(found):  # its maker was not root, or it is new
                _chown([*home.rglob("*"), home], _free_uid(home))  # home last: done
    return found


def _has_own_uid(silo: Silo) -> bool:
    return FIRST_UID <= uid_of(silo) <= LAST_UID


def uid_of(silo: Silo) -> int:
    """Return the user id that owns the silo's home."""
    return pathlib.Path(silo.home).stat().st_uid


def chown_to_silo(silo: Silo, path: pathlib.Path) -> None:
    """Give a file or folder below the home, and all in it, to the silo's user.

    Raises:
        ValueError: The path does not lie below the silo's home.
    """
    if not path.is_relative_to(silo.home):
        raise ValueError(f"{path} does not lie below the home of silo `{silo.id}`")
    if is_isolated():
        home = pathlib.Path(silo.home)
        above = itertools.takewhile(lambda one: one != home, path.parents)
        _chown([path, *above, *path.rglob("*")], uid_of(silo))


def _chown(paths: list[pathlib.Path], uid: int) -> None:
    for path in paths:
        os.chown(path, uid, uid, follow_symlinks=False)


@contextlib.contextmanager
def new_folder(
    silo: Silo, folder: pathlib.Path, mode: int = 0o777
) -> Iterator[pathlib.Path]:
    """Yield a folder to fill, which is published as `folder` when the block ends well.

    An error leaves nothing. For folders of plain files; see `publish`.
    """
    unfinished = folder.with_name(f".{folder.name}-{uuid.uuid4().hex}")
    unfinished.mkdir(parents=True, mode=mode)
    try:
        yield unfinished
        publish(silo, unfinished, folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def publish(silo: Silo, unfinished: pathlib.Path, folder: pathlib.Path) -> None:
    """Give a folder of the silo's its name when it is whole.

    Where there is one of that name, since another run was faster or files of it were
    lost or damaged, its files are replaced one by one and never missing in between:
    the name tells the content, so both runs wrote the same. The folder holds plain
    files and lies on the same volume.

    Raises:
        OSError: It can't be renamed.
    """
    chown_to_silo(silo, unfinished)  # before anyone can find it
    try:
        unfinished.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        for path in unfinished.iterdir():
            path.replace(folder / path.name)


def _free_uid(home: pathlib.Path) -> int:
    taken = {other.stat().st_uid for other in home.parent.iterdir() if other != home}
    span = LAST_UID - FIRST_UID + 1
    first = zlib.crc32(home.name.encode())
    for step in range(span):
        uid = FIRST_UID + (first + step) % span
        if uid not in taken:
            return uid
    raise OSError(f"no user id is free between {FIRST_UID} and {LAST_UID}")
