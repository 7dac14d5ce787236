"""What a silo's profile tells, and what it must not."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.silo_validator.profile import _labels, profile
from components.silos.silo import Silo
from tests.support import silos
from tests.support.silos import CANARY, CANARY_DIGITS, CANARY_NUMBER


@pytest.fixture
def run(tmp_path):
    def _run(**tables):
        paths = {}
        for name, table in tables.items():
            paths[name] = str(tmp_path / f"{name}.parquet")
            arrow = pa.Table.from_pandas(table, preserve_index=False)
            pq.write_table(arrow, paths[name])
        return profile(
            Silo("north", str(tmp_path)),
            {
                "splits": paths,
                "schema": silos.schema().SerializeToString().hex(),
                "label": "late",
                "key": ["id"],
                "split_by": "day",
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
        ({"weight": "heavy"}, "weight"),
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


def test_renamed_column_is_told_as_missing_and_the_new_one_as_unknown(run):
    table = silos.rows(120).rename(columns={"weight": "mass"})
    result = run(train=table)
    assert kinds(result, "weight") == {"SCHEMA_MISSING_COLUMN"}
    assert kinds(result, "mass") == {"SCHEMA_NEW_COLUMN"}


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
    odd = silos.rows(40, seed=1, weight=[f"{CANARY}-{i}" for i in range(40)])
    result = run(train=table, eval=odd)
    text = str(result.values) + str(
        statistics_pb2.DatasetFeatureStatisticsList.FromString(result.payload)
    )
    assert CANARY not in text
    assert CANARY_DIGITS not in text


def disclosed(result):
    return statistics_pb2.DatasetFeatureStatisticsList.FromString(result.payload)


def test_a_file_without_a_header_keeps_its_first_row_to_itself(run):
    table = silos.rows(60)
    table.columns = [CANARY, f"{CANARY}-day", "red", CANARY_DIGITS, "70.1", "0"]
    result = run(train=table)
    assert [found["sentence"] for found in result.values["findings"]] == [
        "the split as a whole: found none of the schema's columns among its 6, "
        "expected the schema's names in a header row"
    ]
    assert "with a header row" in result.values["findings"][0]["hint"]
    assert not disclosed(result).datasets
    assert CANARY not in str(result)
    assert CANARY_DIGITS not in str(result)


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


def test_integers_that_an_export_made_floats_are_no_fault(run):
    sizes = [None, *[float(i % 4) for i in range(119)]]
    assert run(train=silos.rows(120, size=sizes)).values["findings"] == []
    halves = [0.5, *sizes[1:]]
    assert kinds(run(train=silos.rows(120, size=halves)), "size")


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
        ([0.0, 1.0, 0.5, 7.0], (1, 1, 2)),
        (["0", "1", None, "1"], (0, 0, 3)),
        ([None] * 4, (0, 0, 0)),
    ],
)
def test_labels_are_counted_by_what_they_are(run, late, counts):
    found = run(train=silos.rows(4, late=late)).values["labels"]
    told = (found["negative"], found["positive"], found["other"])
    assert told == tuple(min(1, number) for number in counts)  # few, so only if any


@pytest.mark.parametrize(
    ("late", "counts"),
    [([0, 1, 1, None], (1, 1, 0)), (["0", "1", None, "1"], (0, 0, 1))],
)
def test_labels_that_are_dictionary_encoded_are_counted_alike(run, late, counts):
    plain = run(train=silos.rows(4, late=late)).values
    colour = pd.Categorical(silos.rows(4).colour)
    encoded = silos.rows(4, late=pd.Categorical(late), colour=colour)
    assert run(train=encoded).values == plain
    found = plain["labels"]
    assert (found["negative"], found["positive"], found["other"]) == counts


@pytest.mark.parametrize(
    ("late", "counts"),
    [
        (pa.array([True, False, False, None]), (2, 1, 0)),
        (pa.array([1, 0, None, 3], pa.date32()), (0, 0, 3)),
        (pa.array(["1", "0"], pa.large_string()), (0, 0, 2)),
    ],
    ids=["booleans", "dates", "long strings"],
)
def test_labels_of_any_type_are_counted(late, counts):
    found = _labels(pa.table({"late": late}), "late")
    assert (found["negative"], found["positive"], found["other"]) == counts


def test_without_a_key_whole_rows_are_compared(run):
    table = silos.rows(60, id=None)
    held_out = silos.rows(20, seed=3, id=None)
    held_out.loc[:4] = table.loc[:4]
    held_out["day"] = "2013-12-31"  # what splits them does not make them differ
    assert run(train=table, eval=held_out).values["duplicates"] == 1
