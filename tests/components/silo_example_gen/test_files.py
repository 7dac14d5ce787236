import datetime
import decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import SiloError
from components.silo_example_gen import files
from components.silos.findings import Finding
from tests.support import silos
from tests.support.silos import CANARY


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*", [("", "1.parquet"), ("", "10.csv"), ("", "ü 2.PARQUET")]),
        ("{span}.*", [("1", "1.parquet"), ("10", "10.csv"), ("ü 2", "ü 2.PARQUET")]),
        ("{span}/part-?.csv", [("a", "a/part-1.csv"), ("b", "b/part-1.csv")]),
        ("?0.csv", [("", "10.csv")]),
        ("nothing-*", []),
    ],
)
def test_a_pattern_finds_data_files_and_their_spans(tmp_path, pattern, found):
    touch(tmp_path, "1.parquet", "10.csv", "ü 2.PARQUET", "notes.txt", ".10.csv")
    touch(tmp_path, "a/part-1.csv", "b/part-1.csv", "b/part-10.csv")
    (tmp_path / "folder.csv").mkdir()
    assert files.find(tmp_path, pattern) == [(s, tmp_path / n) for s, n in found]


def test_a_folder_that_is_not_there_is_no_empty_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        files.find(tmp_path / "gone", "*")


def test_types_are_narrowed_to_numbers_and_strings(tmp_path):
    path = tmp_path / "a.parquet"
    day = datetime.date(2013, 1, 2)
    columns = {
        "flag": pa.array([True, None]),
        "small": pa.array([1, None], pa.uint8()),
        "float": pa.array([1.5, None], pa.float32()),
        "money": pa.array([decimal.Decimal("1.25"), None]),
        "day": pa.array([day, None]),
        "long": pa.array(["a", None], pa.large_string()),
        "coded": pa.array(["a", None]).dictionary_encode(),
        "none": pa.nulls(2),
    }
    pq.write_table(pa.table(columns), path)
    table = files.read("north", path)
    assert {field.name: str(field.type) for field in table.schema} == {
        "flag": "int64",
        "small": "int64",
        "float": "double",
        "money": "double",
        "day": "string",
        "long": "string",
        "coded": "string",
        "none": "null",
    }
    assert table.slice(0, 1).to_pylist() == [
        {
            "flag": 1,
            "small": 1,
            "float": 1.5,
            "money": 1.25,
            "day": "2013-01-02",
            "long": "a",
            "coded": "a",
            "none": None,
        }
    ]
    assert set(table.slice(1).to_pylist()[0].values()) == {None}


def test_an_empty_field_of_a_csv_is_a_missing_value_in_any_column(tmp_path):
    (tmp_path / "a.csv").write_text("late,colour,size\nyes,red,1\n,,\n")
    table = files.read("north", tmp_path / "a.csv")
    assert table.to_pylist()[1] == {"late": None, "colour": None, "size": None}


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_an_empty_file_is_refused(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(SiloError) as caught:
        files.read("north", tmp_path / name)
    assert caught.value.message == (
        f"silo `north`: {name}: found an empty file (0 bytes), expected a table"
    )
    assert caught.value.hint == "export what is named here again"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.parquet", f"PAR1{CANARY}".encode(), "Parquet"),
        ("a.csv", f"a,b\n1,2\n{CANARY}\n".encode(), "CSV"),
    ],
)
def test_a_corrupt_file_is_refused_without_a_word_of_it(tmp_path, name, content, kind):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SiloError) as caught:
        files.read("north", tmp_path / name)
    assert caught.value.message.startswith(
        f"silo `north`: {name}: found a corrupt file (ArrowInvalid, "
        f"{len(content)} bytes"
    )
    assert caught.value.message.endswith(f"expected a readable {kind} file")
    assert CANARY not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_parquet_file_that_was_cut_off_is_refused(tmp_path):
    path = silos.write(tmp_path, "north", "a.parquet", silos.rows(100))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SiloError, match="found a corrupt file"):
        files.read("north", path)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pa.array([[1, 2]]), "list<item: int64>"),
        (pa.array([{"a": 1}]), "struct<a: int64>"),
        (pa.array([CANARY.encode()]), "binary"),
        (pa.array([2**64 - 1], pa.uint64()), "uint64"),
    ],
)
def test_a_column_that_is_no_plain_value_is_refused(tmp_path, values, kind):
    pq.write_table(pa.table({"deep": values}), tmp_path / "a.parquet")
    with pytest.raises(SiloError) as caught:
        files.read("north", tmp_path / "a.parquet")
    assert caught.value.message == (
        f"silo `north`: a.parquet: found column `deep` of type {kind}, expected "
        "64-bit numbers, strings, dates and truth values"
    )


def test_a_csv_without_a_header_keeps_its_first_row_to_itself(tmp_path):
    (tmp_path / "a.csv").write_bytes(f"{CANARY},2\n".encode() + b"\xff\xfe,3\n")
    with pytest.raises(SiloError, match="found a column of type binary") as caught:
        files.read("north", tmp_path / "a.csv")
    assert CANARY not in str(caught.value)


def test_two_columns_of_one_name_are_refused_without_the_name(tmp_path):
    (tmp_path / "a.csv").write_text(f"{CANARY},{CANARY},c\n1,2,3\n")
    with pytest.raises(SiloError, match="found 1 columns whose name another") as caught:
        files.read("north", tmp_path / "a.csv")
    assert CANARY not in str(caught.value)


def test_files_of_one_silo_are_brought_together_where_types_allow():
    whole, refused = files.unify(
        [
            ("a", pa.table({"x": [1, 2**53 + 1], "y": pa.nulls(2)})),
            ("b", pa.table({"x": [0.5], "z": ["new"]})),
            ("c", pa.table({"x": ["0.5"]})),
            ("d", pa.table({"y": ["y"], "x": [7]})),
        ]
    )
    assert refused == [
        Finding(
            "c: column `x` is string, but double in files before",
            "export the column with one type in all files",
        )
    ]
    assert whole.to_pylist() == [
        {"x": 1.0, "y": None, "z": None},
        {"x": 2.0**53, "y": None, "z": None},
        {"x": 0.5, "y": None, "z": "new"},
        {"x": 7.0, "y": "y", "z": None},
    ]


def test_labels_become_numbers_and_other_values_are_told_apart():
    column = pa.chunked_array([["yes", " no ", None], ["maybe", ""]])
    assert files.relabel(column, ("no", "yes")).to_pylist() == [1, 0, None, -1, -1]


@pytest.mark.parametrize(
    ("values", "found"),
    [([1, 2, 3, None], [0, 1, -1, None]), ([1.0, 2.0, 2.5, None], [0, 1, -1, None])],
)
def test_numbers_can_be_label_values(values, found):
    column = pa.chunked_array([values])
    assert files.relabel(column, ("1", "2")).to_pylist() == found


def test_labels_that_are_numbers_already_stay():
    column = pa.chunked_array([[0, 1, 7]])
    assert files.relabel(column, None) is column
