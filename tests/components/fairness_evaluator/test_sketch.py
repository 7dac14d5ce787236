from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.fairness_evaluator import bins, cells
from components.fairness_evaluator.sketch import sketch
from components.silos import tasks
from components.silos.silo import Silo


def arguments(world, path, **changes):
    folder, card = world.models["candidate"]
    return {
        "path": str(path),
        "model": folder,
        "digest": card.digest,
        "label": "late",
        "slices": ["origin"],
        "thresholds": [0.25, 0.5],
        "min_slice_rows": 3,
        "bins": 100,
    } | changes


def write(folder, **columns):
    path = folder / "eval.parquet"
    pq.write_table(pa.table(columns), path)
    return path


DELAY = [5.0, 50.0, 20.0, 33.0, 8.0, None, 12.0]
LATE = [0.0, 1.0, None, 1.0, 0.0, 1.0, 1.0]
ORIGIN = ["EWR", "EWR", "EWR", "EWR", "JFK", None, None]


@pytest.fixture
def path(tmp_path):
    return write(tmp_path, delay=DELAY, late=LATE, origin=ORIGIN)


def told(result):
    found = cells.from_bytes(result.payload)
    return {(cell.column, cell.value): cell for cell in found}


def test_rows_without_a_label_are_left_out_and_counted(world, path):
    result = sketch(Silo("9E", ""), arguments(world, path))
    assert result.values == {"rows": 6, "unlabelled": 1, "cells": 3}
    base = told(result)["", ""]
    assert (base.rows, base.positives) == (6, 4)


def test_small_values_leave_as_a_count_and_nothing_else(world, path):
    found = told(sketch(Silo("9E", ""), arguments(world, path)))
    assert set(found) == {("", ""), ("origin", "EWR"), ("origin", "too few")}
    assert (found["origin", "EWR"].rows, found["origin", "too few"].rows) == (3, 3)
    payload = sketch(Silo("9E", ""), arguments(world, path)).payload
    assert b"EWR" in payload
    assert b"JFK" not in payload


def test_values_that_are_missing_are_a_group(world, path):
    found = told(sketch(Silo("9E", ""), arguments(world, path, min_slice_rows=2)))
    assert found["origin", "missing"].rows == 2


def test_a_column_that_is_not_there_is_missing_throughout(world, path):
    found = told(sketch(Silo("9E", ""), arguments(world, path, slices=["haul"])))
    assert found["haul", "missing"].rows == 6


def test_a_value_called_missing_is_not_mistaken_for_none(world, tmp_path):
    path = write(
        tmp_path, delay=[1.0] * 4, late=[0, 1, 0, 1], origin=["missing", None] * 2
    )
    found = told(sketch(Silo("9E", ""), arguments(world, path, min_slice_rows=1)))
    assert {value for _, value in found} == {"", "missing", "missing (value)"}


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([1, 2, 1, None], {"1", "2", "missing"}),
        ([True, False, True, None], {"True", "False", "missing"}),
        (["æ", "航空", "æ", ""], {"æ", "航空", " (value)"}),
    ],
)
def test_groups_of_any_kind_have_names(world, tmp_path, values, names):
    path = write(tmp_path, delay=[1.0] * 4, late=[0, 1, 0, 1], group=values)
    changes = {"slices": ["group"], "min_slice_rows": 1}
    found = told(sketch(Silo("9E", ""), arguments(world, path, **changes)))
    assert {value for column, value in found if column} == names


def test_scores_fall_into_the_bins_of_the_model_s_own_scores(world, path):
    from components.scoring import batches
    from components.scoring.model import Scorer

    scorer = Scorer(world.models["candidate"][0])
    ((_, scores),) = batches.score_batches(scorer, path, ["late"])
    known = np.array([value is not None for value in LATE])
    base = told(sketch(Silo("9E", ""), arguments(world, path)))["", ""]
    place = bins.assign(scores[known], bins.edges(100, [0.25, 0.5]))
    assert base.bins.tolist() == sorted(set(place))
    assert base.scores.sum() == pytest.approx(scores[known].sum())


@pytest.mark.parametrize("kind", [pa.int64(), pa.bool_(), pa.float32()])
def test_labels_may_be_integers_booleans_or_floats(world, tmp_path, kind):
    late = pa.array([0, 1, None, 1]).cast(kind)
    path = write(tmp_path, delay=[1.0, 2.0, 3.0, 4.0], late=late)
    result = sketch(Silo("9E", ""), arguments(world, path))
    assert told(result)["", ""].counts.sum(axis=1).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("late", "says"),
    [
        (
            [0.0, 2.0, 7.0, 1.0],
            "found 2 of 4 rows with another number, expected only 0",
        ),
        (["no", "yes", "no", "no"], "found type dictionary"),
    ],
)
def test_labels_that_are_no_labels_are_refused_without_a_record(
    world, tmp_path, late, says
):
    path = write(tmp_path, delay=[1.0] * 4, late=late)
    failure = tasks.attempt("sketch", Silo("9E", ""), arguments(world, path))
    assert isinstance(failure, tasks.Failure)
    assert says in failure.reason
    assert "7" not in failure.reason.replace(str(path), "")
    assert "yes" not in failure.reason


def test_an_absent_label_column_is_named_with_the_way_out(world, path):
    failure = tasks.attempt(
        "sketch", Silo("9E", ""), arguments(world, path, label="delayed")
    )
    assert failure.reason.startswith("silo `9E`: ")
    assert "label `delayed`: found no such column" in failure.reason
    assert failure.hint == "check `label` in the settings and the silo's export"


def test_the_same_rows_give_the_same_bytes(world, path):
    one, other = (sketch(Silo("9E", ""), arguments(world, path)) for _ in range(2))
    assert one.payload == other.payload
