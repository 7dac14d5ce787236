"""Columns of scores made elsewhere: nowhere is refused, not everywhere is told."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import SettingsError
from components.fairness_evaluator import predictions, score_columns
from components.fairness_evaluator.score_columns import (
    BASELINE,
    LABEL,
    SCORE,
    SLICE,
    Lack,
)

NAMED = {"label": LABEL, "score": SCORE, "old": BASELINE, "sex": SLICE, "race": SLICE}


@pytest.fixture
def examples(tmp_path):
    """Makes files of the columns given, of 3, 4, ... rows."""

    def make(**silos):
        for rows, (silo, columns) in enumerate(silos.items(), 3):
            table = pa.table({column: [0] * rows for column in columns.split()})
            pq.write_table(table, tmp_path / f"{silo}.parquet")
        return predictions.find(tmp_path, "loans")

    return make


def test_columns_that_all_have_are_no_matter(examples):
    found = examples(a="label score old sex race more", b="race sex old score label")
    lacks = score_columns.check(found, NAMED)
    assert (lacks, score_columns.sentences(lacks)) == ({}, [])


def test_a_column_of_groups_that_silos_store_unlike_is_told(tmp_path, caplog):
    columns = {"label": [0, 1], "score": [0.1, 0.9], "sex": [True, False]}
    for silo, sex in {"a": [True, False], "b": [1, 0], "c": ["1", "0"]}.items():
        pq.write_table(pa.table({**columns, "sex": sex}), tmp_path / f"{silo}.parquet")
    found = predictions.find(tmp_path, "loans")
    named = {"label": LABEL, "score": SCORE, "sex": SLICE}
    assert score_columns.check(found, named) == {}
    [record] = caplog.records
    assert record.getMessage() == (
        "`sex` (evaluation.slices): found bool in 1 of 3 silos, such as a; text or "
        "numbers in 2 of 3 silos, such as b; the same value is another group in each: "
        "write it as one type"
    )


@pytest.mark.parametrize(
    ("column", "option"),
    [("label", LABEL), ("score", SCORE), ("old", BASELINE)],
)
def test_a_column_that_no_file_has_is_refused_with_those_found(
    examples, column, option
):
    there = [name for name in NAMED if name != column]
    found = examples(a=" ".join(there), b="extra")
    with pytest.raises(SettingsError) as caught:
        score_columns.check(found, NAMED)
    assert caught.value.message == (
        f"found no column `{column}` ({option}) in the files; the columns found: "
        f"{', '.join(there)}, extra"
    )
    assert caught.value.hint == f"check {option}"


def test_all_that_no_file_has_are_told_at_once(examples):
    with pytest.raises(SettingsError) as caught:
        score_columns.check(examples(a="label score"), NAMED)
    assert caught.value.message == (
        "found no column `old` (--baseline-score), `sex` (evaluation.slices), `race` "
        "(evaluation.slices) in the files; the columns found: label, score"
    )
    assert caught.value.hint.startswith(
        "check --baseline-score; name columns that are there by `--set "
        "evaluation.slices=[...]`"
    )


def test_of_many_columns_the_first_are_listed(examples):
    names = [f"c{number:02}" for number in range(33)]
    with pytest.raises(SettingsError, match=r"c28, c29 and 3 more\n"):
        score_columns.check(examples(a=" ".join(names)), {"label": LABEL})


def test_what_some_lack_is_told_with_its_consequence(examples):
    found = examples(
        a="label score old sex race", b="label score sex", c="score", d="label score"
    )
    lacks = score_columns.check(found, NAMED)
    assert lacks == {
        "b": Lack(4, ("race",), "old"),
        "d": Lack(6, ("sex", "race"), "old"),
    }
    assert lacks["d"].columns == ["sex", "race", "old"]
    assert score_columns.sentences(lacks) == [
        "silo `b`: found no column `race`, so all of its 4 rows count as the group "
        "`missing`; found no column `old`, so it is not compared",
        "silo `d`: found no column `sex`, `race`, so all of its 6 rows count as the "
        "group `missing`; found no column `old`, so it is not compared",
    ]


def test_many_silos_are_counted():
    lacks = {f"s{number}": Lack(9, ("sex",), "old") for number in range(9)}
    told = score_columns.sentences(lacks)
    assert len(told) == score_columns.MOST_SILOS + 1
    assert told[-1] == (
        "4 more of 9 silos lack columns, with the same consequence: `sex`, `old`"
    )


def test_files_that_are_no_parquet_are_told_elsewhere(tmp_path):
    (tmp_path / "a.parquet").write_text("label,score")
    assert score_columns.check(predictions.find(tmp_path, "loans"), NAMED) == {}
