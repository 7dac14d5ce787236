"""TFDV's findings as sentences that hold no value."""

import pyarrow as pa
import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.silo_validator import disclosure, tfdv_checks
from tests.support import silos
from tests.support.silos import CANARY, CANARY_DIGITS


def test_drift_names_the_distance_and_its_bound():
    schema = silos.schema()
    before = tfdv_checks.measure(
        pa.table({"colour": ["red", "blue"] * 30}), "train", schema
    )
    now = tfdv_checks.measure(pa.table({"colour": ["red"] * 60}), "train", schema)
    [found] = tfdv_checks.drift(now, before, schema, "2013-01")
    assert found.hint == tfdv_checks.DRIFT
    assert "found a largest difference in share of 0.500" in found.sentence
    assert "`drift_comparator`" in found.hint
    assert tfdv_checks.drift(now, now, schema, "2013-01") == []


def test_a_schema_that_names_no_environment_is_checked_all_the_same():
    schema = silos.schema('feature { name: "x" type: INT } feature { name: "y" }')
    measured = tfdv_checks.measure(pa.table({"x": [1.5, 2.5]}), "train", schema)
    found = tfdv_checks.against_schema(measured, schema, "TRAINING")
    assert [item.column for item in found] == ["x"]
    assert tfdv_checks.drift(measured, measured, schema, "1") == []
    assert tfdv_checks.skew(measured, measured, schema) == []


def test_a_column_that_is_missing_or_empty_is_told_without_tfdvs_words():
    table = pa.table({"colour": pa.nulls(4)})
    measured = tfdv_checks.measure(table, "train", silos.schema())
    found = {
        item.column: item.finding.sentence
        for item in tfdv_checks.against_schema(measured, silos.schema(), "TRAINING")
    }
    assert found["colour"] == (
        "column `colour`: found string values in 0.0% of 4 rows, expected string "
        "values in at least 50% of the rows"
    )
    assert found["size"] == (
        "column `size`: found no such column, expected int values in at least 90% of "
        "the rows from 0 to 9"
    )


@pytest.mark.parametrize(
    ("feature", "values", "expected"),
    [
        ("type: BYTES string_domain { value: 'a' }", ["a", CANARY], "list of values"),
        ("type: INT int_domain { min: 0 max: 5 }", [1, 8675309], "from 0 to 5"),
        (
            "type: FLOAT float_domain { min: 0 max: 5 }",
            [1.0, 8675309.25],
            "from 0 to 5",
        ),
        ("type: INT", [CANARY, "b"], "expected int values"),
        ("type: BYTES", [1, 8675309], "expected string values"),
    ],
)
def test_no_sentence_quotes_a_value_outside_the_schema(feature, values, expected):
    schema = silos.schema(f'feature {{ name: "x" {feature} }}')
    measured = tfdv_checks.measure(pa.table({"x": values}), "train", schema)
    (found,) = tfdv_checks.against_schema(measured, schema, "")
    assert expected in found.finding.sentence
    assert CANARY not in str(found)
    assert CANARY_DIGITS not in str(found)


def test_drift_of_numbers_is_measured_on_what_was_disclosed():
    text = (
        'feature { name: "weight" type: FLOAT drift_comparator '
        "{ jensen_shannon_divergence { threshold: 0.1 } } }"
    )
    schema = silos.schema(text)

    def told(seed, shift):
        table = pa.table({"weight": silos.rows(400, seed).weight + shift})
        measured = tfdv_checks.measure(table, "train", schema)
        dataset = disclosure.reduce(measured.datasets[0], table, 10)
        return statistics_pb2.DatasetFeatureStatisticsList(datasets=[dataset])

    assert tfdv_checks.drift(told(1, 0), told(2, 0), schema, "1") == []
    (found,) = tfdv_checks.drift(told(1, 30), told(2, 0), schema, "1")
    assert "found a Jensen-Shannon divergence of" in found.sentence
