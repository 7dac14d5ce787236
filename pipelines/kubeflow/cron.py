"""When a schedule starts: five fields as people write them, in a zone of their choice.

Kubeflow takes six fields, seconds first, and reads all of them in one time zone, the
server's (`CRON_SCHEDULE_TIMEZONE`, UTC unless set); its library (robfig/cron 1.2) knows
no `CRON_TZ=`. So an expression is rewritten for the server's zone. That is exact as
long as the two zones keep their distance; where one of them changes its clock, it holds
until then, which is told.
"""

from __future__ import annotations

import dataclasses
import datetime
import itertools
import zoneinfo
from collections.abc import Iterable

from cronsim import CronSim, CronSimError

NUM_FIELDS = 5
FIELDS = "minute hour day-of-month month day-of-week"
HORIZON_DAYS = 400

_DAY_MINUTES = 24 * 60
_MINUTES = frozenset(range(60))
_HOURS = frozenset(range(24))
_DAYS = frozenset(range(1, 32))
_MONTHS = frozenset(range(1, 13))
_WEEKDAYS = frozenset(range(7))
_FEWEST_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_EPOCH = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)


@dataclasses.dataclass(frozen=True)
class ServerCron:
    """An expression as the server takes it.

    Attributes:
        cron: Six fields in the server's zone.
        warning: From when on it is wrong, and by how much; empty where it never is.
    """

    cron: str
    warning: str


@dataclasses.dataclass(frozen=True)
class _Times:
    """An expression's fields as sets; the days also as they are written."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    day_text: str
    weekday_text: str

    @property
    def joined(self) -> bool:
        """Whether day and weekday must both match; else one of them is enough."""
        return self.day_text.startswith("*") or self.weekday_text.startswith("*")

    @property
    def every_day(self) -> bool:
        return self.days == _DAYS

    @property
    def every_month(self) -> bool:
        return self.months == _MONTHS

    @property
    def every_weekday(self) -> bool:
        return self.weekdays == _WEEKDAYS


def check(expression: str) -> str:
    """Return an expression that can be used.

    Raises:
        ValueError: It can't; the sentence says what was expected.
    """
    _parse(expression)
    return expression


def check_zone(name: str) -> str:
    """Return the name of a time zone that there is.

    Raises:
        ValueError: There is none of this name.
    """
    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # by the form of the name
        raise ValueError(
            "expected the IANA name of a time zone, such as Europe/Berlin or UTC"
        ) from None
    return name


def for_server(
    expression: str, zone: str, server_zone: str, now: datetime.datetime
) -> ServerCron:
    """Rewrite an expression for the server's time zone.

    Args:
        expression: Five fields.
        zone: IANA name of the zone that they are meant in.
        server_zone: That of the server's zone.
        now: The present.

    Raises:
        ValueError: No single expression says the same there.
    """
    times = _parse(expression)
    ahead = _ahead(zone, server_zone, now)
    cron = _shifted(times, -ahead, zone, server_zone)
    change = _next_change(zone, server_zone, now)
    if change is None:
        return ServerCron(cron, "")
    later = _ahead(zone, server_zone, change) - ahead
    try:
        if _shifted(times, -ahead - later, zone, server_zone) == cron:
            return ServerCron(cron, "")
    except ValueError:
        pass  # then it can't be the same either
    return ServerCron(
        cron,
        f"from {change.astimezone(zoneinfo.ZoneInfo(zone)):%Y-%m-%d} on it starts "
        f"{abs(later)} minutes {'later' if later > 0 else 'earlier'} by the clock of "
        f"{zone}, since the server counts in {server_zone}: apply it again that day, "
        "or give the server that zone (kubeflow.server_time_zone)",
    )


def next_times(
    cron: str, server_zone: str, zone: str, now: datetime.datetime, count: int = 3
) -> list[datetime.datetime]:
    """Return when the server starts next, by the clock of a zone.

    Args:
        cron: Six fields in the server's zone.
        server_zone: IANA name of that.
        zone: IANA name of the clock to tell by.
        now: The present.
        count: How many times.
    """
    start = now.astimezone(zoneinfo.ZoneInfo(server_zone))
    told = zoneinfo.ZoneInfo(zone)
    times = itertools.islice(CronSim(cron, start), count)
    return [time.astimezone(told) for time in times]


def _parse(expression: str) -> _Times:
    fields = expression.split()
    if len(fields) != NUM_FIELDS:
        more = ": leave out the seconds" if len(fields) > NUM_FIELDS else ""
        raise ValueError(f"expected five fields, {FIELDS}, found {len(fields)}{more}")
    try:
        parsed = CronSim(expression, _EPOCH)
        next(parsed)
    except CronSimError as error:
        raise ValueError(f"{error}: expected {FIELDS}, as crontab takes them") from None
    except StopIteration:
        raise ValueError("expected a date that there is") from None
    weekdays = [day for day in parsed.weekdays if isinstance(day, int)]
    if min(parsed.days) < 0 or len(weekdays) < len(parsed.weekdays):
        raise ValueError("expected no L, W or #: Kubeflow doesn't know them")
    times = _Times(
        frozenset(parsed.minutes),
        frozenset(parsed.hours),
        frozenset(parsed.days),
        frozenset(parsed.months),
        frozenset(day % 7 for day in weekdays),
        fields[2],
        fields[4],
    )
    if not times.joined and (times.every_day or times.every_weekday):
        # All days or some weekdays: all days. A star in one field would say `and`.
        return dataclasses.replace(
            times, days=_DAYS, weekdays=_WEEKDAYS, day_text="*", weekday_text="*"
        )
    return times


def _shifted(times: _Times, minutes: int, zone: str, server_zone: str) -> str:
    """Return six fields that start `minutes` later than `times` by another clock."""
    moments = [
        divmod(60 * hour + minute + minutes, _DAY_MINUTES)
        for hour in times.hours
        for minute in times.minutes
    ]
    moved = {days for days, _ in moments}
    hours = {moment // 60 for _, moment in moments}
    past = {moment % 60 for _, moment in moments}
    same = len(hours) * len(past) == len({moment for _, moment in moments})
    if same and times.every_day and times.every_month and times.every_weekday:
        return _six(past, hours, "*", "*", "*")
    if same and len(moved) == 1:
        days = _moved(times, moved.pop())
        if days is not None:
            return _six(past, hours, *days)
    raise ValueError(
        f"in the server's time zone, {server_zone}, these times of {zone} take more "
        "than one expression: they cross midnight there, or a half hour between the "
        "zones splits them; choose other times, or give the server that zone "
        "(kubeflow.server_time_zone)"
    )


def _moved(times: _Times, days: int) -> tuple[str, str, str] | None:
    """Return the fields of the days, moved by some days; None where they can't be."""
    if days == 0:
        return (_day_text(times), _field(times.months, _MONTHS), _weekday_text(times))
    weekdays = _field({(day + days) % 7 for day in times.weekdays}, _WEEKDAYS)
    if times.every_day and times.every_month:
        return ("*", "*", weekdays)
    # A joined pair would be told as lists, which are not joined; and a weekday on the
    # first or last of a month would move to another month.
    if not times.every_weekday and (times.joined or not times.every_month):
        return None
    fewest = min(_FEWEST_DAYS[month - 1] for month in times.months)
    moved = {day + days for day in times.days}
    if min(moved) < 1 or max(*moved, *times.days) > fewest:
        return None
    return (_field(moved, _DAYS), _field(times.months, _MONTHS), weekdays)


