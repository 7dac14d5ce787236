from hypothesis import given
from hypothesis import strategies as st

from components.silos.spans import span_order


def test_spans_sort_by_the_numbers_in_them():
    spans = ["2013-10", "", "10", "2013-9", "9", "2012-12", "2013-09-30"]
    assert sorted(spans, key=span_order) == [
        "", "9", "10", "2012-12", "2013-9", "2013-09-30", "2013-10"
    ]  # fmt: skip


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_numbers_as_spans_sort_as_numbers(one, two):
    assert (span_order(str(one)) < span_order(str(two))) == (one < two)
