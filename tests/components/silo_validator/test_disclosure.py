"""What leaves a silo, checked on TFDV's own statistics of hostile columns."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.payloads.statistics import by_column
from components.silo_validator import disclosure, tfdv_checks
from tests.support.silos import CANARY_NUMBER

LEFT_OF_NUMBERS = {"common_stats", "mean", "std_dev", "num_zeros", "histograms"}
LEFT_OF_STRINGS = {"common_stats", "unique", "top_values", "rank_histogram"}


def disclosed(rows, **table):
    split = pa.table(table)
    measured = tfdv_checks.measure(split, "train", schema_pb2.Schema())
    return by_column(disclosure.reduce(measured.datasets[0], split, rows))


def names(message):
    return {field.name for field, _ in message.ListFields()}


WORDS = st.lists(st.none() | st.sampled_from("abcdefg"), min_size=1, max_size=200)
NUMBERS = st.lists(
    st.none() | st.floats(-1e30, 1e30) | st.sampled_from([0.0, 1.0, 1e-300]),
    min_size=1,
    max_size=200,
)


@settings(max_examples=40, deadline=None)
@given(WORDS, st.integers(1, 30))
def test_no_string_that_fewer_rows_than_the_threshold_hold_leaves(words, rows):
    column = disclosed(rows, word=pa.array(words, pa.string()))["word"]
    counted = [word for word in words[: len(words) // rows * rows] if word is not None]
    counted = counted[: len(counted) // rows * rows]
    counts = pd.Series(counted, dtype=object).value_counts()
    enough = set(counts[counts >= rows].index)
    strings = column.string_stats
    assert names(strings) <= LEFT_OF_STRINGS
    assert {found.value for found in strings.top_values} == enough
    assert {found.label for found in strings.rank_histogram.buckets} == enough
    for rare in set(counts.index) - enough:
        assert f'"{rare}"' not in str(column)


@settings(max_examples=60, deadline=None)
@given(NUMBERS, st.integers(1, 30))
def test_no_single_rows_number_leaves(numbers, rows):
    columns = disclosed(rows, x=pa.array(numbers, pa.float64()))
    counted = numbers[: len(numbers) // rows * rows]
    present = [value for value in counted if value is not None]
    if not present or len(present) < rows:
        assert not columns or not columns["x"].num_stats.histograms
        assert not columns or not columns["x"].num_stats.mean
        return
    found = columns["x"].num_stats
    assert names(found) <= LEFT_OF_NUMBERS
    assert found.num_zeros == 0 or found.num_zeros >= rows
    for histogram in found.histograms:
        assert histogram.type == statistics_pb2.Histogram.STANDARD
        assert all(bucket.sample_count >= rows for bucket in histogram.buckets)
        edges = [b.low_value for b in histogram.buckets]
        edges += [b.high_value for b in histogram.buckets]
        # They follow from what is told anyway: mean and deviation.
        allowed = disclosure._edges(found.mean, found.std_dev)
        assert set(edges) <= set(allowed.tolist())


@pytest.mark.parametrize("extreme", [CANARY_NUMBER, -CANARY_NUMBER])
def test_an_outlier_is_in_no_number_that_leaves(extreme):
    values = np.append(np.random.default_rng(1).normal(size=499), extreme)
    column = disclosed(10, x=values)["x"]
    assert str(abs(extreme))[:7] not in str(column)
    assert extreme not in _numbers(column)


def _numbers(message):
    for field, value in message.ListFields():
        for one in value if field.label == field.LABEL_REPEATED else [value]:
            if field.type == field.TYPE_MESSAGE:
                yield from _numbers(one)
            elif isinstance(one, int | float):
                yield one


@pytest.mark.parametrize("number", [1, 2, 9])
def test_of_a_column_with_too_few_values_not_even_the_mean_leaves(number):
    values = [CANARY_NUMBER] * number + [None] * (300 - number)
    assert "x" not in disclosed(10, x=pa.array(values, pa.float64()))


def test_ten_values_are_enough_for_a_threshold_of_ten():
    values = [*range(10), *[None] * 90]
    found = disclosed(10, x=pa.array(values, pa.float64()))["x"].num_stats
    assert found.mean == pytest.approx(4.5)
    assert [bucket.sample_count for bucket in found.histograms[0].buckets] == [10]


def test_the_histogram_has_the_shape_of_the_data():
    draw = np.random.default_rng(3)
    values = np.concatenate([draw.normal(0, 1, 6_000), draw.normal(10, 1, 2_000)])
    (histogram,) = disclosed(10, x=values)["x"].num_stats.histograms
    assert sum(b.sample_count for b in histogram.buckets) == 8_000
    low = sum(b.sample_count for b in histogram.buckets if b.high_value <= 5)
    assert low == pytest.approx(6_000, rel=0.01)
    assert len(histogram.buckets) > 10


def test_a_constant_column_keeps_its_value_since_all_rows_hold_it():
    (histogram,) = disclosed(10, x=[2.5] * 30)["x"].num_stats.histograms
    (bucket,) = histogram.buckets
    assert (bucket.low_value, bucket.high_value, bucket.sample_count) == (2.5, 2.5, 30)


@pytest.mark.parametrize(
    ("others", "told"), [(0, 30), (1, 0), (9, 0), (10, 20), (12, 10), (20, 10), (21, 0)]
)
def test_zeros_are_counted_only_if_neither_they_nor_the_others_are_few(others, told):
    # With 29 zeros of 30 rows, 30 times the mean would be the one other row's value.
    values = [0.0] * (30 - others) + [CANARY_NUMBER] * others
    assert disclosed(10, x=values)["x"].num_stats.num_zeros == told
