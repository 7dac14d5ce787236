"""The silo task: files of rows in, what leaves the silo out, and its refusals."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches.cells import Sketch
from components.fairness_evaluator.sketches.collect import SKETCH
from components.fairness_evaluator.sketches.sketch import sketch
from components.payloads.silo import Silo
from components.silos import tasks

NORTH = Silo("9E", "")
BOTH = ("candidate", "baseline")
ELSEWHERE = {"name": "candidate", "folder": "", "digest": "", "column": "score"}


def model(world, name):
    folder, card = world.models[name]
    return {"name": name, "folder": folder, "digest": card.digest}


def arguments(world, path, names=("candidate",), slices=("origin",), **changes):
    settings = EvaluationSettings(
        slices=slices,
        intersections=(slices,) if len(slices) > 1 else (),
        thresholds=(0.25, 0.5),
        min_slice_rows=3,
        rows_per_bin=2,
    )
    return {
        "paths": [str(path)],
        "models": [model(world, name) for name in names],
        "label": "late",
        "settings": settings.model_dump(mode="json"),
        "counts": True,
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


def cells_of(payload, model="candidate"):
    return {cell.slice: cell for cell in Sketch.of_bytes(payload).cells[model]}


def found(*args, **changes):
    return cells_of(sketch(NORTH, arguments(*args, **changes)).payload)


def failure(arguments) -> tasks.Failure:
    outcome = tasks.attempt(SKETCH, NORTH, arguments)
    assert isinstance(outcome, tasks.Failure)
    return outcome


TOTAL, EWR, JFK, FEW, MISSING = (
    ((), ()),
    *((("origin",), (value,)) for value in ("EWR", "JFK", "too few", "missing")),
)


def test_rows_without_a_label_are_left_out_and_counted(world, path):
    result = sketch(NORTH, arguments(world, path))
    assert (result.values["rows"], result.values["unlabelled"]) == (6, 1)
    base = cells_of(result.payload)[TOTAL]
    assert (base.rows, base.positives) == (6, 4)


def test_small_values_leave_as_a_count_and_in_totals(world, path):
    result = sketch(NORTH, arguments(world, path))
    shown, pooled = cells_of(result.payload), cells_of(result.pooled)
    assert {key: cell.rows for key, cell in shown.items()} == {TOTAL: 6, EWR: 3, FEW: 3}
    assert {key for key, cell in pooled.items() if cell.is_hidden} == {JFK, MISSING}
    assert {key: cell.rows for key, cell in pooled.items()} == {
        TOTAL: 6,
        EWR: 3,
        JFK: 1,
        MISSING: 2,
    }
    assert b"JFK" not in result.payload
    assert result.values["pooled"] == 4


def test_a_silo_that_does_not_count_adds_nothing_to_totals(world, path):
    result = sketch(NORTH, arguments(world, path, counts=False))
    assert (result.pooled, result.values["pooled"]) == (b"", 0)
    assert cells_of(result.payload)[TOTAL].rows == 6


def test_columns_that_are_not_there_are_missing_throughout(world, path):
    crossed = found(world, path, slices=("origin", "haul"))
    assert crossed[("haul",), ("missing",)].rows == 6
    assert crossed[("origin", "haul"), ("EWR", "missing")].rows == 3


@pytest.mark.parametrize("kind", [pa.int64(), pa.bool_(), pa.float32()])
def test_labels_may_be_integers_booleans_or_floats(world, tmp_path, kind):
    late = pa.array([0, 1, None, 1]).cast(kind)
    path = write(tmp_path, delay=[1.0, 2.0, 3.0, 4.0], late=late)
    total = found(world, path)[TOTAL]
    assert (total.negatives, total.positives) == (1, 2)


@pytest.mark.parametrize("kind", [pa.int64(), pa.float32(), pa.float64()])
def test_scores_made_elsewhere_may_be_any_numbers_from_0_to_1(world, tmp_path, kind):
    scores = pa.array([0, 1, 1]).cast(kind)
    path = write(tmp_path, late=[0, 1, 1], score=scores)
    total = found(world, path, models=[ELSEWHERE])[TOTAL]
    assert (total.rows, total.scores) == (3, 2.0)


EXPORT = "check `label` in the settings and the silo's export"
DERIVED = "check how the use case derives its label"
MADE = "check the column and how it is made"


@pytest.mark.parametrize(
    ("columns", "says", "hint"),
    [
        ({"late": [0.0, 2.0, 7.0]}, "label `late`: found 2 of 3 rows with an", DERIVED),
        ({"late": ["no", "yes", "no"]}, "label `late`: found type dictionary", EXPORT),
        ({}, "label `late`: found no such column, expected a column of 0 and", EXPORT),
        ({"score": [0.1, 1.5, -0.25]}, "found 2 of 3 scores outside 0 to 1 or", MADE),
        ({"score": [0.1, None, 0.3]}, "found 1 of 3 scores outside 0 to 1", MADE),
        ({"score": [0.1, float("nan"), 0]}, "found 1 of 3 scores outside 0", MADE),
        ({"score": ["0.1", "0.2", "0.3"]}, "score`: found type dictionary", MADE),
        ({"score": [True, False, True]}, "found type bool, expected a column", MADE),
        ({"score": None}, "scores `score`: found no such column, expected", MADE),
    ],
)
def test_columns_that_can_not_be_used_are_refused_without_a_record(
    world, tmp_path, columns, says, hint
):
    every = {"late": [0, 1, 1], "score": [0.1, 0.2, 0.3]} if "score" in columns else {}
    every |= {"score": [0.1, 0.2, 0.3]} if not every else {}
    every |= columns
    given = {name: values for name, values in every.items() if values is not None}
    path = write(tmp_path, **given)
    told = failure(arguments(world, path, models=[ELSEWHERE]))
    assert told.reason.startswith(f"silo `9E`: {path}: ")
    assert says in told.reason
    assert told.hint == hint
    for record in ("7.0", "1.5", "0.25", "yes"):
        assert record not in told.reason


def test_the_same_rows_give_the_same_bytes(world, path):
    one, other = (sketch(NORTH, arguments(world, path)) for _ in range(2))
    assert one.payload == other.payload


def test_two_models_are_scored_as_each_alone_and_paired_row_by_row(world, tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "eval.parquet"
    columns = {
        "delay": rng.normal(10, 20, 90_000),
        "late": rng.integers(0, 2, 90_000).astype(float),
        "origin": rng.choice(["EWR", "JFK"], 90_000),
    }
    pq.write_table(pa.table(columns), path, row_group_size=7_001)
    both = sketch(NORTH, arguments(world, path, BOTH))
    assert both.missing is None
    for name in BOTH:
        alone = sketch(NORTH, arguments(world, path, (name,))).payload
        expected = cells_of(alone, name)
        for key, cell in cells_of(both.payload, name).items():
            assert cell.rows == expected[key].rows
            assert cell.log_loss == expected[key].log_loss
    total = cells_of(both.payload, "baseline")[TOTAL]
    assert (total.rows, total.correlated) == (90_000, 90_000)
    assert (total.both_above <= total.above).all()
    assert 0 < total.brier_products < total.brier


@pytest.mark.parametrize("lost", ["baseline", "candidate"])
def test_of_two_models_the_first_must_score(world, path, tmp_path, lost):
    gone = {"name": lost, "folder": str(tmp_path / "gone"), "digest": "x"}
    models = [gone if name == lost else model(world, name) for name in BOTH]
    given = arguments(world, path, models=models)
    reason = "silo `9E`: sketch: No such file or directory"
    if lost == "candidate":
        assert failure(given).reason == reason
        return
    result = sketch(NORTH, given)
    assert result.missing is not None
    assert result.missing.reason == reason
    after = Sketch.of_bytes(result.payload)
    assert (list(after.cells), len(after)) == (["candidate"], 3)


def test_a_second_model_whose_columns_changed_is_told_by_its_reason(world, tmp_path):
    path = write(tmp_path, delay=["a"] * 4, late=[0, 1, 0, 1], score=[0.1, 0.2, 0.3, 1])
    models = [ELSEWHERE, model(world, "baseline")]
    result = sketch(NORTH, arguments(world, path, models=models))
    assert result.missing is not None
    assert "delay" in result.missing.reason
    assert cells_of(result.payload)[TOTAL].scores == pytest.approx(1.6)


def test_a_lost_file_is_told(world, tmp_path):
    assert "found no file" in failure(arguments(world, tmp_path / "gone")).reason
