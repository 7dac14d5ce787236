"""Units, scales and epochs that people take for one another."""

from __future__ import annotations

from collections.abc import Iterator

CHANGES = {
    (60.0, 0.0): "seconds for minutes / minutes for hours",
    (3600.0, 0.0): "seconds for hours",
    (86400.0, 0.0): "seconds for days",
    (1440.0, 0.0): "minutes for days",
    (24.0, 0.0): "hours for days",
    (7.0, 0.0): "days for weeks",
    (12.0, 0.0): "months for years",
    (365.25, 0.0): "days for years",
    (10.0, 0.0): "tenths for wholes",
    (100.0, 0.0): "cents for euros / percent for shares / centimetres for metres",
    (1000.0, 0.0): (
        "milliseconds for seconds / grams for kilograms / metres for kilometres"
    ),
    (1e6, 0.0): "microseconds for seconds",
    (1e9, 0.0): "nanoseconds for seconds",
    (2.54, 0.0): "centimetres for inches",
    (1 / 0.3048, 0.0): "feet for metres",
    (1.609344, 0.0): "kilometres for miles",
    (1 / 0.45359237, 0.0): "pounds for kilograms",
    (3.6, 0.0): "km/h for m/s",
    (1.8, 32.0): "Fahrenheit for Celsius",
    (1.0, 273.15): "kelvins for Celsius",
    (5 / 9, 255.372): "kelvins for Fahrenheit",
    (1.0, 25569.0): "days since 1900 (Excel) for days since 1970 (Unix)",
    (1.0, 1462.0): "days since 1900 (Excel) for days since 1904 (Excel for Mac)",
    (1.0, 719163.0): "days since the year 1 for days since 1970 (Unix)",
    (1.0, 693594.0): "days since the year 1 for days since 1900 (Excel)",
    (1.0, 2208988800.0): "seconds since 1900 for seconds since 1970 (Unix)",
    (1.0, 1900.0): "years of four digits for years since 1900",
    (1.0, 2000.0): "years of four digits for years since 2000",
}
"""Slope and offset from the others' values, and what for what; inverses as well."""


def explanations() -> Iterator[tuple[float, float, str]]:
    """Yield slope and offset from the others' values, and how it is said."""
    for (slope, offset), units in CHANGES.items():
        times = "" if offset else f"{slope:.6g} times as {{}}, "
        yield slope, offset, f"{times.format('large')}likely {units}"
        back = f"{times.format('small')}likely {inverse(units)}"
        yield 1 / slope, -offset / slope, back


def inverse(units: str) -> str:
    """Turn "a for b / c for d" into "b for a / d for c"."""
    pairs = (one.split(" for ", 1) for one in units.split(" / "))
    return " / ".join(f"{other} for {one}" for one, other in pairs)
