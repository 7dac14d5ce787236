"""Makes the cache honest about splits that were deleted.

TFX checks that a cached artifact is there, not the files that its manifest names.
So each ingested fingerprint leaves a record of the split files it stands for,
and a generation that is part of the cache key: when a file of the record has
gone, the generation is raised, and the node runs again.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterable

FOLDER = ".ingested"


def current(homes_root: str, fingerprint: str) -> int:
    """Return the generation of a fingerprint, raised if its splits are not whole."""
    record = pathlib.Path(homes_root, FOLDER, f"{fingerprint}.json")
    if not record.exists():
        return 0
    data = json.loads(record.read_text("utf-8"))
    generation: int = data["generation"]
    if all(pathlib.Path(path).exists() for path in data["paths"]):
        return generation
    _write(record, generation + 1, [])
    return generation + 1


def record(homes_root: str, fingerprint: str, paths: Iterable[str]) -> None:
    """Remember which split files a fingerprint stands for."""
    path = pathlib.Path(homes_root, FOLDER, f"{fingerprint}.json")
    _write(path, current(homes_root, fingerprint), sorted(paths))


def spoil(homes_root: str, fingerprint: str) -> None:
    """Keep the output of a run whose files changed meanwhile from being reused."""
    path = pathlib.Path(homes_root, FOLDER, f"{fingerprint}.json")
    _write(path, current(homes_root, fingerprint) + 1, [])


def _write(path: pathlib.Path, generation: int, paths: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"generation": generation, "paths": paths}, ensure_ascii=False)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
