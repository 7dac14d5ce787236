"""Merged moments are those of all rows; vocabularies keep a silo's own values home."""

import pathlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.feature_spec_gen.merge import merge, pooled_moments, vocabulary
from components.feature_spec_gen.settings import FeatureSettings
from tests.support import silos

NOT = ["late", "day", "id"]
SETTINGS = FeatureSettings(min_value_rows=10, min_value_silos=2)


def number(values):
    feature = statistics_pb2.FeatureNameStatistics()
    feature.path.step.append("weight")
    feature.num_stats.common_stats.num_non_missing = len(values)
    feature.num_stats.mean = float(np.mean(values))
    feature.num_stats.std_dev = float(np.std(values))
    return feature


def colours(**counts):
    feature = statistics_pb2.FeatureNameStatistics()
    feature.path.step.append("colour")
    for label, count in counts.items():
        feature.string_stats.rank_histogram.buckets.add(label=label, sample_count=count)
    feature.string_stats.common_stats.num_non_missing = sum(counts.values())
    return feature


FLOATS = st.floats(-1e3, 1e3)


@given(st.lists(st.lists(FLOATS, min_size=1, max_size=30), min_size=1, max_size=5))
def test_moments_are_those_of_all_rows_together(parts):
    together = np.concatenate([np.array(part) for part in parts])
    mean, scale = pooled_moments([number(part) for part in parts])
    assert mean == pytest.approx(together.mean(), rel=1e-6, abs=1e-6)
    if together.std() > 1e-3:
        assert scale == pytest.approx(together.std(), rel=1e-4)


def _silo(number_feature, string_feature):
    dataset = statistics_pb2.DatasetFeatureStatistics()
    dataset.features.extend([number_feature, string_feature])
    return dataset


def reasons(found):
    unused = merge({"a": found, "b": found}, silos.schema(), NOT, SETTINGS).unused
    return {one.column: one.reason for one in unused if not one.chosen}


def test_a_column_that_is_the_same_everywhere_is_named():
    same = _silo(number([4.0, 4.0]), colours(red=30))
    assert reasons(same) == {
        "colour": "has the same value in every row",
        "size": "has too few values in every silo",
        "weight": "has the same value in every row",
    }
    with_gaps = _silo(number([4.0, 4.0]), colours(red=30))
    for feature in with_gaps.features:
        kind = feature.WhichOneof("stats")
        getattr(feature, kind).common_stats.num_missing = 1
    assert set(reasons(with_gaps)) == {"size"}
    undisclosed = _silo(number([1.0, 2.0]), colours())
    undisclosed.features[1].string_stats.common_stats.num_non_missing = 90
    assert reasons(undisclosed)["colour"].startswith("has no value that 10 rows in 2")


DAYS = {"2024-01-31": 400, "2024-02-01": 300}


@pytest.mark.parametrize(
    ("values", "is_left_out"),
    [
        (DAYS, True),
        (DAYS | {"never": 9_000}, True),
        ({"20240131": 30, "20240201": 30}, True),
        ({"2024-01": 500}, True),
        ({"2024-01-31": 30, "north": 30, "south": 30}, False),
        ({"north": 30, "south": 30}, False),
    ],
)
@pytest.mark.parametrize("integer", [False, True])
def test_days_are_no_vocabulary_however_few_they_are(values, is_left_out, integer):
    schema = silos.schema()
    if integer:
        schema.feature[2].type = schema_pb2.INT
        schema.feature[2].int_domain.is_categorical = True
    days, others = colours(**values), colours(**dict.fromkeys(values, 20), x=9)
    found = {"a": _silo(number([1.0]), days), "b": _silo(number([2.0]), others)}
    agreed = merge(found, schema, NOT, SETTINGS)
    assert ("colour" not in agreed.spec.columns) is is_left_out
    if is_left_out:
        (one,) = [one for one in agreed.unused if one.column == "colour"]
        assert one.reason.startswith("holds dates, which don't come again: export what")
        assert not one.chosen  # so people are told


