"""What a runner tells of a node; loads no engine."""

from __future__ import annotations

import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True)
class NodeResult:
    """What one node of a run gave.

    Attributes:
        node: Its id.
        seconds: From its start to its end, unit: seconds.
        cached: Whether TFX's cache answered.
        outputs: Folder of each output artifact, by key.
    """

    node: str
    seconds: float
    cached: bool
    outputs: dict[str, pathlib.Path]
