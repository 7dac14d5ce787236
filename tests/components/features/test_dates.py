"""Dates are told from codes, versions, numbers and text with a day in it."""

import datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.features import dates


def are_dates(values):
    return dates.are_dates(pa.array(values, pa.string()))


@pytest.mark.parametrize(
    "value",
    [
        *("2024-12-31", "31.12.2024", "12/31/24", "20241231", "2024-12"),
        *("31-Dec-2024", "31DEC24", "1 January 2025", "Dec 31, 2024", " 2024-12-31 "),
        *("2024-01-31 12:00:00.000000Z", "2024-1-3T10:00", "20241231T100000"),
        *("31.12.2024 7:05 pm", "0001-01-01", "9999-12-31"),
    ],
)
def test_a_day_a_month_and_an_instant_are_dates(value):
    assert are_dates([value])


@pytest.mark.parametrize(
    "value",
    [
        *("1.2.3", "12-345-67", "0049-30-12", "10115", "1234-56", "19991399", "2024"),
        *(
            "may",
            "7:30",
            "198.51.100.7",
            "2000.05",
            "2013-11-01 UA 15",
            "31.31.2024",
            "",
            "13-13-24",
        ),
    ],
)
def test_codes_versions_and_text_with_a_day_in_it_are_none(value):
    assert not are_dates([value])


def test_up_to_half_of_the_values_may_be_something_else():
    assert are_dates(["2024-01-31", "2024-02-01", "unknown", "never"])
    assert not are_dates(["2024-01-31", "unknown", "never"])
    assert not are_dates([])


@given(
    st.dates(datetime.date(1000, 1, 1)),
    st.sampled_from(["%d.%m.%Y", "%Y-%m-%d", "%m/%d/%Y", "%d %b %Y"]),
)
def test_each_day_that_python_writes_is_a_date(day, form):
    assert are_dates([day.strftime(form)])
