"""What a silo's profile tells, and what it must not."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.payloads.silo import Silo
from components.silo_validator.profile import profile
from tests.support import silos
from tests.support.silos import CANARY, CANARY_DIGITS, CANARY_NUMBER


@pytest.fixture
def run(tmp_path):
    def _run(unmeasured=(), key=("id",), **tables):
        paths = {}
        for name, table in tables.items():
            paths[name] = str(tmp_path / f"{name}.parquet")
            arrow = pa.Table.from_pandas(table, preserve_index=False)
            pq.write_table(arrow, paths[name])
        return profile(
            Silo("north", str(tmp_path)),
            {
                "splits": {name: [path] for name, path in paths.items()},
                "schema": silos.schema().SerializeToString().hex(),
                "label": "late",
                "key": list(key),
                "unmeasured": list(unmeasured),
                "disclosure_rows": 10,
                "max_non_finite_share": 0.05,
                "min_rows_per_class": 5,
                "max_duplicate_share": 0.01,
            },
        )

    return _run


def kinds(result, column):
    found = result.values["findings"]
    return {item["kind"] for item in found if item["column"] == column}


def test_healthy_splits_have_no_finding(run):
    result = run(train=silos.rows(120), eval=silos.rows(40, seed=1))
    assert result.values["findings"] == []
    assert result.values["labels"] == {"negative": 80, "positive": 40, "other": 0}
    assert result.values["duplicates"] == 0
    disclosed = statistics_pb2.DatasetFeatureStatisticsList.FromString(result.payload)
    assert [item.name for item in disclosed.datasets] == ["train"]
    names = {f.path.step[0] for f in disclosed.datasets[0].features}
    assert "id" not in names


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"weight": None}, "weight"),
        ({"late": 7}, "late"),
        ({"size": 12}, "size"),
    ],
)
def test_fault_of_a_column_is_found_with_what_was_expected(run, change, column):
    result = run(train=silos.rows(120, **change))
    told = [f for f in result.values["findings"] if f["column"] == column]
    assert told
    assert f"column `{column}`" in told[0]["sentence"]
    assert "expected" in told[0]["sentence"]
    assert told[0]["hint"].startswith("export what is named here as the schema expects")


def test_renamed_column_is_told_as_missing(run):
    table = silos.rows(120).rename(columns={"weight": "mass"})
    assert kinds(run(train=table), "weight") == {"SCHEMA_MISSING_COLUMN"}


def test_flood_of_nan_and_infinities_is_told_as_a_share(run):
    flood = np.where(np.arange(120) % 3, np.nan, np.inf)
    result = run(train=silos.rows(120, weight=flood))
    assert "non-finite" in kinds(result, "weight")
    [found] = [f for f in result.values["findings"] if f["kind"] == "non-finite"]
    assert "divisions by zero" in found["hint"]


def test_skew_between_trained_and_scored_rows_is_measured(run):
    served = silos.rows(60, seed=2, late=None, colour="red")
    result = run(train=silos.rows(120), score=served)
    [found] = [f for f in result.values["findings"] if f["kind"] == "skew"]
    assert found["column"] == "colour"
    assert "expected at most 0.200" in found["sentence"]


def test_keys_that_stand_in_both_splits_are_counted_by_tens(run):
    table = silos.rows(120)
    assert run(train=table, eval=table.head(27)).values["duplicates"] == 20
    assert run(train=table, eval=table.head(7)).values["duplicates"] == 1


def test_no_value_of_a_row_is_in_what_leaves(run):
    table = silos.rows(120)
    table.loc[3, "colour"] = CANARY
    table.loc[4, "weight"] = CANARY_NUMBER
    table.loc[5, "late"] = 3
    odd = silos.rows(40, seed=1, colour=[f"{CANARY}-{i}" for i in range(40)])
    result = run(train=table, eval=odd)
    text = str(result.values) + str(
        statistics_pb2.DatasetFeatureStatisticsList.FromString(result.payload)
    )
    assert CANARY not in text
    assert CANARY_DIGITS not in text


def disclosed(result):
    return statistics_pb2.DatasetFeatureStatisticsList.FromString(result.payload)


@pytest.mark.parametrize("value", [1e39, -1e300])
def test_a_number_beyond_float32_counts_as_infinite_as_it_does_to_the_model(run, value):
    few = silos.rows(120)
    few.loc[0, "weight"] = value
    result = run(train=few)
    assert result.values["findings"] == []
    (weight,) = [
        f for f in disclosed(result).datasets[0].features if f.path.step[0] == "weight"
    ]
    assert weight.num_stats.common_stats.num_non_missing == 110
    assert 60 < weight.num_stats.mean < 80
    flooded = run(train=silos.rows(120, weight=value))
    assert "non-finite" in kinds(flooded, "weight")


@pytest.mark.parametrize(("number", "labels"), [(0, (0, 0)), (1, (1, 0))])
def test_one_row_or_none_tells_nothing_of_itself(run, number, labels):
    table = silos.rows(number, weight=[CANARY_NUMBER] * number)
    result = run(train=table, eval=silos.rows(0))
    assert (
        result.values["labels"]["negative"],
        result.values["labels"]["positive"],
    ) == (labels)
    assert result.values["duplicates"] == 0
    assert CANARY_DIGITS not in str(disclosed(result))
    for dataset in disclosed(result).datasets:
        for feature in dataset.features:
            assert not feature.string_stats.top_values
            assert not feature.HasField("num_stats")


@pytest.mark.parametrize(
    ("late", "counts"),
    [
        ([0, 1, 1, None], (1, 2, 0)),
        ([0, 1, -1, 7], (1, 1, 2)),
        ([None] * 4, (0, 0, 0)),
    ],
)
def test_labels_are_counted_by_what_they_are(run, late, counts):
    found = run(train=silos.rows(4, late=late)).values["labels"]
    told = (found["negative"], found["positive"], found["other"])
    assert told == tuple(min(1, number) for number in counts)  # few, so only if any


def test_without_a_key_whole_rows_are_compared(run):
    table = silos.rows(60, id=None)
    held_out = silos.rows(20, seed=3, id=None)
    held_out.loc[:4] = table.loc[:4]
    held_out["day"] = "2013-12-31"  # what splits them does not make them differ
    found = run(key=(), unmeasured=["day"], train=table, eval=held_out)
    assert found.values["duplicates"] == 1  # so few are told only as too many


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        ([None, None, "c", "d", "e", "f"], "2 of 6 rows without a value in it"),
        (["a", "a", "b", "b", "b", "f"], "5 of 6 rows with a key that another row has"),
        (["a", "b", "c", "d", "e", "f"], ""),
    ],
)
def test_keys_that_join_no_prediction_back_are_noted(run, ids, found):
    scored = silos.rows(6, late=None, id=ids)
    told = [f for f in run(score=scored).values["findings"] if f["kind"] == "key"]
    assert [found in item["sentence"] for item in told] == [True] * bool(found)
    for item in told:
        assert item["sentence"].startswith("key `id`: found ")
        assert "`rows.key`" in item["hint"]


def test_a_day_that_only_splits_rows_is_neither_measured_nor_disclosed(run):
    result = run(train=silos.rows(120))
    names = {f.path.step[0] for f in disclosed(result).datasets[0].features}
    assert names == {"day", "colour", "size", "weight", "late"}
    hidden = run(unmeasured=["day"], train=silos.rows(120, day=None))
    names = {f.path.step[0] for f in disclosed(hidden).datasets[0].features}
    assert names == {"colour", "size", "weight", "late"}
    assert hidden.values["findings"] == []


def test_large_keys_beside_a_missing_one_are_compared_exactly(run):
    keys = [2**60 + n for n in range(40)]
    train = silos.rows(41, id=pd.array([*keys, None], "Int64"))
    others = silos.rows(40, seed=1, id=pd.array([k + 1000 for k in keys], "Int64"))
    same = silos.rows(40, seed=1, id=pd.array(keys, "Int64"))
    assert run(train=train, eval=others).values["duplicates"] == 0
    assert run(train=train, eval=same).values["duplicates"] == 40
