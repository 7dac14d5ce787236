"""The silo task `list`: which files a silo has, each with its digest.

TFX's cache is keyed by it. It reads no rows, and a file that stays as it is only once.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

from components.errors import SiloError
from components.payloads.silo import Silo
from components.silo_example_gen import files
from components.silos.file_digests import FileDigests
from components.silos.tasks import Result, Task

# An error of these changes TFX's cache key; any other may be one of the moment.
KNOWN_TO_THE_KEY = (FileNotFoundError, NotADirectoryError, PermissionError)


def list_files(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """List a silo's files as they lie there now.

    Args:
        silo: The silo.
        arguments: `folder`, the silo's own folder, and `pattern` below it.

    Returns:
        Values `files`: a list of `{span, path, digest}`, sorted; instead of the
        digest of a file that can't be read, the reason. And `passed_over`, names of
        files in a format that is not read.

    Raises:
        SiloError: The folder can't be read, or holds a name that isn't UTF-8.
    """
    folder = pathlib.Path(arguments["folder"])
    try:
        found = files.find(folder, arguments["pattern"])
    except KNOWN_TO_THE_KEY as error:
        raise SiloError(
            silo.id,
            "its folder",
            f"a folder that can't be read ({error.strerror})",
            "one that FairSilo may list and read",
            "give FairSilo the right to list and read the folder",
        ) from None
    known = FileDigests(silo, "inputs")
    listed = [
        {"span": span, "path": _plain(silo, path), "digest": _digest(known, path)}
        for span, path in found
    ]
    known.save()
    passed_over = files.passed_over(folder, [path for _, path in found])
    return Result({"files": listed, "passed_over": passed_over})


LIST = Task("list", list_files)


def _digest(known: FileDigests, path: pathlib.Path) -> str:
    try:
        return known.of(path)
    except OSError as error:  # `ingest` tells why, and reads the other files
        return f"unreadable: {error.strerror}"


def _plain(silo: Silo, path: pathlib.Path) -> str:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise SiloError(
            silo.id,
            "its folder",
            "a file whose name is not UTF-8",
            "file names in UTF-8",
            "rename the file",
        ) from None
    return str(path)
