"""Content digests: of files, of JSON values and of our own code.

All are SHA-256 in hexadecimal. A digest names content, never a place: the same
bytes under another path have the same digest.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import importlib.metadata
import json
import pathlib
import platform
import re
from collections.abc import Iterable

PACKAGE_ROOT = pathlib.Path(__file__).resolve().parent
LIBRARIES = (
    "payloads",
    "silos",
    "features",
    "federation",
    "personal",
    "privacy",
    "scoring",
)
# What reads rows, trains, scores, measures and draws; the rest decides no result.
ENGINES = (
    "apache-beam",
    "dp-accounting",
    "jax",
    "jinja2",
    "keras",
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
    "tensorflow",
    "tensorflow-data-validation",
    "tensorflow-federated",
    "tensorflow-metadata",
    "tensorflow-model-analysis",
    "tfx",
    "tfx-bsl",
)


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
    """Return the digest of a node's code, its libraries and the engines installed.

    TFX's cache key ignores code, so each node carries this one: an edit to the
    dashboard, a README or a comment does not train a model again; one to a
    library, or another version of an engine, does. Node and libraries are folders.
    """
    inside = [PACKAGE_ROOT / folder for folder in (node, *libraries)]
    files = [
        path
        for path in (
            *PACKAGE_ROOT.glob("*.py"),
            *(path for folder in inside for path in folder.rglob("*")),
        )
        if path.is_file() and _matters(path.relative_to(PACKAGE_ROOT))
    ]
    return of_json([_versions(), _by_name(files, PACKAGE_ROOT)])


def of_python_below(folder: pathlib.Path) -> str:
    """Return the digest of all Python files below a folder, but for hidden ones.

    For the cache key of code that imports its neighbours.
    """
    hidden = re.compile(r"\.|__pycache__$")
    files = [
        path
        for path in folder.rglob("*.py")
        if not any(map(hidden.match, path.relative_to(folder).parts))
    ]
    return of_json(_by_name(files, folder))


def _matters(path: pathlib.Path) -> bool:
    return path.suffix != ".md" and "__pycache__" not in path.parts


def _by_name(files: Iterable[pathlib.Path], root: pathlib.Path) -> list[list[str]]:
    return sorted([str(path.relative_to(root)), _of_source(path)] for path in files)


def _of_source(path: pathlib.Path) -> str:
    data = path.read_bytes()
    return _of_python(data) if path.suffix == ".py" else of_bytes(data)


@functools.cache
def _of_python(source: bytes) -> str:
    """Return the digest of Python code without its comments and docstrings."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return of_bytes(source)
    for node in ast.walk(tree):
        if isinstance(body := getattr(node, "body", None), list):
            body[:] = [line for line in body if not _is_text(line)]
    text = ast.dump(tree, annotate_fields=False)
    return of_bytes(text.encode("utf-8", "surrogatepass"))


def _is_text(line: ast.AST) -> bool:
    """Return whether a statement is a string by itself: a docstring, or no use."""
    return (
        isinstance(line, ast.Expr)
        and isinstance(line.value, ast.Constant)
        and isinstance(line.value.value, str)
    )


@functools.cache
def _versions() -> list[str]:
    """Return the versions of Python and of the engines, as they are installed."""
    found = [platform.python_version()]
    for engine in ENGINES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found.append(f"{engine} {importlib.metadata.version(engine)}")
    return found
