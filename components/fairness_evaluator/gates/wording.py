"""Writes the parts of the gates' sentences: metrics, numbers, names."""

from __future__ import annotations

from collections.abc import Sequence

METRICS = {
    "rows": "labelled rows",
    "auc": "AUC",
    "pr_auc": "PR-AUC",
    "log_loss": "log loss",
    "brier": "Brier score",
    "calibration_error": "calibration error",
    "tpr": "true positive rate",
    "fpr": "false positive rate",
    "positive_rate": "positive rate",
    "precision": "precision",
    "gain_auc": "the gain in AUC over training alone",
}
DIGITS = 3
MOST_DIGITS = 9  # where two numbers would read alike, though they differ
# Values of a silo's column come from its data: long ones would drown the sentence.
LONGEST_NAME = 60
MOST_NAMES = 5


def metric(name: str, threshold: float | None = None) -> str:
    """Return a metric as people call it, such as `precision at 0.25`."""
    return METRICS[name] + ("" if threshold is None else f" at {threshold:g}")


def number(value: float, *beside: float) -> str:
    """Return a figure with three decimals, never `-0.000`.

    Where it would read like one of the numbers `beside` it and is another one, it has
    as many decimals as tell them apart.
    """
    others = [other for other in beside if abs(value - other) > 10.0**-MOST_DIGITS]
    digits = DIGITS
    while digits < MOST_DIGITS and _rounded(value, digits) in {
        _rounded(other, digits) for other in others
    }:
        digits += 1
    return _rounded(value, digits)


def _rounded(value: float, digits: int) -> str:
    return f"{value:z.{digits}f}"


def bound(value: float) -> str:
    """Return a bound as it was set: a count, or with three decimals at least."""
    if isinstance(value, int):
        return f"{value:,}"
    text = number(value)
    return text if float(text) == value else repr(value)


def name(text: str) -> str:
    """Return a silo's or a group's name on one line, cut where it is very long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


def listed(several: Sequence[str]) -> str:
    """Return some texts in a row, such as `A, B and 3 more`."""
    shown = ", ".join(several[:MOST_NAMES])
    more = len(several) - MOST_NAMES
    return f"{shown} and {more:,} more" if more > 0 else shown


def sentence(text: str) -> str:
    """Return a text with its first letter large."""
    return text[:1].upper() + text[1:]
