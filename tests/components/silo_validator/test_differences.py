"""What the difference of two disclosures tells, as rows come in month by month."""

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.payloads.statistics import by_column
from components.silo_validator import disclosure

# A month has a number, a word and a label in each row, each of which may be missing.
ROW = st.tuples(
    st.none() | st.integers(-4, 4).map(float) | st.sampled_from([1e3, -1e3]),
    st.none() | st.sampled_from("abc"),
    st.sampled_from([0, 1]),
)
MONTHS = st.lists(st.lists(ROW, max_size=25), min_size=2, max_size=6)
THRESHOLD = st.integers(1, 8)
COLUMNS = ("x", "word", "late")


def table(rows):
    numbers, words, labels = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {
            "x": pa.array(numbers, pa.float64()),
            "word": pa.array(words, pa.string()),
            "late": pa.array(labels, pa.int64()),
        }
    )


def measured():
    """Return what TFDV would say of the columns' types."""
    dataset = statistics_pb2.DatasetFeatureStatistics(name="train")
    for name in COLUMNS:
        feature = dataset.features.add()
        feature.path.step.append(name)
        kind = feature.string_stats if name == "word" else feature.num_stats
        kind.common_stats.num_missing = 0
    return dataset


def disclosed(rows, threshold):
    found = disclosure.reduce(measured(), table(rows), threshold)
    return found, by_column(found)


def counts(rows, threshold):
    """Return every count that leaves the silo, by what it counts."""
    whole, columns = disclosed(rows, threshold)
    found: dict[object, float] = {"rows": whole.num_examples}
    for name, column in columns.items():
        kind = getattr(column, column.WhichOneof("stats"))
        found[name, "present"] = kind.common_stats.num_non_missing
        found[name, "missing"] = kind.common_stats.num_missing
    for name in columns.keys() & {"x", "late"}:
        numbers = columns[name].num_stats
        found[name, "zeros"] = numbers.num_zeros
        ends = 0.0
        for bucket in numbers.histograms[0].buckets:
            ends += bucket.sample_count
            found[name, "below", bucket.high_value] = ends
    for value in columns["word"].string_stats.top_values if "word" in columns else ():
        found["word", value.value] = value.frequency
    return found


def moments(rows, threshold, name):
    """Return number, sum and sum of squares as a reader computes them."""
    column = disclosed(rows, threshold)[1].get(name)
    if column is None:
        return np.zeros(3)
    numbers = column.num_stats
    n = numbers.common_stats.num_non_missing
    return n * np.array([1, numbers.mean, numbers.std_dev**2 + numbers.mean**2])


def histories(months):
    return list(itertools.accumulate(months, initial=[]))[1:]


@settings(max_examples=150, deadline=None)
@given(MONTHS, THRESHOLD)
def test_no_two_disclosures_differ_by_a_count_below_the_threshold(months, threshold):
    told = [counts(rows, threshold) for rows in histories(months)]
    for before, after in itertools.combinations(told, 2):
        for what in before.keys() | after.keys():
            # A bucket's end that one of the two lacks is a count of nothing there.
            if what in before and what in after:
                assert (after[what] - before[what]) % threshold == 0
        for what in after.keys() - before.keys():
            assert after[what] % threshold == 0


@settings(max_examples=150, deadline=None)
@given(MONTHS, THRESHOLD, st.sampled_from(["x", "late"]))
def test_moments_differ_by_those_of_whole_blocks_of_values(months, threshold, name):
    place = COLUMNS.index(name)
    known = [moments(rows, threshold, name) for rows in histories(months)]
    for (i, before), (j, after) in itertools.combinations(enumerate(known), 2):
        difference = after - before
        number = round(difference[0])
        assert number % threshold == 0
        values = [row[place] for row in histories(months)[j]]
        start = round(before[0])
        between = [v for v in values if v is not None][start : start + number]
        assert len(between) == number
        truth = [number, sum(between), sum(v * v for v in between)]
        assert difference == pytest.approx(np.array(truth), rel=1e-6, abs=1e-3)
        assert i < j


@settings(max_examples=100, deadline=None)
@given(MONTHS, THRESHOLD, st.data())
def test_rows_that_fill_no_block_tell_nothing(months, threshold, data):
    rows = histories(months)[-1]
    rows = rows[: len(rows) // threshold * threshold]
    few = data.draw(st.lists(ROW, max_size=threshold - 1))
    assert disclosed(rows + few, threshold)[0] == disclosed(rows, threshold)[0]


@settings(max_examples=100, deadline=None)
@given(MONTHS, THRESHOLD, st.data())
def test_values_that_fill_no_block_tell_nothing_of_themselves(months, threshold, data):
    rows = [row for row in histories(months)[-1] if row[0] is not None]
    rows = rows[: len(rows) // threshold * threshold]
    empty = (None, "a", 0)
    few = data.draw(st.lists(ROW, max_size=threshold - 1))
    more = [*few, *[empty] * (threshold - len(few))]
    found = disclosed(rows + more, threshold)[1].get("x")
    before = disclosed(rows, threshold)[1].get("x")
    assert (found is None) == (before is None)
    if found and before:
        for each in (found, before):
            each.num_stats.common_stats.ClearField("num_missing")
        assert found == before


def test_a_month_of_one_row_can_not_be_told_from_the_month_before():
    rows = [(float(day), "a", day % 2) for day in range(30)]
    canary = (31_337.0, "b", 1)
    before, after = (disclosed(each, 10)[0] for each in (rows, [*rows, canary]))
    assert before == after
    later = [*rows, canary, *rows[:9]]
    number, total, _ = moments(later, 10, "x") - moments(rows, 10, "x")
    assert number == 10
    assert total == pytest.approx(31_337 + sum(range(9)))  # of ten rows together


@given(st.integers(1, 200), st.integers(1, 30))
def test_a_count_that_leaves_is_a_lower_bound_in_whole_blocks(number, rows):
    told = disclosure.count(number, rows)
    assert 1 <= told <= number
    assert told % rows == 0 or told == 1
