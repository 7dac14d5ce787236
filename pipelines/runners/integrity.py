"""Keeps TFX's cache from answering with artifacts of which files are lost.

TFX looks whether an artifact's folder is there, not what is in it. So the files of
each output are listed beside them when a node has ended. Before the next run a folder
that has lost a file is renamed: TFX does not find it, and its node runs again.
"""

from __future__ import annotations

import json
import logging
import pathlib
import uuid
from collections.abc import Iterable

from components import atomic
from pipelines.runners.results import NodeResult

LIST = ".files.json"

logger = logging.getLogger(__name__)


def record_files(node: NodeResult) -> None:
    """List the files of a node's outputs, each in its own folder.

    Of a node that the cache answered for, only those that nobody has listed.
    """
    for folder in node.outputs.values():
        if folder.is_dir() and not (node.cached and (folder / LIST).exists()):
            text = json.dumps(_sizes(folder), ensure_ascii=False)
            with atomic.written(folder / LIST) as unfinished:
                unfinished.write_text(text, encoding="utf-8")


def set_damaged_aside(nodes: Iterable[pathlib.Path]) -> None:
    """Rename the artifacts' folders of nodes that have lost files, and say so.

    Artifacts that nobody has listed are left alone, and so are nodes without a folder.
    """
    for listed in [path for node in nodes for path in node.glob(f"*/*/{LIST}")]:
        folder, now = listed.parent, _sizes(listed.parent)
        sizes = json.loads(listed.read_text(encoding="utf-8"))
        lost = [name for name, size in sizes.items() if now.get(name) != size]
        if lost:
            aside = folder.with_name(f"{folder.name}.damaged-{uuid.uuid4().hex[:8]}")
            logger.warning(
                "%s: `%s` is lost or cut; its node runs again, and what is left lies "
                "in %s",
                *(folder, lost[0], aside.name),
            )
            folder.rename(aside)
            (aside / LIST).unlink()


def set_unknown_aside(nodes: Iterable[pathlib.Path]) -> None:
    """Rename the nodes' folders when the metadata that knew them is gone.

    Without it TFX counts from 1 again and would write into the old artifacts.
    """
    for node in nodes:
        if node.is_dir():
            aside = node.with_name(f"{node.name}.unknown-{uuid.uuid4().hex[:8]}")
            logger.warning(
                "%s: its metadata is gone; it lies in %s now", node, aside.name
            )
            node.rename(aside)


def _sizes(folder: pathlib.Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
