"""Chooses the baseline: the newest blessed model of an earlier span.

By span and not by time of training, so that a backfill of an old span never
becomes the baseline of a new one, and a span that is run again is compared with the
same model as before. So the baseline need not be the model in service.
"""

from __future__ import annotations

from collections.abc import Iterable

from components import blessed_models
from components.blessed_models import BlessedModel
from components.silos.spans import span_order


def choose(
    blessed: Iterable[BlessedModel], span: str, digest: str
) -> BlessedModel | None:
    """Return the model to compare with; None when there is none.

    Args:
        blessed: All blessed models of the use case, also those whose folder is
            gone: an older one in their place would be compared with unseen.
        span: The candidate's span. Where it is empty there is no order but that
            of blessing, so any other model counts as earlier.
        digest: The candidate's digest; without spans it tells the candidate
            itself, judged again, from an earlier model.
    """
    return blessed_models.newest(
        model
        for model in blessed
        if bool(model.span) == bool(span)
        and (
            span_order(model.span) < span_order(span)
            if span
            else model.digest != digest
        )
    )
