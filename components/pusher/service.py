"""What is in service: the folder that a model server reads.

It holds a folder for each version, named by a number, and a server takes the highest.
A version that we wrote carries a note in `assets.extra/`, which SavedModels keep for
others and servers ignore: which model it is, of which span, and its files.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import shutil
import time
import uuid

from components import locks
from components.silos import stale_files

NOTE = "assets.extra/fairsilo.json"


@dataclasses.dataclass(frozen=True)
class Served:
    """The version that servers take.

    Its digest is empty where a file of it is lost or cut, and for a version that
    carries no note.
    """

    version: int
    digest: str = ""  # the model's
    span: str = ""  # empty where the data has none


def locked(destination: pathlib.Path) -> contextlib.AbstractContextManager[None]:
    """Keep other runs from pushing while the block runs."""
    lock = destination.with_name(f".{destination.name}.lock")
    return locks.exclusive(lock, "putting a model in service")


def current(destination: pathlib.Path) -> Served | None:
    """Return what is in service now; None for nothing."""
    found = destination.glob("*")
    versions = [int(p.name) for p in found if p.name.isdecimal() and p.is_dir()]
    if not versions:
        return None
    folder = destination / str(max(versions))
    try:
        note = json.loads((folder / NOTE).read_text("utf-8"))
        whole = _sizes(folder) == note["files"]
        return Served(max(versions), note["digest"] if whole else "", note["span"])
    except (OSError, ValueError, LookupError, TypeError):
        return Served(max(versions))  # of another program, or damaged


def put(
    model: pathlib.Path, destination: pathlib.Path, digest: str, span: str
) -> pathlib.Path:
    """Write a SavedModel as the highest version, and return its folder.

    The folder appears when it is whole; see `locked` for other runs.
    """
    served = current(destination)
    version = max(int(time.time()), served.version + 1 if served else 0)
    stale_files.remove(destination.glob(".*.unfinished"))
    unfinished = destination / f".{uuid.uuid4().hex}.unfinished"
    try:
        shutil.copytree(model, unfinished)
        path = unfinished / NOTE
        path.parent.mkdir(exist_ok=True)
        note = {"digest": digest, "span": span, "files": _sizes(unfinished)}
        path.write_text(json.dumps(note, ensure_ascii=False), encoding="utf-8")
        return unfinished.rename(destination / str(version))
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _sizes(folder: pathlib.Path) -> dict[str, int]:
    """Return the size of each file but the note, by its path below the folder."""
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / NOTE
    }
