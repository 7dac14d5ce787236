"""Content digests: of files, of JSON values and of our own code.

All are SHA-256 in hexadecimal. A digest names content, never a place: the same
bytes under another path have the same digest.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
from collections.abc import Iterable

PACKAGE_ROOT = pathlib.Path(__file__).resolve().parents[1]
LIBRARIES = ("silos", "features", "federation", "scoring")


def of_bytes(data: bytes) -> str:
    """Return the digest of `data`."""
    return hashlib.sha256(data).hexdigest()


def of_file(path: str | pathlib.Path) -> str:
    """Return the digest of a file's bytes, read in blocks."""
    with pathlib.Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_json(value: object) -> str:
    """Return the digest of a JSON value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return of_bytes(text.encode())


def of_code(node: str, libraries: Iterable[str] = LIBRARIES) -> str:
    """Return the digest of a node's code and of the libraries below it.

    TFX's cache key ignores code, so each node carries this one: an edit to the
    dashboard or to a README does not train a model again, one to a library does.

    Args:
        node: The node's folder in `components/`.
        libraries: The folders of libraries that it stands on.
    """
    inside = [PACKAGE_ROOT / folder for folder in (node, *libraries)]
    files = sorted(
        path
        for path in (
            *PACKAGE_ROOT.glob("*.py"),
            *(path for folder in inside for path in folder.rglob("*")),
        )
        if path.is_file() and path.suffix != ".md" and "__pycache__" not in path.parts
    )
    names = [str(path.relative_to(PACKAGE_ROOT)) for path in files]
    return of_json(
        [[name, of_file(path)] for name, path in zip(names, files, strict=True)]
    )