def test_unequal_silos_give_the_moments_worked_out_by_hand():
    # 1, 3 and 5, 5, 5, 11: sum 30, squares 1 + 9 + 3 * 25 + 121 = 206, 6 rows
    moments = pooled_moments([number([1.0, 3.0]), number([5.0, 5.0, 5.0, 11.0])])
    assert moments == pytest.approx((5.0, (206 / 6 - 25) ** 0.5))


@pytest.mark.parametrize(
    ("found", "max_values", "values"),
    [
        # One silo's own value does not travel.
        ([colours(red=40, own=500), colours(red=9, blue=12), colours(blue=3)], 9, "rb"),
        ([colours(red=6, blue=4), colours(red=4, blue=5)], 9, "r"),  # of ten rows each
        ([colours(a=20, b=30, c=30)] * 2, 2, "bc"),  # the most frequent ones
    ],
)
def test_values_that_enough_rows_in_enough_silos_hold_are_agreed(
    found, max_values, values
):
    settings = SETTINGS.model_copy(update={"max_values": max_values})
    assert "".join(value[0] for value in vocabulary(found, settings)) == values


def test_order_of_silos_does_not_matter_and_without_any_the_spec_is_empty():
    one = _silo(number([1.0, 2.0]), colours(red=30, own=4))
    two = _silo(number([5.0]), colours(red=11, blue=3))
    schema = silos.schema()
    given = merge({"a": one, "b": two}, schema, NOT, SETTINGS)
    assert given == merge({"b": two, "a": one}, schema, NOT, SETTINGS)
    assert [feature.name for feature in given.spec.numeric] == ["weight"]
    [categorical] = given.spec.categorical
    assert (categorical.name, categorical.values) == ("colour", ("red",))
    assert merge({}, schema, NOT, SETTINGS).spec.columns == []


def test_each_column_that_is_no_feature_is_named_with_its_reason():
    schema = silos.schema()
    schema.feature[3].lifecycle_stage = schema_pb2.DEPRECATED
    agreed = merge(
        {
            "a": _silo(number([1.0, 2.0]), colours(own=90)),
            "b": _silo(number([3.0]), colours(other=90)),
        },
        schema,
        NOT,
        SETTINGS.model_copy(update={"ignore": ("weight",)}),
    )
    assert agreed.spec.columns == []
    assert {one.column: (one.reason[:30], one.chosen) for one in agreed.unused} == {
        "id": ("is the label or a key", True),
        "day": ("is the label or a key", True),
        "colour": ("has no value that 10 rows in 2", False),
        "size": ("is marked DEPRECATED in the sc", True),
        "weight": ("is listed in `features.ignore`", True),
        "late": ("is the label or a key", True),
    }


DOCS = pathlib.Path(__file__).parents[3] / "docs" / "data.md"


def test_the_model_sees_what_the_table_in_the_docs_says():
    schema = silos.schema()
    schema.feature.add(name="opened", type=schema_pb2.BYTES)
    schema.feature.add(name="note", type=schema_pb2.BYTES)
    schema.feature.add(name="same", type=schema_pb2.BYTES)
    columns = {
        "weight": number([1.0, 2.0]),
        "size": colours(**{"1": 30, "2": 30}),
        "colour": colours(red=30, blue=30),
        "opened": colours(**DAYS),
        "note": colours(),
        "same": colours(EUR=30),
        "late": number([0.0, 1.0]),
    }
    columns["note"].string_stats.common_stats.num_non_missing = 90
    dataset = statistics_pb2.DatasetFeatureStatistics()
    for name, feature in columns.items():
        feature.path.step[0] = name
        dataset.features.append(feature)
    spec, unused = merge({"a": dataset, "b": dataset}, schema, NOT, SETTINGS)
    seen = {one.name: "a number" for one in spec.numeric}
    seen |= {one.name: "a category" for one in spec.categorical}
    table = DOCS.read_text("utf-8").split("| a column | the model sees |\n")[1]
    rows = [line.split(" | ") for line in table.split("\n\n")[0].splitlines()[1:]]
    for name, (column, told) in zip(columns, rows, strict=True):
        found = seen.get(name, "nothing")
        assert told.startswith(found), column
    reasons = {one.column: one.reason for one in unused}
    assert reasons["opened"].startswith(rows[3][1].removeprefix("nothing: it ")[:-2])
