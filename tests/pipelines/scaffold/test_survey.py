"""What silos hold is told file by file; what can't be read is told by name."""

from __future__ import annotations

import pathlib

import pytest

from components.errors import SettingsError
from pipelines.scaffold import survey
from pipelines.scaffold.votes import Kind


def _silo(root: pathlib.Path, name: str, text: str, file: str = "rows.csv") -> None:
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(text, encoding="utf-8")


def _look(root: pathlib.Path) -> dict[str, survey.Silo]:
    return {silo.name: silo for silo in survey.survey(root, "y", ("",))}


def test_columns_of_a_silo_are_told_over_all_its_files(tmp_path):
    _silo(tmp_path, "a", "id,x,y\n1,1,0\n2,,1\n", "1.csv")
    _silo(tmp_path, "a", "id,x,y\n3,1.0,0\n", "2.csv")
    columns = _look(tmp_path)["a"].columns
    x = columns["x"]
    assert x.vote is not None
    assert (x.vote.kind, x.filled, x.is_unique) == (Kind.NUMBER, 2, False)
    assert (columns["id"].is_unique, columns["id"].is_identifier) == (True, True)


def test_quantities_that_happen_to_differ_are_no_identifiers(tmp_path):
    header = "income,row,code,name,y\n"
    rows = "1000,7,a-1,A B,0\n9000,8,b-1,B C,1\n4000,9,c-1,C D,1\n"
    _silo(tmp_path, "a", header + rows)
    columns = _look(tmp_path)["a"].columns
    assert all(columns[name].is_unique for name in [*columns][:4])
    identifiers = [name for name, one in columns.items() if one.is_identifier]
    assert identifiers == ["row", "code"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("rows.csv", "t,y\nhöst,0\n".encode("latin-1"), "not UTF-8, first in line 2"),
        ("rows.csv", b"", "found an empty file (0 bytes)"),
        ("rows.parquet", b"PAR1 no table PAR1", "found a corrupt file"),
        ("rows.xlsx", b"PK", "Parquet or CSV file, only `rows.xlsx`"),
        ("LICENSE", b"free", "found no Parquet or CSV file"),
    ],
)
def test_silo_that_can_not_be_read_says_so_and_the_others_are_looked_at(
    tmp_path, name, content, told
):
    _silo(tmp_path, "good", "x,y\n1,0\n")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / name).write_bytes(content)
    looked = _look(tmp_path)
    (reason,) = looked["odd"].unreadable
    assert reason.startswith("silo `odd`: ")
    assert told in reason
    assert (looked["good"].rows, looked["good"].unreadable) == (1, ())


def test_file_without_a_header_adds_no_columns(tmp_path):
    _silo(tmp_path, "a", "x,y\n1,0\n", "1.csv")
    _silo(tmp_path, "a", "7,1\n8,0\n", "2.csv")
    looked = _look(tmp_path)["a"]
    assert [*looked.columns] == ["x", "y"]
    assert "2.csv: found none of the columns" in looked.unreadable[0]


def test_silo_whose_name_is_no_name_is_told_with_the_reason(tmp_path):
    _silo(tmp_path, "good", "x,y\n1,0\n")
    _silo(tmp_path, "a\\evil", "x,y\n1,0\n")
    (reason,) = _look(tmp_path)["a\\evil"].unreadable
    assert "would leave its parent folder" in reason


def test_without_a_silo_that_can_be_read_each_is_told(tmp_path):
    with pytest.raises(SettingsError, match="expected one for each silo"):
        _look(tmp_path)
    with pytest.raises(SettingsError, match="found no such folder"):
        _look(tmp_path / "nowhere")
    (tmp_path / "a").mkdir()
    _silo(tmp_path, "b", "")
    with pytest.raises(SettingsError) as caught:
        _look(tmp_path)
    assert "silo `a`: found no Parquet or CSV file" in caught.value.message
    assert "silo `b`: rows.csv: found an empty file" in caught.value.message
