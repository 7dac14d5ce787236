"""Chooses the baseline: the newest blessed model of an earlier span.

By span and not by time of training, so that a backfill of an old span never
becomes the baseline of a new one. Spans compare as strings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True)
class Blessed:
    """A model that was blessed once.

    Attributes:
        id: Id of its blessing; rises with time.
        use_case: The use case.
        span: Its span, empty where the data has none.
        uri: Its folder.
        digest: Its digest.
    """

    id: int
    use_case: str
    span: str
    uri: str
    digest: str


def choose(
    blessed: Iterable[Blessed], use_case: str, span: str, digest: str
) -> Blessed | None:
    """Return the model to compare with; None when there is none.

    Args:
        blessed: All blessed models whose folder is there.
        use_case: The candidate's use case.
        span: The candidate's span. Where it is empty there is no order but that
            of blessing, so any other model counts as earlier.
        digest: The candidate's digest; without spans it tells the candidate
            itself, judged again, from an earlier model.
    """
    earlier = [
        model
        for model in blessed
        if model.use_case == use_case
        and bool(model.span) == bool(span)
        and (model.span < span if span else model.digest != digest)
    ]
    return max(earlier, key=lambda model: (model.span, model.id), default=None)
