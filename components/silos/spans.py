"""The order of spans: `2013-9` comes before `2013-10`, and no span before any."""

from __future__ import annotations

import re

SpanOrder = tuple[tuple[int, int, str], ...]


def span_order(span: str) -> SpanOrder:
    """Return a key that sorts spans: runs of digits count as numbers.

    Args:
        span: The span; empty for data that has none, which comes first.
    """
    return tuple(
        (0, int(run), "") if run.isdecimal() else (1, 0, run)
        for run in re.findall(r"\d+|\D+", span)
    )
