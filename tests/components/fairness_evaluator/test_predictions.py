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


def test_what_is_no_parquet_is_told_by_silo(tmp_path):
    put(tmp_path, "north.parquet", 3)
    (tmp_path / "south.parquet").write_text("label,score\n1,0.5\n")
    found = predictions.find(tmp_path, "loans")
    assert found["south"].error == Finding(
        f"silo `south`: {tmp_path}/south.parquet: found no Parquet, expected a file",
        "write what is named here as Parquet again, for FairSilo to read",
    )
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


def test_why_a_file_can_not_be_read_is_told(tmp_path):
    put(tmp_path, "north.parquet", 3)
    (tmp_path / "south").mkdir()
    (tmp_path / "south" / "x.parquet").mkdir()
    error = predictions.find(tmp_path, "loans")["south"].error
    assert error is not None
    assert error.sentence == (
        f"silo `south`: {tmp_path}/south/x.parquet: Is a directory"
    )


def test_the_digest_follows_content_and_column(tmp_path):
    put(tmp_path, "north.parquet", 3)
    first = predictions.find(tmp_path, "loans")
    assert predictions.digest(first, "score") == predictions.digest(first, "score")
    assert predictions.digest(first, "score") != predictions.digest(first, "old")
    put(tmp_path, "north.parquet", 4)
    changed = predictions.find(tmp_path, "loans")
    assert predictions.digest(first, "score") != predictions.digest(changed, "score")


def test_no_folder_is_refused(tmp_path):
    with pytest.raises(SettingsError) as caught:
        predictions.find(tmp_path / "gone", "loans")
    assert caught.value.message == (
        f"{tmp_path}/gone: found no such folder, expected one Parquet file a silo, "
        "`SILO.parquet` or `SILO/NAME.parquet`"
    )


def test_a_folder_without_parquet_is_refused(tmp_path):
    (tmp_path / "north.csv").write_text("label,score\n1,0.5\n")
    with pytest.raises(SettingsError) as caught:
        predictions.find(tmp_path, "loans")
    assert caught.value.message.startswith(f"{tmp_path}: found no file named *.parquet")
    assert caught.value.hint.startswith("write other formats as Parquet first")


def test_two_files_of_one_silo_are_refused(tmp_path):
    first = put(tmp_path, "north.parquet", 3)
    second = put(tmp_path, "north/more.parquet", 3)
    with pytest.raises(SettingsError) as caught:
        predictions.find(tmp_path, "loans")
    assert caught.value.message == (
        f"silo `north`: found {first} and {second}, expected one file"
    )


def test_an_evaluation_of_nobody_is_refused(tmp_path):
    put(tmp_path, "north.parquet", 3)
    put(tmp_path, "south.parquet", 3)
    found = predictions.find(tmp_path, "loans")
    predictions.check_told(found, {"north": "no column"})
    with pytest.raises(FairSiloError) as caught:
        predictions.check_told(found, {"north": "no column", "south": "no rows"})
    assert caught.value.message == (
        "not one of 2 silos could be evaluated; the first: no column"
    )


def test_a_file_in_place_of_the_folder_is_told_so(tmp_path):
    path = put(tmp_path, "north.parquet", 3)
    with pytest.raises(SettingsError) as caught:
        predictions.find(path, "loans")
    assert caught.value.message == (
        f"{path}: found a file, expected a folder with one Parquet file a silo, "
        "`SILO.parquet` or `SILO/NAME.parquet`"
    )
    assert caught.value.hint == "give the folder that it lies in"
