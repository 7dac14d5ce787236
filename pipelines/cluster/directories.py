"""Makes the directories that silos' volumes show: what the job `silo-homes` runs.

A volume that shows a directory can't be mounted before the directory is there, and a
silo's pod may come up before the first run.
"""

from __future__ import annotations

import json
import pathlib
import sys
from collections.abc import Sequence

from components.silos import homes


def make(root: pathlib.Path, wanted: Sequence[str]) -> None:
    """Make directories that only their owner may open.

    Args:
        root: Where the shared volume is mounted.
        wanted: Paths below it; the last part of each is a silo's id.

    Raises:
        SettingsError: An id can't be a folder's name.
    """
    for path in wanted:
        parent, _, silo = path.rpartition("/")
        homes.open_home(root / parent, silo)


def main(arguments: Sequence[str]) -> None:
    """Make the directories of a JSON list: ROOT, and the list's file."""
    root, listed = arguments
    wanted = json.loads(pathlib.Path(listed).read_text(encoding="utf-8"))
    make(pathlib.Path(root), wanted)
    sys.stdout.write(f"{len(wanted)} directories are there\n")


if __name__ == "__main__":
    main(sys.argv[1:])
