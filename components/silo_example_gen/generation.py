"""Makes the cache honest about splits that were deleted.

TFX checks that a cached artifact is there, not the files that its manifest names.
So each ingested fingerprint leaves a record of the split files it stands for,
and a generation that is part of the cache key: when a file of the record is gone
or cut, the generation is raised, and the node runs again. The record lies beside the
splits and may be deleted with them: a first generation is random, so that none comes
again.

A record is read before it is written, so a lock keeps runs apart here: were a
raised generation overwritten, its output would be used again.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import secrets
import uuid
from collections.abc import Iterable, Iterator

from components import locks

FOLDER = ".ingested"
LOCK = "lock"
LOST = -1


def current(homes_root: str, fingerprint: str) -> int:
    """Return the generation of a fingerprint, raised if its splits are not whole."""
    with _locked(homes_root, fingerprint) as path:
        return _current(path)


def record(homes_root: str, fingerprint: str, paths: Iterable[str]) -> None:
    """Remember which split files a fingerprint stands for."""
    with _locked(homes_root, fingerprint) as path:
        generation = _current(path)
        _write(path, generation, {name: _size(name) for name in sorted(paths)})


@contextlib.contextmanager
def _locked(homes_root: str, fingerprint: str) -> Iterator[pathlib.Path]:
    """Yield the path of a fingerprint's record while no other run can use it."""
    folder = pathlib.Path(homes_root, FOLDER)
    with locks.exclusive(folder / LOCK, "a look at the splits' generation"):
        yield folder / f"{fingerprint}.json"


def _current(record: pathlib.Path) -> int:
    if not record.exists():
        # ML Metadata keeps it in 32 bits with a sign, on MySQL; and it may rise.
        return _write(record, secrets.randbits(30), {})
    data = json.loads(record.read_text("utf-8"))
    generation: int = data["generation"]
    sizes = data.get("sizes", {"": 0})  # a record of an earlier version has none
    if all(_size(path) == size != LOST for path, size in sizes.items()):
        return generation
    return _write(record, generation + 1, {})


def _size(path: str) -> int:
    file = pathlib.Path(path)
    return file.stat().st_size if file.is_file() else LOST


def _write(path: pathlib.Path, generation: int, sizes: dict[str, int]) -> int:
    text = json.dumps({"generation": generation, "sizes": sizes}, ensure_ascii=False)
    unfinished = path.with_name(f".{uuid.uuid4().hex}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
    return generation
