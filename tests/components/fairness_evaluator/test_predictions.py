"""Folders of scores made elsewhere: what is found, and what is refused."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components import digests
from components.errors import FairSiloError, SettingsError
from components.fairness_evaluator import predictions
from components.payloads import manifest
from components.payloads.findings import Finding


def put(folder, name, rows):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"score": [0.25] * rows, "label": [1] * rows}), path)
    return path


def test_a_file_and_a_folder_are_silos_each(tmp_path):
    north, south = put(tmp_path, "north.parquet", 3), put(tmp_path, "süd/x.parquet", 5)
    found = predictions.find(tmp_path, "loans")
    assert (found.use_case, found.span) == ("loans", "")
    assert found.silos == ["north", "süd"]
    assert [entry.rows(manifest.EVAL) for entry in found] == [3, 5]
    split = found["süd"].splits[manifest.EVAL]
    assert (split.paths, split.digest) == ([str(south)], digests.of_file(south))
    assert found["north"].silo.home == str(north.parent)
    everyone = predictions.cohort(found)
    assert everyone.admitted == ["north", "süd"]
    assert everyone.refusal == ""


def test_why_a_file_can_not_be_read_is_told_by_silo(tmp_path):
    put(tmp_path, "north.parquet", 3)
    (tmp_path / "south.parquet").write_text("label,score\n1,0.5\n")
    (tmp_path / "west" / "x.parquet").mkdir(parents=True)
    found = predictions.find(tmp_path, "loans")
    assert found["south"].error == Finding(
        f"silo `south`: {tmp_path}/south.parquet: found no Parquet, expected a file",
        "write what is named here as Parquet again, for FairSilo to read",
    )
    why = f"silo `west`: {tmp_path}/west/x.parquet: Is a directory"
    assert found["west"].error is not None
    assert found["west"].error.sentence == why
    assert found.readable(manifest.EVAL) == [found["north"]]


def test_files_that_are_not_evaluated_are_named(tmp_path, caplog):
    put(tmp_path, "north.parquet", 3)
    put(tmp_path, "west/deep/down.parquet", 3)
    (tmp_path / "south.csv").write_text("label,score\n1,0.5\n")
    assert predictions.find(tmp_path, "loans").silos == ["north"]
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}/{name} is not evaluated: expected one Parquet file a silo, "
        "`SILO.parquet` or `SILO/NAME.parquet`"
        for name in ("south.csv", "west/deep/down.parquet")
    ]


def test_the_digest_follows_content_and_column(tmp_path):
    put(tmp_path, "north.parquet", 3)
    first = predictions.find(tmp_path, "loans")
    assert predictions.digest(first, "score") == predictions.digest(first, "score")
    assert predictions.digest(first, "score") != predictions.digest(first, "old")
    put(tmp_path, "north.parquet", 4)
    changed = predictions.find(tmp_path, "loans")
    assert predictions.digest(first, "score") != predictions.digest(changed, "score")


@pytest.mark.parametrize(
    ("files", "folder", "says", "hint"),
    [
        ([], "gone", "found no such folder, expected one Parquet file a silo", ""),
        (
            ["gone.csv"],
            "",
            "found no file named *.parquet, expected one",
            "write other",
        ),
        (
            ["a.parquet"],
            "a.parquet",
            "found a file, expected a folder with",
            "give the",
        ),
        (
            ["a.parquet", "a/b.parquet"],
            "",
            "and {}/a/b.parquet, expected one",
            "put all",
        ),
    ],
)
def test_a_folder_that_can_not_be_used_is_refused(tmp_path, files, folder, says, hint):
    for name in files:
        put(tmp_path, name, 3)
    with pytest.raises(SettingsError) as caught:
        predictions.find(tmp_path / folder, "loans")
    assert says.format(tmp_path) in caught.value.message
    assert str(tmp_path / folder) in caught.value.message
    assert caught.value.hint.startswith(hint)


def test_an_evaluation_of_nobody_is_refused(tmp_path):
    put(tmp_path, "north.parquet", 3)
    put(tmp_path, "south.parquet", 3)
    found = predictions.find(tmp_path, "loans")
    predictions.require_some_evaluated(found, {"north": "no column"})
    with pytest.raises(FairSiloError) as caught:
        predictions.require_some_evaluated(
            found, {"north": "no column", "south": "no rows"}
        )
    assert caught.value.message == (
        "not one of 2 silos could be evaluated; the first: no column"
    )
