"""TFDV's findings as sentences that hold no value."""

import pyarrow as pa

from components.silo_validator import tfdv_checks
from tests.support import silos


def test_nulls_are_missing_values_and_rows_are_counted():
    table = pa.table({"weight": pa.array([1.0, None, 3.0, None], pa.float64())})
    measured = tfdv_checks.measure(table, "eval", silos.schema())
    [dataset] = measured.datasets
    assert (dataset.name, dataset.num_examples) == ("eval", 4)
    assert dataset.features[0].num_stats.common_stats.num_non_missing == 2
    assert dataset.features[0].num_stats.mean == 2


def test_low_presence_is_told_as_found_and_expected():
    table = pa.table({"weight": pa.array([1.0] + [None] * 3, pa.float64())})
    schema = silos.schema(
        'feature { name: "weight" type: FLOAT presence { min_fraction: 0.5 } }'
    )
    measured = tfdv_checks.measure(table, "train", schema)
    [found] = tfdv_checks.against_schema(measured, schema, "train", "")
    assert "found float values in 25.0% of 4 rows" in found["sentence"]
    assert "in at least 50% of the rows" in found["sentence"]


def test_drift_names_the_distance_and_its_bound():
    schema = silos.schema()
    before = tfdv_checks.measure(
        pa.table({"colour": ["red", "blue"] * 30}), "train", schema
    )
    now = tfdv_checks.measure(pa.table({"colour": ["red"] * 60}), "train", schema)
    [found] = tfdv_checks.drift(now, before, schema, "2013-01")
    assert found["kind"] == "drift"
    assert "found a largest difference in share of 0.500" in found["sentence"]
    assert tfdv_checks.drift(now, now, schema, "2013-01") == []
