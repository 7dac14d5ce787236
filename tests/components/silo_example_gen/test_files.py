import codecs
import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import SiloError
from components.silo_example_gen import files
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


def passed_over(folder, pattern):
    return files.passed_over(folder, [path for _, path in files.find(folder, pattern)])


def test_files_that_are_not_read_are_named(tmp_path):
    touch(tmp_path, "1.parquet", "2.csv.zip", "3.XLSX", "README.md", "4.tsv", "5.csv")
    touch(tmp_path, "more/6.csv", "7.parquet/part-0.parquet", "8", "_SUCCESS", ".9.csv")
    below = ["7.parquet/part-0.parquet", "8", "more/6.csv"]
    others = ["2.csv.zip", "3.XLSX", "4.tsv"]
    assert passed_over(tmp_path, "*") == [*others, *below]
    assert passed_over(tmp_path, "{span}.csv") == ["1.parquet", *others, *below]


@pytest.mark.parametrize("before", ["\n", "\r\n\n", ""])
def test_no_type_is_guessed_whatever_the_header_is(tmp_path, before):
    names = [f"{number:04d}-{'x' * 50}" for number in range(1_500 if not before else 1)]
    text = f"{before}id,zip,{','.join(names)},key\n"
    row = f"{2**64},02134,{','.join('1' for _ in names)},{2**64 + 1}\n"
    (tmp_path / "a.csv").write_text(text + row)
    (found,) = files.read("north", tmp_path / "a.csv").to_pylist()
    assert (found["id"], found["zip"]) == (str(2**64), "02134")
    assert found["key"] == str(2**64 + 1)


def test_a_cell_of_megabytes_is_read(tmp_path):
    (tmp_path / "a.csv").write_text("id,text\n1," + "w" * 3_000_000 + "\n2,x\n")
    assert files.read("north", tmp_path / "a.csv")["id"].to_pylist() == ["1", "2"]


def test_a_parquet_file_keeps_its_types(tmp_path):
    path = tmp_path / "a.parquet"
    columns = {
        "large": pa.array([2**64 - 1, None], pa.uint64()),
        "coded": pa.array(["a", None]).dictionary_encode(),
        "deep": pa.array([[1], None]),
    }
    index = {"__index_level_0__": pa.array([7, 8])}
    pq.write_table(pa.table({**columns, **index}), path)
    table = files.read("north", path)
    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds == {"large": "uint64", "coded": "string", "deep": "list<item: int64>"}
    assert table["large"].to_pylist() == [2**64 - 1, None]


def test_a_csv_file_is_text_to_the_last_digit(tmp_path):
    text = "id,zip,region\n18446744073709551615,02134,NA\n 7,1e3,\n"
    (tmp_path / "a.csv").write_bytes(codecs.BOM_UTF8 + text.encode())
    assert files.read("north", tmp_path / "a.csv").to_pylist() == [
        {"id": "18446744073709551615", "zip": "02134", "region": "NA"},
        {"id": " 7", "zip": "1e3", "region": None},
    ]


def test_null_spellings_are_those_of_the_settings(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n?,NA\n,x\n")
    table = files.read("north", tmp_path / "a.csv", ("?", "NA"))
    assert table.to_pylist() == [{"a": None, "b": None}, {"a": "", "b": "x"}]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (
            "größe,b\n1,2\n".encode("latin-1"),
            "text that is not UTF-8, first in line 1 ",
        ),
        ("a,b\n1,ö\n".encode("latin-1"), "text that is not UTF-8, first in line 2 "),
        ("a,b\n1,2\n".encode("utf-16"), "text in UTF-16, or no text at all, expected"),
        ("a,b\n1,2\n".encode("utf-16-le"), "text in UTF-16, or no text at all"),
        (b"a;b\n1,5;2\n", "columns separated by semicolons, expected commas"),
        (b"a\tb\n1\t2\n", "columns separated by tabs, expected commas"),
        (b"a|b\n1|2\n", "columns separated by bars, expected commas"),
        (
            b"a,b\n" + b"1,2\n" * 40_000 + b"1,\xf6\n",  # behind the sample
            "text that is not UTF-8, first in line 40,002 ",
        ),
    ],
)
def test_other_encodings_and_separators_are_named(tmp_path, content, found):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(SiloError) as caught:
        files.read("north", tmp_path / "a.csv")
    assert caught.value.message.startswith(f"silo `north`: a.csv: found {found}")
    assert caught.value.hint.startswith("export the file ")


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


def test_two_columns_of_one_name_are_refused_without_the_name(tmp_path):
    (tmp_path / "a.csv").write_text(f"{CANARY},{CANARY},c\n1,2,3\n")
    with pytest.raises(SiloError, match="found 1 columns whose name another") as caught:
        files.read("north", tmp_path / "a.csv")
    assert CANARY not in str(caught.value)


def test_a_compressed_csv_file_is_read_as_the_plain_one(tmp_path):
    text = "a,b\n1,ö\n".encode()
    (tmp_path / "1.csv").write_bytes(text)
    (tmp_path / "2.CSV.GZ").write_bytes(
        gzip.compress(text[:4], mtime=0) + gzip.compress(text[4:])
    )
    found = files.find(tmp_path, "{span}.*")
    assert [span for span, _ in found] == ["1", "2"]
    one, other = (files.read("north", path) for _, path in found)
    assert one == other


WHOLE = gzip.compress(b"a,b\n" + b"1,2\n" * 999, mtime=0)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (WHOLE[:-9], "a damaged or cut gzip file"),
        (WHOLE[:20] + b"\0\0" + WHOLE[22:], "a damaged or cut gzip file"),
        (b"a,b\n1,2\n", "a damaged or cut gzip file (8 bytes), expected a whole one"),
        (gzip.compress(b"", mtime=0), "an empty file (0 bytes)"),
        (b"", "an empty file (0 bytes)"),
        (gzip.compress(b"a;b\n1;2\n", mtime=0), "columns separated by semicolons"),
    ],
)
def test_a_compressed_file_that_is_not_whole_is_refused(tmp_path, content, found):
    (tmp_path / "a.csv.gz").write_bytes(content)
    with pytest.raises(SiloError) as caught:
        files.read("north", tmp_path / "a.csv.gz")
    assert caught.value.message.startswith(f"silo `north`: a.csv.gz: found {found}")
    assert caught.value.hint.startswith("export ")
