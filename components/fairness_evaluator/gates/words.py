"""The words of the gates' sentences: metrics, numbers, names."""

from __future__ import annotations

from collections.abc import Sequence

METRICS = {
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
# Values of a silo's column come from its data: long ones would drown the sentence.
LONGEST_NAME = 60
MOST_NAMES = 5


def metric(name: str, threshold: float | None = None) -> str:
    """Return a metric as people call it, such as `precision at 0.25`."""
    return METRICS[name] + ("" if threshold is None else f" at {threshold:g}")


def valued(name: str, threshold: float | None, value: float | None) -> str:
    """Return a metric with its value, such as `precision 0.612 at threshold 0.25`."""
    at = "" if threshold is None else f" at threshold {threshold:g}"
    return f"{METRICS[name]} {figure(value)}{at}"


def number(value: float) -> str:
    """Return a figure or a bound, with three decimals, never `-0.000`."""
    text = f"{value:.3f}"
    return text.removeprefix("-") if float(text) == 0 else text


def figure(value: float | None) -> str:
    """Return a figure that may not be there."""
    return "none" if value is None else number(value)


def plain(value: float) -> str:
    """Return a bound as it stands in the settings, such as `0.6`."""
    return f"{value:g}"


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
    shown = ", ".join(name(each) for each in several[:MOST_NAMES])
    more = len(several) - MOST_NAMES
    rest = f" and {more:,} more" if more > 0 else ""
    return f"{noun}{'' if len(several) == 1 else 's'} {shown}{rest}"


def sentence(text: str) -> str:
    """Return a text with its first letter large."""
    return text[:1].upper() + text[1:]