def _day_text(times: _Times) -> str:
    """Return the days as a list, but for a star, which has a meaning of its own."""
    return times.day_text if times.day_text.startswith("*") else _list(times.days)


def _weekday_text(times: _Times) -> str:
    if times.weekday_text.startswith("*"):
        return times.weekday_text
    return _list(times.weekdays)


def _six(
    minutes: Iterable[int], hours: Iterable[int], days: str, months: str, weekdays: str
) -> str:
    past, of_day = _field(minutes, _MINUTES), _field(hours, _HOURS)
    return " ".join(("0", past, of_day, days, months, weekdays))


def _field(values: Iterable[int], everything: frozenset[int]) -> str:
    return "*" if set(values) == everything else _list(values)


def _list(values: Iterable[int]) -> str:
    """Return numbers as cron writes them: three or more in a row as a range."""
    told = []
    ordered = sorted(values)
    for _, row in itertools.groupby(enumerate(ordered), lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in row]
        if len(numbers) > 2:
            told.append(f"{numbers[0]}-{numbers[-1]}")
        else:
            told.extend(map(str, numbers))
    return ",".join(told)


def _ahead(zone: str, server_zone: str, at: datetime.datetime) -> int:
    """Return by how many minutes a zone's clock is ahead of the server's."""
    offsets = [
        at.astimezone(zoneinfo.ZoneInfo(name)).utcoffset() or datetime.timedelta()
        for name in (zone, server_zone)
    ]
    return int((offsets[0] - offsets[1]).total_seconds() // 60)


def _next_change(
    zone: str, server_zone: str, now: datetime.datetime
) -> datetime.datetime | None:
    """Return when the two clocks change their distance next, to the hour."""
    if zone == server_zone:
        return None
    hour = datetime.timedelta(hours=1)
    start = now.replace(minute=0, second=0, microsecond=0)
    present = _ahead(zone, server_zone, now)
    for day in range(HORIZON_DAYS):
        evening = start + datetime.timedelta(days=day + 1)
        if _ahead(zone, server_zone, evening) != present:
            hours = (start + datetime.timedelta(days=day) + hour * n for n in range(25))
            return next(at for at in hours if _ahead(zone, server_zone, at) != present)
    return None
