"""What a gate finds: whether the model passes, in a sentence, and the way out."""

from __future__ import annotations

import dataclasses

REFUSED = "Not blessed: "


@dataclasses.dataclass(frozen=True)
class Finding:
    """What a gate finds.

    Attributes:
        passed: Whether the model passes.
        sentence: Why, for a person to read; begins with `REFUSED` where it doesn't.
        way_out: What a person can do; empty where the model passes.
    """

    passed: bool
    sentence: str
    way_out: str = ""


class CannotJudge(Exception):  # noqa: N818  no fault: the gate refuses with its words
    """The gate has nothing to judge by, and so refuses.

    Args:
        reason: What is missing, as the rest of a sentence.
        way_out: What a person can do.
    """

    def __init__(self, reason: str, way_out: str) -> None:
        super().__init__(reason, way_out)
        self.reason = reason
        self.way_out = way_out
