from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import SiloError
from components.fairness_evaluator.sketches.models import ScoredModel
from components.payloads.silo import Silo
from components.scoring.batches import FileError

ELSEWHERE = ScoredModel("candidate", "", "", "score")
NORTH = Silo("north", "")


def write(folder, **columns):
    path = folder / "eval.parquet"
    pq.write_table(pa.table(columns), path)
    return str(path)


def scores(model, path, columns=("late",)):
    return np.concatenate([found for _, found in model.score(NORTH, path, columns)])


def test_a_model_scores_the_rows_itself(world):
    folder, card = world.models["candidate"]
    model = ScoredModel("candidate", folder, card.digest)
    assert model.columns() == {"delay", "origin"}
    entry = world.manifest["9E"]
    found = scores(model, entry.splits["eval"].paths[0])
    of_silo = world.rows[(world.rows.silo == "9E") & (world.rows.split == "eval")]
    assert found.dtype == np.float64
    assert found == pytest.approx(of_silo.candidate.to_numpy(), abs=1e-6)


def test_scores_made_elsewhere_are_read_from_their_column(tmp_path):
    assert ELSEWHERE.columns() == {"score"}
    path = write(tmp_path, late=[0, 1, 1], score=[0.0, 0.25, 1.0])
    ((batch, found),) = ELSEWHERE.score(NORTH, path, ["late"])
    assert batch.schema.names == ["late", "score"]
    assert found.tolist() == [0.0, 0.25, 1.0]


@pytest.mark.parametrize("kind", [pa.int64(), pa.float32(), pa.float64()])
def test_scores_may_be_any_numbers_from_0_to_1(tmp_path, kind):
    path = write(tmp_path, score=pa.array([0, 1]).cast(kind))
    assert scores(ELSEWHERE, path).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("column", "says"),
    [
        ([0.1, 1.5, -0.25], "found 2 of 3 scores outside 0 to 1 or not a number"),
        ([0.1, None, 0.3], "found 1 of 3 scores outside 0 to 1 or not a number"),
        ([0.1, float("nan"), 0.3], "found 1 of 3 scores outside 0 to 1"),
        (["0.1", "0.2", "0.3"], "found type dictionary"),
        ([True, False, True], "found type bool, expected a column of numbers"),
    ],
)
def test_a_column_that_holds_no_probabilities_is_refused_without_a_record(
    tmp_path, column, says
):
    path = write(tmp_path, score=column)
    with pytest.raises(SiloError) as caught:
        scores(ELSEWHERE, path)
    assert f"silo `north`: {path}: scores `score`: {says}" in str(caught.value)
    assert caught.value.hint == "check the column and how it is made"
    assert "1.5" not in str(caught.value)
    assert "0.25" not in str(caught.value)


def test_an_absent_column_is_named(tmp_path):
    path = write(tmp_path, late=[0, 1])
    with pytest.raises(SiloError, match="scores `score`: found no such column"):
        scores(ELSEWHERE, path)


def test_a_lost_file_is_told(tmp_path):
    with pytest.raises(FileError, match="found no file"):
        scores(ELSEWHERE, str(tmp_path / "gone.parquet"))
