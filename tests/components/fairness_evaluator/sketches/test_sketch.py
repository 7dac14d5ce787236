from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.fairness_evaluator.sketches.cells import Sketch
from components.fairness_evaluator.sketches.collect import SKETCH
from components.fairness_evaluator.sketches.sketch import sketch
from components.payloads.silo import Silo
from components.silos import tasks


def model(world, name):
    folder, card = world.models[name]
    return {"name": name, "folder": folder, "digest": card.digest}


def arguments(world, path, names=("candidate",), **changes):
    return {
        "paths": [str(path)],
        "models": [model(world, name) for name in names],
        "label": "late",
        "families": [["origin"]],
        "detail": {
            "thresholds": [0.25, 0.5],
            "min_slice_rows": 3,
            "rows_per_bin": 2,
            "bins": 100,
        },
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
    cells = Sketch.of_bytes(payload).cells[model]
    return {(cell.columns, cell.values): cell for cell in cells}


def found(*args, **changes):
    return cells_of(sketch(Silo("9E", ""), arguments(*args, **changes)).payload)


TOTAL, EWR, JFK, FEW, MISSING = (
    ((), ()),
    *((("origin",), (value,)) for value in ("EWR", "JFK", "too few", "missing")),
)


def test_rows_without_a_label_are_left_out_and_counted(world, path):
    result = sketch(Silo("9E", ""), arguments(world, path))
    assert (result.values["rows"], result.values["unlabelled"]) == (6, 1)
    base = cells_of(result.payload)[TOTAL]
    assert (base.rows, base.positives) == (6, 4)


def test_small_values_leave_as_a_count_and_in_totals(world, path):
    result = sketch(Silo("9E", ""), arguments(world, path))
    shown, pooled = cells_of(result.payload), Sketch.of_bytes(result.pooled)
    assert {key: cell.rows for key, cell in shown.items()} == {TOTAL: 6, EWR: 3, FEW: 3}
    assert pooled.hidden == {JFK, MISSING}
    assert {key: cell.rows for key, cell in cells_of(result.pooled).items()} == {
        TOTAL: 6,
        EWR: 3,
        JFK: 1,
        MISSING: 2,
    }
    assert b"JFK" not in result.payload
    assert result.values["pooled"] == 4


def test_a_silo_that_does_not_count_adds_nothing_to_totals(world, path):
    result = sketch(Silo("9E", ""), arguments(world, path, counts=False))
    assert (result.pooled, result.values["pooled"]) == (b"", 0)
    assert cells_of(result.payload)[TOTAL].rows == 6


def test_families_of_columns_that_are_not_there_are_missing_throughout(world, path):
    crossed = found(world, path, families=[["haul"], ["origin", "haul"]])
    assert crossed[("haul",), ("missing",)].rows == 6
    assert crossed[("origin", "haul"), ("EWR", "missing")].rows == 3


@pytest.mark.parametrize("kind", [pa.int64(), pa.bool_(), pa.float32()])
def test_labels_may_be_integers_booleans_or_floats(world, tmp_path, kind):
    late = pa.array([0, 1, None, 1]).cast(kind)
    path = write(tmp_path, delay=[1.0, 2.0, 3.0, 4.0], late=late)
    total = found(world, path)[TOTAL]
    assert (total.negatives, total.positives) == (1, 2)


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
    failure = tasks.attempt(SKETCH, Silo("9E", ""), arguments(world, path))
    assert isinstance(failure, tasks.Failure)
    assert says in failure.reason
    assert "7" not in failure.reason.replace(str(path), "")
    assert "yes" not in failure.reason


def test_an_absent_label_column_is_named_with_the_way_out(world, path):
    failure = tasks.attempt(
        SKETCH, Silo("9E", ""), arguments(world, path, label="delayed")
    )
    assert failure.reason.startswith("silo `9E`: ")
    assert "label `delayed`: found no such column" in failure.reason
    assert failure.hint == "check `label` in the settings and the silo's export"


def test_the_same_rows_give_the_same_bytes(world, path):
    one, other = (sketch(Silo("9E", ""), arguments(world, path)) for _ in range(2))
    assert one.payload == other.payload


BOTH = ("candidate", "baseline")


def test_two_models_are_scored_in_one_pass_as_each_alone(world, path):
    both = sketch(Silo("9E", ""), arguments(world, path, BOTH)).payload
    for name in BOTH:
        alone = sketch(Silo("9E", ""), arguments(world, path, (name,))).payload
        expected = cells_of(alone, name)
        for key, cell in cells_of(both, name).items():
            assert cell.rows == expected[key].rows
            assert cell.log_loss == expected[key].log_loss


def test_pairs_are_of_the_rows_that_both_score_above(world, path):
    from components.scoring import batches
    from components.scoring.model import Scorer

    pairs = Sketch.of_bytes(
        sketch(Silo("9E", ""), arguments(world, path, BOTH)).payload
    ).pairs
    assert [pair.values for pair in pairs] == [(), ("EWR",)]
    known = np.array([value is not None for value in LATE])
    late = np.array([value or 0 for value in LATE])[known]
    scores = []
    for name in BOTH:
        scorer = Scorer(world.models[name][0])
        ((_, found),) = batches.score_batches(scorer, path, ["late", "origin"])
        scores.append(found[known].astype(np.float64))
    lower = np.minimum(*scores)
    expected = [
        [
            int(np.sum((lower > threshold) & (late == label)))
            for threshold in (0.25, 0.5)
        ]
        for label in (0, 1)
    ]
    assert pairs[0].both_above.tolist() == expected
    errors = (scores[0] - late) ** 2 * (scores[1] - late) ** 2
    assert pairs[0].brier_products == pytest.approx(errors.sum())


def test_many_batches_of_two_models_are_of_the_same_rows(world, tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "eval.parquet"
    table = pa.table(
        {
            "delay": rng.normal(10, 20, 90_000),
            "late": rng.integers(0, 2, 90_000).astype(float),
            "origin": rng.choice(["EWR", "JFK"], 90_000),
        }
    )
    pq.write_table(table, path, row_group_size=7_001)
    result = sketch(Silo("9E", ""), arguments(world, path, BOTH))
    total, *_ = Sketch.of_bytes(result.payload).pairs
    assert total.rows == 90_000
    assert result.values["not_compared"] == ""


def test_a_second_model_that_fails_leaves_the_first_and_is_told(world, path, tmp_path):
    lost = {"name": "baseline", "folder": str(tmp_path / "gone"), "digest": "x"}
    models = [model(world, "candidate"), lost]
    result = sketch(Silo("9E", ""), arguments(world, path, models=models))
    after = Sketch.of_bytes(result.payload)
    assert (list(after.cells), after.pairs) == (["candidate"], [])
    assert cells_of(result.payload)[TOTAL].rows == 6
    assert result.values["not_compared"] == (
        "silo `9E`: sketch: No such file or directory"
    )


def test_a_second_model_whose_columns_changed_is_told_by_its_reason(world, tmp_path):
    # The candidate's scores were made elsewhere; the baseline can't read `delay`.
    path = write(tmp_path, delay=["a"] * 4, late=[0, 1, 0, 1], score=[0.1, 0.2, 0.3, 1])
    first = {"name": "candidate", "folder": "", "digest": "", "column": "score"}
    result = sketch(
        Silo("9E", ""),
        arguments(world, path, models=[first, model(world, "baseline")]),
    )
    assert "delay" in result.values["not_compared"]
    assert cells_of(result.payload)[TOTAL].scores == pytest.approx(1.6)


def test_a_first_model_that_fails_fails_the_silo(world, path, tmp_path):
    lost = {"name": "candidate", "folder": str(tmp_path / "gone"), "digest": "x"}
    models = [lost, model(world, "baseline")]
    failure = tasks.attempt(
        SKETCH, Silo("9E", ""), arguments(world, path, models=models)
    )
    assert failure.reason == "silo `9E`: sketch: No such file or directory"
