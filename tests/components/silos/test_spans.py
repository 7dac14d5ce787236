import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.silos.spans import next_span, span_order


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
