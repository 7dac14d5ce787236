"""Writes the parts of the gates' sentences: metrics, numbers, counts, names."""

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
}
DIGITS = 3
MOST_DIGITS = 9  # where two numbers would read alike, though they differ
# Values of a silo's column come from its data: long ones would drown the sentence.
LONGEST_NAME = 60
MOST_NAMES = 5


def metric(name: str, threshold: float | None = None) -> str:
    """Return a metric as people call it, such as `precision at 0.25`."""
    return METRICS[name] + ("" if threshold is None else f" at {threshold:g}")


def valued(
    name: str, threshold: float | None, value: float | None, *beside: float | None
) -> str:
    """Return a metric with its value, such as `precision 0.612 at threshold 0.25`."""
    at = "" if threshold is None else f" at threshold {threshold:g}"
    return f"{METRICS[name]} {figure(value, *beside)}{at}"


def number(value: float, *beside: float | None) -> str:
    """Return a figure with three decimals, never `-0.000`.

    Args:
        value: The figure.
        beside: Other numbers of the sentence. Where the figure would read like one of
            them and is another one, it has as many decimals as tell them apart.
    """
    others = [
        other
        for other in beside
        if other is not None and abs(value - other) > 10.0**-MOST_DIGITS
    ]
    for digits in range(DIGITS, MOST_DIGITS):
        text = _rounded(value, digits)
        if text not in {_rounded(other, digits) for other in others}:
            return text
    return _rounded(value, MOST_DIGITS)


def _rounded(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def figure(value: float | None, *beside: float | None) -> str:
    """Return a figure that may not be there."""
    return "none" if value is None else number(value, *beside)


def bound(value: float) -> str:
    """Return a bound as it was set: a count, or with three decimals at least."""
    if isinstance(value, int):
        return f"{value:,}"
    text = number(value)
    return text if float(text) == value else repr(value)


def count(number_of: int, noun: str) -> str:
    """Return a count with its noun, such as `1 silo` or `2,410 silos`."""
    one, of, rest = noun.partition(" of ")  # `pair of silos` becomes `pairs of silos`
    return f"{number_of:,} {one}{'' if number_of == 1 else 's'}{of}{rest}"


def name(text: str) -> str:
    """Return a silo's or a group's name on one line, cut where it is very long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


def names(several: Sequence[str], noun: str) -> str:
    """Return names after their noun, such as `silos AA, F9 and 3 more`."""
    shown = listed([name(each) for each in several])
    return f"{noun}{'' if len(several) == 1 else 's'} {shown}"


def listed(several: Sequence[str]) -> str:
    """Return some texts in a row, such as `A, B and 3 more`."""
    shown = ", ".join(several[:MOST_NAMES])
    more = len(several) - MOST_NAMES
    return f"{shown} and {more:,} more" if more > 0 else shown


def sentence(text: str) -> str:
    """Return a text with its first letter large."""
    return text[:1].upper() + text[1:]
