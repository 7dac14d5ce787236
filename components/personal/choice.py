r"""Which model serves a silo: chosen on rows that no model has trained on.

One-sided tests that together err in about 5 % of the cases at most, by Bonferroni's
correction in unequal parts. 4 % are for the personal model, the likelier one: is it
better than the base model, and if it is, is the one trained alone better than the
personal one? The second is only tested where the first was passed, so that it needs no
part of its own: Maurer, Hothorn and Lehmacher (1995), "Multiple comparisons in drug
clinical trials and preclinical assays: a-priori ordered hypotheses", Biometrie in der
chemisch-pharmazeutischen Industrie 6. 1 % is for silos that the federation does not
suit: where the personal model is not surely better, is the one trained alone better
than the base model? What is not surely better does not serve: ties go to the base.

A test is paired: the mean fall of the log loss, row by row, over its standard error,
against Student's t. Departure from the t test: its degrees of freedom are
$\min(m, n) - 1$ of $m$ rows of one label and $n$ of the other, since the rarer label
carries most of the loss; with few of its rows the usual test errs more often than it
says. With fewer than `LEAST` rows of either label nothing is tested.

Rows that were split together, such as those of one day, are alike: the standard error
is that of their groups (`scoring/clusters.py`), with at most one degree of freedom less
than there are groups.

Limits: the two halves that pick passes for each other are not quite independent, so
among ten passes that are equally good 5.5 % of the tests at 4 % err; falls that a
hundredth of the rows carry are more skewed than $t$ allows for (8 to 11 %). What serves
is the pass that all rows pick, a third one.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.payloads.benefit import ALONE, BASE, PERSONAL
from components.payloads.interval import Interval
from components.scoring import clusters, intervals
from components.scoring.losses import losses

LEAST = 10  # rows of each label
MOST = 10  # times its rows: what only so many more would tell is no difference
TAILS = {PERSONAL: 0.04, ALONE: 0.01}  # of tests against the base model

Scores = NDArray[np.float64]
NAMES = {
    BASE: "the base model",
    PERSONAL: "its personal model",
    ALONE: "the model of its own rows alone",
}


@dataclasses.dataclass(frozen=True)
class Chosen:
    """What serves a silo, and why."""

    served: str
    reason: str  # in a sentence
    # Fall of the log loss against `base`, whose low end is what the test asks for.
    falls: Mapping[str, Interval] = dataclasses.field(default_factory=dict)


def choose(
    labels: NDArray[np.number[Any]],
    scores: Mapping[str, Scores],
    groups: NDArray[np.int64],
    least_rows: int = 0,
) -> Chosen:
    """Choose among the models that there are.

    Args:
        labels: Of the rows to choose by, 0 or 1.
        scores: Theirs by model: `base`, and `personal` and `alone` where they can
            serve. Those of `personal` and `alone` are of weights that the row took no
            part in picking (`stopping.py`).
        groups: The number of each row's group, from 0.
        least_rows: With fewer rows nothing is tested.
    """
    rarer = int(min(np.sum(labels == 1), np.sum(labels == 0)))
    rows = len(labels)
    if not rows:
        return Chosen(BASE, "it has no rows to choose by")
    if rows < least_rows:
        more = least_rows - rows
        reason = (
            f"can't tell: it has {_rows(rows)} to choose by, at least {least_rows} are "
            f"needed; {_more_rows(more)}"
        )
        return Chosen(BASE, reason)
    if not rarer:
        return Chosen(
            BASE, f"can't tell: its {_rows(rows)} to choose by have one label"
        )
    if not groups.any():
        reason = (
            f"can't tell: its {_rows(rows)} to choose by are all alike in rows.split_by"
        )
        return Chosen(BASE, reason)
    falls = {
        name: fall(labels, scores[BASE], scores[name], groups, TAILS[name])
        for name in TAILS
        if name in scores and rarer > 1
    }
    if rarer < LEAST:
        more = _about(rows * (LEAST / rarer - 1))
        return Chosen(
            BASE,
            f"can't tell: {rarer} of its {_rows(rows)} to choose by are of the rarer "
            f"label, at least {LEAST} are needed; {_more_rows(more)}",
            falls,
        )
    served = next((name for name in falls if falls[name].low > 0.0), BASE)
    if served == BASE:
        return _kept(falls, rows)
    found = Chosen(served, _better(served, BASE, falls[served], rows), falls=falls)
    if served == PERSONAL and ALONE in scores:
        again = fall(labels, scores[PERSONAL], scores[ALONE], groups, TAILS[PERSONAL])
        if again.low > 0.0:
            reason = _better(ALONE, PERSONAL, again, rows)
            found = dataclasses.replace(found, served=ALONE, reason=reason)
    return found


def fall(
    labels: NDArray[np.number[Any]],
    first: Scores,
    other: Scores,
    groups: NDArray[np.int64],
    tail: float,
) -> Interval:
    """Return by how much the log loss is lower than the first model's.

    It lies below the low end of its interval with probability `tail`, and so above the
    high one. Of each label there are at least two rows, and at least two groups.
    """
    apart = losses(labels, first)["log_loss"] - losses(labels, other)["log_loss"]
    rarer = int(min(np.sum(labels == 1), np.sum(labels == 0)))
    number = int(groups.max()) + 1
    quantile = intervals.student(min(rarer, number) - 1, tail)
    return clusters.mean(apart, groups, quantile)


def _better(name: str, other: str, found: Interval, rows: int) -> str:
    return (
        f"{NAMES[name]} has a log loss that is surely lower than that of "
        f"{NAMES[other]}, by {found.value:.4f} (at least {found.low:.4f}) on "
        f"{_rows(rows)} to choose by"
    )


def _kept(falls: Mapping[str, Interval], rows: int) -> Chosen:
    """Return the choice of the base model where no other is surely better."""
    more = {
        name: rows * (((found.value - found.low) / found.value) ** 2 - 1.0)
        for name, found in falls.items()
        if found.value > 0.0
    }
    more = {name: number for name, number in more.items() if number < MOST * rows}
    if not more:
        reason = (
            f"none of its own is noticeably better on its {_rows(rows)} to choose by"
        )
        return Chosen(BASE, reason, falls=falls)
    name = min(more, key=lambda one: more[one])
    about = max(1, _about(more[name]))
    reason = f"can't tell whether {NAMES[name]} is better: {_more_rows(about)}"
    return Chosen(BASE, reason, falls)


def _about(number: float) -> int:
    """Return a number to two digits."""
    digits = max(0, math.floor(math.log10(max(1.0, number))) - 1)
    return math.ceil(number / 10.0**digits) * int(10.0**digits)


def _more_rows(more: int) -> str:
    plural = "s" if more > 1 else ""
    return f"about {more:,} more row{plural} to choose by would settle it"


def _rows(number: int) -> str:
    return f"{number:,} row{'s' if number > 1 else ''}"
