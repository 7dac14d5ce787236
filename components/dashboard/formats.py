"""How numbers read on the pages."""

from __future__ import annotations

import math

from components.payloads.interval import Interval
from components.payloads.table import TOO_FEW, Figure

NONE = "\N{EN DASH}"


def count(number: int) -> str:
    """Return a count with thousands apart: `12,345`."""
    return f"{number:,}"


def metric(value: float | None) -> str:
    """Return a metric with three digits behind the point, a dash for none."""
    return NONE if value is None or not math.isfinite(value) else f"{value:.3f}"


def signed(value: float) -> str:
    """Return a change with its sign and three digits: `+0.012`."""
    return f"{value:+.3f}"


def cell(content: Figure | None) -> str:
    """Return a figure; else its note, with the rows of too few: `too few (7)`."""
    if content is None:
        return NONE
    if content.is_number:
        return metric(content.number)
    if content.note == TOO_FEW:
        return f"{content.note} ({count(content.rows)})"
    return content.note or NONE


def interval(content: Figure | None, is_change: bool = False) -> str:
    """Return `0.700 to 0.724`, empty without an interval."""
    if content is None or not content.is_number:
        return ""
    if content.low is None or content.high is None:
        return ""
    write = signed if is_change else metric
    return f"{write(content.low)} to {write(content.high)}"


def with_interval(content: Figure | None, is_change: bool = False) -> str:
    """Return a figure, or a change, with its interval: `0.712 (0.700 to 0.724)`."""
    if content is None or not content.is_number:
        return cell(content)
    text = (signed if is_change else metric)(content.number)
    between = interval(content, is_change)
    return f"{text} ({between})" if between else text


def effect(found: Interval | None) -> str:
    """Return a change with its interval: `+0.012 (+0.004 to +0.020)`."""
    if found is None:
        return NONE
    return f"{signed(found.value)} ({signed(found.low)} to {signed(found.high)})"


def share(value: float) -> str:
    """Return a share (0 to 1) in percent: `12.3 %`."""
    return f"{100 * value:.1f} %"


def verb(number: int, one: str, more: str) -> str:
    """Return the form of a word that goes with a number."""
    return one if number == 1 else more


def size(num_bytes: int) -> str:
    """Return bytes in the largest unit that keeps a digit before the point."""
    value = float(num_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def short(digest: str) -> str:
    """Return the first twelve characters of a digest, which tell it apart."""
    return digest[:12] or NONE
