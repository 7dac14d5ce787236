"""Reads what the nodes of a run gave, as far as it is there."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping
from typing import TypeVar

from components.errors import FairSiloError
from pipelines.runners.result import NodeResult

T = TypeVar("T")
HINT = "read the step's log, then start the run again"


def required(
    nodes: Mapping[str, NodeResult],
    node: str,
    key: str,
    read: Callable[[pathlib.Path], T],
) -> T:
    """Read a node's output.

    Args:
        nodes: What the run's nodes gave so far.
        node: Id of the node.
        key: Key of the output.
        read: Reads its folder.

    Raises:
        FairSiloError: It is not there.
    """
    folder = nodes[node].outputs.get(key) if node in nodes else None
    if folder is None:
        raise FairSiloError(
            f"node `{node}`: found no output `{key}` of it in this run", HINT
        )
    try:
        return read(folder)
    except FileNotFoundError as error:
        raise FairSiloError(
            f"node `{node}`: {error.filename or folder}: found no such file, expected "
            f"what the node wrote as its output `{key}`",
            HINT,
        ) from None


def optional(
    nodes: Mapping[str, NodeResult],
    node: str,
    key: str,
    read: Callable[[pathlib.Path], T],
) -> T | None:
    """Read a node's output as `required` does; None where it is not there."""
    try:
        return required(nodes, node, key, read)
    except FairSiloError:
        return None
