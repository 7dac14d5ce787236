import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.silos.spans import next_span, sorts_by_time, span_form, span_order


def test_spans_sort_by_the_numbers_in_them():
    spans = ["2013-10", "", "10", "2013-9", "9", "2012-12", "2013-09-30"]
    assert sorted(spans, key=span_order) == [
        "", "9", "10", "2012-12", "2013-9", "2013-09-30", "2013-10"
    ]  # fmt: skip


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_numbers_as_spans_sort_as_numbers(one, two):
    assert (span_order(str(one)) < span_order(str(two))) == (one < two)


@pytest.mark.parametrize(
    ("spans", "follows"),
    [
        (["2013-11", "2013-12"], "2014-01"),
        (["2013-08", "2013-09"], "2013-10"),
        (["2013-9"], "2013-10"),
        (["2013-9", "2013-12"], "2014-1"),
        (["201311", "201312"], "201401"),
        (["to 2013_12 (new)"], "to 2014_01 (new)"),
        (["2013-02-28"], "2013-03-01"),
        (["20131231"], "20140101"),
        (["9", "10"], "11"),
        (["20139"], "20140"),
        (["week-09"], "week-10"),
        (["2013"], "2014"),
    ],
)
def test_the_next_span_has_the_form_of_those_before(spans, follows):
    assert next_span(spans) == follows
    assert span_order(spans[-1]) < span_order(follows)


@pytest.mark.parametrize(
    "spans",
    [
        [],
        ["first", "second"],
        ["2013-12", "2013-45"],  # weeks, and nobody knows how many a year has
        ["2013-00"],
        ["2013-Q4"],
        ["2013-02-29"],
        ["9999-12-31"],
        ["2013-12", "2013-12-31"],
        ["1", "1b2"],
    ],
)
def test_names_that_do_not_tell_have_no_next_span(spans):
    assert next_span(spans) == ""


@pytest.mark.parametrize(
    ("span", "form"),
    [
        ("2024-01", "YYYY-#"),
        ("01-2024", "#-YYYY"),
        ("202401", "YYYYMM"),
        ("20240131", "YYYYMMDD"),
        ("week-7", "week-#"),
        ("12345", "#"),
        ("2113", "#"),
        ("run 2013", "run #"),
        ("", ""),
    ],
)
def test_a_form_tells_how_a_span_is_written(span, form):
    assert span_form(span) == form


@pytest.mark.parametrize(
    ("spans", "sorts"),
    [
        (["01-2024", "02-2023"], False),
        (["m12_2023", "m1_2024"], False),
        (["01-2023", "01-2024"], True),  # the year decides
        (["part1_2024-01", "part1_2024-02"], True),
        (["2024-01-01_2024-01-31", "2024-02-01_2024-02-29"], True),
        (["2024-01", "2024-2"], True),
        (["7", "8"], True),
        ([], True),
    ],
)
def test_a_number_that_differs_before_the_year_is_no_order_of_time(spans, sorts):
    assert sorts_by_time(spans) is sorts
