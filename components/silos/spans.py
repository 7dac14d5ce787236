"""The order of spans: `2013-9` comes before `2013-10`, and no span before any."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

SpanOrder = tuple[tuple[int, int, str], ...]

_DAY = re.compile(r"(\D*)(\d{4})(\D?)(\d{2})\3(\d{2})(\D*)", re.ASCII)
_MONTH = re.compile(r"(\D*)(\d{4})(\D?)(\d{2}|(?<=\D)\d)(\D*)", re.ASCII)
_NUMBER = re.compile(r"(\D*)(\d+)(\D*)", re.ASCII)


def span_order(span: str) -> SpanOrder:
    """Return a key that sorts spans: runs of digits count as numbers."""
    return tuple(
        (0, int(run), "") if run.isdecimal() else (1, 0, run)
        for run in re.findall(r"\d+|\D+", span)
    )


def span_form(span: str) -> str:
    """Return how a span is written: `2024-01` as YYYY-#, `202401` as YYYYMM, `7` as #.

    Four digits alone may be a counter, too: 2013 is #.
    """
    if re.fullmatch(r"\D*\d{4}\D*", span):
        return re.sub(r"\d+", "#", span)

    def form(number: re.Match[str]) -> str:
        is_date = re.fullmatch(r"(19|20)\d\d(\d\d){0,2}", number[0])
        return "YYYYMMDD"[: len(number[0])] if is_date else "#"

    return re.sub(r"\d+", form, span)


def sorts_by_time(spans: Sequence[str]) -> bool:
    """Return whether no number that differs stands before a year, as in `01-2024`."""
    behind = (s for s in spans if re.match("[^Y#]*#[^Y]*YYYY", span_form(s)))
    return len({span_order(re.sub(r"^\D+", "", s))[0] for s in behind}) < 2


def next_span(spans: Sequence[str]) -> str:
    """Return the span that directly follows the last of ordered ones, in their form.

    Names tell it where all are days (`2013-12-31`), months (`2013-12`), or have one
    number (`7`, `week-07`): `2013-45` makes its neighbours no months. It is empty
    where they don't tell.
    """
    for form, following in ((_DAY, _day), (_MONTH, _month), (_NUMBER, _number)):
        found = [match for span in spans if (match := form.fullmatch(span))]
        if found and len(found) == len(spans) and (name := following(found)):
            return name
    return ""


def _day(found: Sequence[re.Match[str]]) -> str:
    try:
        day = [datetime.date(int(m[2]), int(m[4]), int(m[5])) for m in found][-1]
        day += datetime.timedelta(days=1)
    except (ValueError, OverflowError):  # no day of the calendar
        return ""
    before, _, separator, _, _, after = found[-1].groups()
    parts = (f"{day.year:04}", f"{day.month:02}", f"{day.day:02}")
    return before + separator.join(parts) + after


def _month(found: Sequence[re.Match[str]]) -> str:
    if not all(1 <= int(m[4]) <= 12 for m in found):
        return ""
    before, year, separator, month, after = found[-1].groups()
    years, months = divmod(int(month), 12)
    width = min(len(match[4]) for match in found)
    return f"{before}{int(year) + years:04}{separator}{months + 1:0{width}}{after}"


def _number(found: Sequence[re.Match[str]]) -> str:
    before, number, after = found[-1].groups()
    return f"{before}{int(number) + 1:0{len(number)}}{after}"
