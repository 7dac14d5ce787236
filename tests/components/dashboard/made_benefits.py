"""Benefit reports made by hand: plausible figures, unlike for each silo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.payloads.benefit import (
    ALONE,
    BASE,
    METRICS,
    PERSONAL,
    POOLED,
    SERVED,
    BenefitReport,
    SiloBenefit,
)
from components.payloads.interval import Interval

CHANCE = "can't tell whether its personal model is better: about 1,700 more rows would"
SURE = "its log loss is surely lower on the rows to choose by"


def around(value: float, width: float) -> Interval:
    """Return a figure with a lopsided interval."""
    return Interval(value, value - width, value + 1.2 * width)


def silo(name: str, gain: float, width: float = 0.01, **more: Any) -> SiloBenefit:
    """Return the benefit of a silo that is served by base, and gains so much by it."""
    fields: dict[str, Any] = {
        "silo": name,
        "reason": CHANCE,
        "rows": {"train": 400, "choose": 60, "eval": 200},
        "positives": 50,
        "figures": {
            BASE: {"auc": around(0.7 + gain, 0.03)},
            ALONE: {"auc": around(0.7, 0.03)},
        },
        "gains": {key: {"auc": around(gain, width)} for key in (BASE, SERVED)},
    }
    return SiloBenefit(**(fields | more))


def report(silos: Sequence[str], pooled: bool = False) -> BenefitReport:
    """Return a report in which the largest silos lose by base, and none by its own.

    Every third silo has a personal model to serve it, one is served by `alone`, and
    of the others it can't be told.
    """
    own = tuple(_silo(name, index, pooled) for index, name in enumerate(sorted(silos)))
    met = "the 99 training rows of `a` and `b` met in the node's process"
    return BenefitReport("ditto", "a" * 64, own, met if pooled else "")


def _silo(name: str, index: int, pooled: bool) -> SiloBenefit:
    rows = round(90 * 1.6 ** ((index * 5) % 11) + 7 * index)
    width = 0.6 / rows**0.5
    alone = 0.66 + 0.0107 * ((index * 7) % 13)
    by_base = 0.062 - 0.0071 * ((index * 5) % 11) + 0.0003 * index
    lifts = {BASE: by_base, PERSONAL: by_base + 0.0131 + 0.0002 * index, ALONE: 0.0}
    served = PERSONAL if index % 3 == 0 else ALONE if index == 4 else BASE
    if pooled:
        lifts[POOLED] = by_base + 0.0173
    figures = {}
    for model, lift in lifts.items():
        values = (alone + lift, 1.19 - alone - lift, 0.41 - (alone + lift) / 3)
        known = zip(METRICS, values, strict=True)
        figures[model] = {metric: around(value, width) for metric, value in known}
    lifts[SERVED] = lifts[served]
    gains = {
        model: {
            "auc": around(lift, width * 0.6 if lift else 0.0),
            "log_loss": around(-lift, width * 0.6 if lift else 0.0),
        }
        for model, lift in lifts.items()
        if model not in {ALONE, POOLED}
    }
    return SiloBenefit(
        name,
        served,
        f"{index:02d}".ljust(64, "e"),
        "" if served == BASE else f"models/{index}.npz",
        CHANCE if served == BASE else SURE,
        {"train": rows, "choose": rows // 8, "eval": rows // 4},
        rows // 16,
        {PERSONAL: 2, ALONE: 24},
        figures,
        gains,
    )
