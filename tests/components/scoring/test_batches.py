from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.features import columnar
from components.features.spec import Categorical, FeatureSpec, Numeric
from components.scoring import batches
from components.scoring.batches import FileError
from components.scoring.model import Scorer
from tests.support import models

SPEC = FeatureSpec(
    (Numeric("delay", 1.0, 2.0), Numeric("absent", 0.0, 1.0)),
    (Categorical("origin", ("EWR", "JFK")), Categorical("hour", ("7", "8"), True)),
)
ROWS = 1_003


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(3)
    return pa.table(
        {
            "junk": rng.normal(size=ROWS),
            "delay": rng.normal(size=ROWS),
            "origin": rng.choice(np.array(["EWR", "JFK", "LGA", None], object), ROWS),
            "hour": rng.integers(6, 10, ROWS),
            "late": rng.integers(0, 2, ROWS),
        }
    )


@pytest.fixture(scope="module")
def path(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("batches") / "eval.parquet"
    pq.write_table(table, path, row_group_size=400)  # groups of 400, 400 and 203
    return path


@pytest.fixture(scope="module")
def linear():
    return models.random_linear(SPEC, seed=5)


@pytest.fixture(scope="module")
def scorer(linear, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    models.export(folder, SPEC, linear)
    return Scorer(folder)


def test_batches_hold_the_file_s_rows_in_order(path, table):
    found = list(batches.read_batches(path, ["hour", "no such", "delay"], 300))
    assert pa.Table.from_batches(found).equals(table.select(["delay", "hour"]))
    assert max(batch.num_rows for batch in found) <= 300


def test_strings_come_as_dictionaries(path, table):
    found = list(batches.read_batches(path, ["origin"], batch_rows=300))
    assert all(pa.types.is_dictionary(batch.column(0).type) for batch in found)
    values = [value for batch in found for value in batch.column(0).to_pylist()]
    assert values == table["origin"].to_pylist()


@pytest.mark.parametrize(("groups", "rows"), [([1], 400), ([2, 0], 603), ([], 0)])
def test_chosen_row_groups_alone_are_read(path, table, groups, rows):
    found = batches.read_batches(path, ["delay"], row_groups=groups)
    values = [value for batch in found for value in batch.column(0).to_pylist()]
    expected = [
        value
        for group in groups
        for value in table["delay"].to_pylist()[400 * group : 400 * (group + 1)]
    ]
    assert values == expected
    assert len(values) == rows


def test_a_file_without_rows_has_no_batch(tmp_path, table):
    pq.write_table(table.slice(0, 0), tmp_path / "empty.parquet")
    assert list(batches.read_batches(tmp_path / "empty.parquet", ["delay"])) == []


@pytest.mark.parametrize("batch_rows", [97, 5_000])
def test_scores_are_those_of_the_rows_whatever_the_batches(
    path, table, scorer, linear, batch_rows
):
    found = list(batches.score_batches(scorer, path, ["late"], batch_rows))
    scores = np.concatenate([one.scores for one in found])
    assert scores.dtype == np.float32
    expected = linear.score(columnar.encode(table, SPEC))
    assert scores == pytest.approx(expected, abs=1e-6)
    late = [value for one in found for value in one.batch.column("late").to_pylist()]
    assert late == table["late"].to_pylist()
    assert "junk" not in found[0].batch.schema.names


def test_a_damaged_file_is_named_without_its_content(path, tmp_path):
    whole = path.read_bytes()
    footer = int.from_bytes(whole[-8:-4], "little") + 8
    damaged = b"PAR1" + (b"secret!" * len(whole))[: len(whole) - footer - 4]
    damaged += whole[-footer:]
    for content in (damaged, whole[: len(whole) // 2], b"", b"PAR1secretPAR1"):
        (tmp_path / "bad.parquet").write_bytes(content)
        with pytest.raises(FileError, match="bytes that Arrow can't read") as error:
            list(batches.read_batches(tmp_path / "bad.parquet", ["delay", "origin"]))
        assert "secret" not in str(error.value)
        assert "hint: write the split again" in str(error.value)


@pytest.mark.parametrize(
    ("name", "columns", "groups", "says"),
    [
        (
            "gone.parquet",
            ["delay"],
            None,
            r"gone\.parquet: found no file, expected a Pa",
        ),
        ("eval.parquet", ["a", "b"], None, "found none of the 2 columns that are read"),
        (
            "eval.parquet",
            ["delay"],
            [3],
            "found 3 row groups, expected one with index 3",
        ),
    ],
)
def test_what_can_not_be_read_is_named(path, name, columns, groups, says):
    with pytest.raises(FileError, match=says):
        list(batches.read_batches(path.with_name(name), columns, row_groups=groups))


def test_a_model_that_gives_no_probabilities_is_refused(path, tmp_path):
    weights = np.array([np.nan, 0, 0, 0], np.float32)
    tables = tuple(np.zeros(n, np.float32) for n in (4, 4))
    models.export(tmp_path, SPEC, models.Linear(weights, tables))
    with pytest.raises(FileError, match=r"400 of 400 scores outside 0 to 1 or not"):
        list(batches.score_batches(Scorer(tmp_path), path))
