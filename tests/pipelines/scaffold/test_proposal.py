"""Most silos decide, the others are named, and what can't be decided is asked."""

from __future__ import annotations

import datetime
import decimal
import pathlib
import shutil
import tempfile
import uuid
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2

from components.errors import SettingsError
from components.silo_example_gen import conform, files
from components.silo_validator import tfdv_checks
from pipelines.scaffold.options import Options
from pipelines.scaffold.proposal import Proposal, propose

ROWS = 60
NUMBERS = [i / 10 for i in range(ROWS)]
DAYS = [datetime.date(2024, 1, 1) + datetime.timedelta(i) for i in range(ROWS)]
# Columns by kind, as Parquet holds them; text is what a CSV file holds.
COLUMNS: dict[str, pa.Array] = {
    "whole": pa.array(range(ROWS)),
    "small": pa.array([i % 2 for i in range(ROWS)], pa.int8()),
    "large": pa.array([2**60 + i for i in range(ROWS)]),
    "beyond": pa.array([2**64 - 1 - i for i in range(ROWS)], pa.uint64()),
    "float": pa.array(NUMBERS),
    "whole float with nulls": pa.array([None, *map(float, range(1, ROWS))]),
    "float32": pa.array(NUMBERS, pa.float32()),
    "decimal": pa.array([decimal.Decimal(i) / 4 for i in range(ROWS)]),
    "whole decimal": pa.array([decimal.Decimal(10**30 + i) for i in range(ROWS)]),
    "small decimal": pa.array([decimal.Decimal(i) for i in range(ROWS)]),
    "truth": pa.array([i % 2 > 0 for i in range(ROWS)]),
    "words": pa.array(["north", "south", "west"] * 20),
    "yes or no": pa.array(["yes", "no"] * 30),
    "codes": pa.array([f"{i % 7:05}" for i in range(ROWS)]),
    "digits": pa.array([str(i) for i in range(ROWS)]),
    "decimal commas": pa.array([f"{i},50" for i in range(ROWS)]),
    "thousands": pa.array([f"{i + 1},234.56" for i in range(ROWS)]),
    "a few ?": pa.array(["?" if i % 9 == 0 else str(i) for i in range(ROWS)]),
    "dates": pa.array(DAYS),
    "instants": pa.array(
        [datetime.datetime.combine(day, datetime.time()) for day in DAYS],
        pa.timestamp("us", "Europe/Berlin"),
    ),
    "nothing": pa.nulls(ROWS, pa.string()),
    "lists": pa.array([[i] for i in range(ROWS)]),
    "structs": pa.array([{"a": i} for i in range(ROWS)]),
    "durations": pa.array([datetime.timedelta(i) for i in range(ROWS)]),
    "bytes": pa.array([bytes([i]) for i in range(ROWS)]),
}
UNSUPPORTED = ("lists", "structs", "durations", "bytes")
DAY = np.arange(ROWS) // 2


def _write(folder: pathlib.Path, columns: dict[str, Any], file: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    y = [int(i % 3 == 0) for i in range(ROWS)]
    age = DAY + ord(folder.name[0])  # no two silos hold the same file
    table = pa.table({"age": age, **columns, "y": columns.get("y", y)})
    if file.endswith(".csv"):
        table.to_pandas(integer_object_nulls=True).to_csv(folder / file, index=False)
    else:
        pq.write_table(table, folder / file)


def _propose(root: pathlib.Path, **options: Any) -> Proposal:
    return propose(Options("mine", root, "y", **options))


def _propose_or_ask(root: pathlib.Path) -> tuple[Proposal | None, str]:
    try:
        return _propose(root), ""
    except SettingsError as error:
        return None, str(error)


def _types(proposal: Proposal) -> dict[str, int]:
    return {feature.name: feature.type for feature in proposal.schema.feature}


@pytest.fixture
def silos(tmp_path):
    """Write silos that differ in the column x, or in all the columns that are given."""

    def write(*held: str | dict[str, Any], file: str = "rows.csv") -> pathlib.Path:
        for name, one in zip("abcdefgh", held, strict=False):
            columns = {"x": COLUMNS[one]} if isinstance(one, str) else one
            _write(tmp_path / name, columns, file)
        return tmp_path

    return write


def _silos(kinds: list[str]) -> st.SearchStrategy[list[dict[str, str]]]:
    files = st.sampled_from(["1.csv", "2.csv", "3.parquet"])
    silo = st.dictionaries(files, st.sampled_from(kinds), min_size=1, max_size=2)
    return st.lists(silo, min_size=1, max_size=5)


KINDS = st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=3)


@settings(max_examples=40)
@given(KINDS.flatmap(_silos))
def test_column_is_asked_for_or_each_silo_keeps_all_values_or_is_named(silos):
    with tempfile.TemporaryDirectory() as place:
        root = pathlib.Path(place)
        for name, held in zip("abcde", silos, strict=False):
            for file, kind in held.items():
                if kind in UNSUPPORTED:
                    file = file.replace("csv", "parquet")
                _write(root / name, {"x": COLUMNS[kind]}, file)
        found, asked = _propose_or_ask(root)
        if found is None:
            assert asked.startswith("1 column must be decided on:\n  column `x`: found")
            assert "hint: for example: fairsilo init mine --data" in asked
            return
        if "x" not in _types(found):
            assert found.left_out == {"x": "no value in any silo"}
            return
        assert 2 * len(found.faults) <= len(silos)
        for folder in root.iterdir():
            for _, path in files.find(folder, "*"):
                table = files.read(folder.name, path)
                plain, faults = conform.to_schema(table, found.schema, found.rows)
                told = any("`x`" in text for text in found.faults.get(folder.name, []))
                assert told or not faults
                if not faults:
                    kept = plain["x"].is_valid().to_pylist()
                    before = table["x"].is_valid().to_pylist()
                    assert kept == before


@pytest.mark.parametrize(
    ("kinds", "kind", "told"),
    [
        (
            ["float", "float", "words", "float"],
            schema_pb2.FLOAT,
            "found other text in 60",
        ),
        (["float", "decimal commas", "whole"], schema_pb2.FLOAT, "decimal comma in 60"),
        (["thousands", "float", "whole"], schema_pb2.FLOAT, "comma in thousands in 60"),
        (
            ["small", "yes or no", "truth"],
            schema_pb2.INT,
            "values, expected whole numbers",
        ),
        (["large", "large", "float"], schema_pb2.INT, "numbers with fractions in 54"),
        (
            ["whole", "a few ?", "whole"],
            schema_pb2.INT,
            "found marks such as ? or n/a in 7 of 60 values, expected whole numbers; "
            "where that means a missing value: --null '?'",
        ),
        (["whole", "nothing", "whole"], schema_pb2.INT, "found no value of `x`"),
    ],
)
def test_odd_silo_is_named_and_condemns_no_other(silos, kinds, kind, told):
    found = _propose(silos(*kinds))
    assert _types(found)["x"] == kind
    ((name, (sentence,)),) = found.faults.items()
    assert sentence.startswith(f"silo `{name}`: ")
    assert told in sentence
    quarantined = "the silo will be quarantined until that is mended"
    assert next(found.warnings()) == f"{sentence}; {quarantined}"


@pytest.mark.parametrize(
    ("kinds", "kind"),
    [
        (["small", "truth", "whole"], schema_pb2.INT),
        (["whole", "whole float with nulls", "float"], schema_pb2.FLOAT),
        (["truth", "truth", "truth"], schema_pb2.INT),
        (["codes", "digits", "words"], schema_pb2.BYTES),
        (["large", "beyond", "whole"], schema_pb2.BYTES),
        (["whole decimal", "large"], schema_pb2.BYTES),
        (["small decimal", "whole"], schema_pb2.INT),
        (["small decimal", "float"], schema_pb2.FLOAT),
        (["nothing", "float", "float"], schema_pb2.FLOAT),
        (["float", "nothing"], schema_pb2.FLOAT),
    ],
)
def test_silos_that_go_together_are_all_kept(silos, kinds, kind):
    found = _propose(silos(*kinds, file="rows.parquet"))
    assert _types(found)["x"] == kind
    assert len(found.faults) == (kinds[0] == "nothing")


def test_flags_are_numbers_without_a_domain(silos):
    found = _propose(silos("truth", "small"))
    (flag,) = [one for one in found.schema.feature if one.name == "x"]
    presence = schema_pb2.FeaturePresence(min_count=1, min_fraction=1.0)
    assert flag == schema_pb2.Feature(name="x", type=schema_pb2.INT, presence=presence)


def test_silos_without_usable_rows_of_their_own_are_named(silos, tmp_path):
    silos("float", "float", "float", "float")
    shutil.copytree(tmp_path / "c", tmp_path / "twin")
    for name, text in {"y": "17,0.5,1\n18,0.25,0\n", "z": "age,x,y\n"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.csv").write_text(text)
    found = _propose(tmp_path)
    assert [*_types(found)] == ["age", "x", "y"]
    assert _types(found)["x"] == schema_pb2.FLOAT
    same = "file rows.csv is the same, byte for byte, as one of another silo"
    assert found.faults == {
        "c": [f"silo `c`: {same}"],
        "twin": [f"silo `twin`: {same}"],
        "y": ["silo `y`: found no column `y`"],
        "z": ["silo `z`: found a header without rows"],
    }


@pytest.mark.parametrize(
    ("kinds", "odd"), [("nf", ""), ("fnf", "b"), ("nnf", ""), ("ffff", "")]
)
def test_nan_for_missing_is_a_fault_of_few_silos_or_the_use_of_most(silos, kinds, odd):
    some = pa.array([float("nan") if i % 3 else i / 4 for i in range(ROWS)])
    columns = {"n": some, "f": COLUMNS["float"]}
    root = silos(*({"x": columns[kind]} for kind in kinds), file="rows.parquet")
    found = _propose(root)
    assert [*found.faults] == [*odd]
    assert found.nan_is_missing == (not odd and "n" in kinds)
    told = str([*found.faults.values(), *found.notes])
    assert ("NaN" in told) == ("n" in kinds)


def test_tie_is_asked_with_each_side_and_the_ways_out(silos):
    root = silos("float", "words")
    with pytest.raises(SettingsError) as caught:
        _propose(root)
    told = caught.value.message
    assert "numbers in `a`; text in `b`" in told
    for option in ("--type x=text", "--type x=number", "--ignore x"):
        assert option in told
    assert _types(_propose(root, types={"x": "text"}, key=("age",)))["x"] == 1
    assert "x" not in _types(_propose(root, ignore=("x",)))


def test_silo_whose_files_contradict_each_other_is_asked_about_by_file(tmp_path):
    _write(tmp_path / "a", {"x": COLUMNS["float"]}, "1.csv")
    _write(tmp_path / "a", {"x": COLUMNS["words"]}, "2.csv")
    with pytest.raises(SettingsError, match=r"numbers in `a/1.csv`; text in `a/2.csv`"):
        _propose(tmp_path)


@pytest.mark.parametrize(
    ("kind", "ways"),
    [
        ("decimal commas", ["--type x=text", "--ignore x"]),
        ("thousands", ["--type x=text", "--ignore x"]),
        ("a few ?", ["--null '?'", "--type x=text", "--ignore x"]),
    ],
)
def test_numbers_that_no_silo_writes_as_numbers_are_asked_for(silos, kind, ways):
    with pytest.raises(SettingsError) as caught:
        _propose(silos(kind, kind, kind))
    assert "in 3 of 3 silos (`a`, `b`, `c`)" in caught.value.message
    assert all(way in caught.value.message for way in ways)


def test_spelling_of_a_missing_value_is_taken_as_told(silos):
    root = silos("a few ?", "whole")
    with pytest.raises(SettingsError) as caught:
        _propose(root)
    assert caught.value.hint.endswith("--label y --null '?'")
    found = _propose(root, null=("?",))
    assert found.rows.null_values == ("", "?")
    assert (_types(found)["x"], found.faults) == (schema_pb2.INT, {})


def test_text_among_numbers_that_may_be_a_person_s_is_not_shown(silos, tmp_path):
    root = silos("whole", "whole", "whole")
    path = tmp_path / "b" / "rows.csv"
    path.write_text(path.read_text().replace(",7,", ",Zaphod,"))
    (sentence,) = _propose(root).faults["b"]
    assert "found other text in 1 of 60 values, expected whole numbers" in sentence
    assert "Zaphod" not in sentence


def test_all_unsupported_columns_are_asked_for_at_once_with_a_command(silos):
    columns = {kind: COLUMNS[kind] for kind in (*UNSUPPORTED, "words")}
    root = silos(columns, columns, file="rows.parquet")
    with pytest.raises(SettingsError) as caught:
        _propose(root, sensitive=("lists",), key=("bytes",))
    assert caught.value.message.startswith("4 columns must be decided on")
    types = ("list", "struct", "duration", "binary")
    for kind, name in zip(UNSUPPORTED, types, strict=True):
        assert f"`{kind}`: found the type {name}" in caught.value.message
    assert caught.value.hint.endswith(  # which names no column for two things
        "--label y --ignore lists --ignore structs --ignore durations --ignore bytes"
    )
    assert [*_types(_propose(root, ignore=UNSUPPORTED))] == ["age", "words", "y"]


def test_unsupported_column_of_one_silo_does_not_take_it_from_the_others(silos):
    found = _propose(silos("words", "lists", "words", file="rows.parquet"))
    assert _types(found)["x"] == schema_pb2.BYTES
    assert "column `x`: rows.parquet: found the type list" in found.faults["b"][0]


def test_type_that_is_said_is_taken_or_refused(silos):
    root = silos("digits", "digits")
    assert _types(_propose(root, types={"x": "text"}))["x"] == schema_pb2.BYTES
    assert _types(_propose(root, types={"x": "number"}))["x"] == schema_pb2.FLOAT
    with pytest.raises(
        SettingsError, match=r"`x`: found values that are not whole numbers in 2 of 2"
    ):
        _propose(silos("words", "words"), types={"x": "whole"})


def test_columns_that_carry_nothing_are_hidden_from_the_model_with_a_reason(silos):
    columns = {name: COLUMNS[name] for name in ("words", "dates", "instants", "digits")}
    columns |= {
        "currency": pa.array(["EUR"] * ROWS),
        "note": pa.array([f"note {i} of {'x' * 70}" for i in range(ROWS)]),
        "nearly": pa.array([f"c{i}" for i in [*range(ROWS - 5), *range(5)]]),
    }
    root = silos(columns, columns, file="rows.parquet")
    found = _propose(root, sensitive=("words",))
    assert found.rows.key == ("digits",)
    assert {*found.ignored} == {*columns} - {"digits"}
    told = [*found.decided()]
    assert any("`dates`, `instants` (dates, which" in line for line in told)
    assert any("`currency` (the same value in all rows)" in line for line in told)


def test_tick_of_some_rows_and_a_value_of_its_own_in_each_silo_are_kept(silos):
    ticks = pa.array(["x" if i % 2 else None for i in range(ROWS)])
    own = ({"tick": ticks, "country": pa.array([name] * ROWS)} for name in "ab")
    assert _propose(silos(*own)).ignored == {}


@pytest.mark.parametrize("file", ["rows.csv", "rows.parquet"])
def test_columns_without_a_name_or_a_value_are_left_out(silos, file):
    nan = pa.array([float("nan")] * ROWS)
    columns = {"": COLUMNS["whole"], "nan": nan, "null": COLUMNS["nothing"]}
    found = _propose(silos(columns, columns, file=file))
    assert [*_types(found)] == ["age", "y"]
    assert [*found.left_out] == ["", "nan", "null"]


def test_data_without_a_column_to_learn_from_is_refused(silos):
    same = {"age": pa.array([30] * ROWS), "id": COLUMNS["digits"]}
    with pytest.raises(SettingsError, match=r"column to learn from \(`age`: the same"):
        _propose(silos(same, same | {"id": COLUMNS["whole"]}))


def test_key_is_the_column_that_names_rows(silos):
    incomes = pa.array([1000 + 137 * i for i in range(ROWS)])
    columns = [
        {"income": incomes, "line": pa.array(range(first, first + ROWS)), "nr": incomes}
        for first in (0, ROWS)
    ]
    root = silos(*columns)
    found = _propose(root)
    assert (found.rows.key, found.rows.split_by) == (("nr",), ())
    assert "line" in found.ignored
    assert "income" not in found.ignored
    assert _propose(root, key=("line",)).rows.key == ("line",)


@pytest.mark.parametrize("file", ["rows.csv", "rows.parquet"])
@pytest.mark.parametrize(
    "kind", ["whole", "large", "beyond", "whole decimal", "digits", "padded", "uuids"]
)
def test_key_of_every_type_is_proposed_and_stays_exact(silos, kind, file):
    more = {
        "padded": pa.array([f"{i:06}" for i in range(ROWS)]),
        "uuids": pa.array([str(uuid.UUID(int=i << 64)) for i in range(ROWS)]),
    }
    keys = {**COLUMNS, **more}[kind]
    root = silos({"row_id": keys}, {"row_id": keys}, file=file)
    found = _propose(root)
    assert (found.rows.key, found.faults, found.notes) == (("row_id",), {}, ())
    table = files.read("a", root / "a" / file)
    plain, _ = conform.to_schema(table, found.schema, found.rows)
    kept = plain["row_id"].to_pylist()
    assert [*map(str, kept)] == [*map(str, keys.to_pylist())]


def test_large_keys_are_exact_and_the_silo_that_rounded_them_is_named(silos):
    ids = [10**17 + i for i in range(ROWS)]
    exact, rounded = {"id": pa.array(ids)}, {"id": pa.array([*map(float, ids)])}
    found = _propose(silos(exact, exact, exact, rounded, file="rows.parquet"))
    assert (_types(found)["id"], found.rows.key) == (schema_pb2.INT, ("id",))
    assert "2^53 or more in floating point" in found.faults["d"][0]


def test_key_that_is_said_is_exact(silos):
    root = silos("whole", "whole float with nulls", file="rows.parquet")
    assert _types(_propose(root))["x"] == schema_pb2.FLOAT
    found = _propose(root, key=("x",))
    assert _types(found)["x"] == schema_pb2.INT
    (note,) = found.notes
    assert note.startswith("silo `b`: key `x`: found 1 of 60 rows without a value")


def test_without_a_key_the_columns_that_split_are_frozen_and_it_is_said(silos):
    found = _propose(silos("words", "words"))
    assert (found.rows.key, found.rows.split_by) == ((), ("age", "x"))
    assert "predictions can't be joined" in [*found.warnings()][-1]


def test_column_that_is_nearly_a_key_is_told_with_the_silo_in_the_way(silos):
    ids = [[*range(ROWS - 1), last] for last in (ROWS, 0, ROWS)]
    found = _propose(silos(*({"id": pa.array(one)} for one in ids)))
    assert found.rows.key == ()
    assert "`id`: differs in each row, but not in 1 of 3 silos (`b`)" in found.notes[0]


def test_column_of_few_silos_needs_no_presence_and_splits_no_rows(silos):
    found = _propose(silos("words", {}, {}))
    (own,) = [one for one in found.schema.feature if one.name == "x"]
    assert not own.HasField("presence")
    assert found.rows.split_by == ("age",)
    assert found.notes == ("column `x`: found a value in 1 of 3 silos (`a`) only",)


def test_numbers_that_are_read_as_text_are_told(silos):
    found = _propose(silos("codes", "whole", "words"))
    assert (_types(found)["x"], found.faults) == (schema_pb2.BYTES, {})
    assert "found numbers in 1 of 3 silos (`b`), text in the others" in found.notes[0]


@pytest.mark.slow
def test_tfdv_finds_nothing_in_silos_without_faults_nor_the_schema_their_values(silos):
    columns = {kind: COLUMNS[kind] for kind in COLUMNS if kind not in UNSUPPORTED}
    root = silos(columns, columns, columns, file="rows.parquet")
    found = _propose(root)
    assert found.faults == {}
    assert "north" not in str(found.schema)
    table = files.read("a", root / "a" / "rows.parquet")
    plain, _ = conform.to_schema(table, found.schema, found.rows)
    for split, environment in {"train": "TRAINING", "score": "SERVING"}.items():
        rows = plain if split == "train" else plain.drop(["y"])
        measured = tfdv_checks.measure(rows, split, found.schema)
        assert not tfdv_checks.against_schema(measured, found.schema, environment)


def test_labels_1_and_2_are_the_same_in_csv_and_parquet(tmp_path):
    labels = [1 + (i % 3 == 0) for i in range(ROWS)]
    for name, values in {
        "whole.csv": labels,
        "floats.csv": [*map(float, labels)],
        "floats.parquet": [*map(float, labels)],
    }.items():
        _write(tmp_path / name, {"y": pa.array(values)}, name)
    found = _propose(tmp_path)
    assert (found.rows.label_values, found.faults) == (("1", "2"), {})
    assert found.label.num_positive == ROWS
    assert found.bounds.judged_silos == 3


@pytest.mark.parametrize("written", ["X", " x"])
def test_column_that_few_silos_write_otherwise_is_not_read_and_told(silos, written):
    held = (
        {"x": COLUMNS["words"]},
        {written: COLUMNS["words"]},
        {"x": COLUMNS["words"]},
    )
    found = _propose(silos(*held))
    assert [*_types(found)] == ["age", "x", "y"]
    assert found.left_out == {written: "written `x` elsewhere: rename it in `b`"}
    assert found.faults == {
        "b": [
            f"silo `b`: found no value of `x`, as others have, but `{written}`: names "
            "must be the same, so rename it"
        ]
    }


def test_column_that_the_caller_names_is_kept_as_it_is_written(silos):
    words = COLUMNS["words"]
    root = silos({"x": words}, {"X": words}, {"x": words})
    assert "X" in _types(_propose(root, sensitive=("X",)))


def test_silo_that_writes_the_label_otherwise_is_told(silos, tmp_path):
    root = silos("words", "words", "words")
    path = tmp_path / "c" / "rows.csv"
    path.write_text(path.read_text().replace(",y\n", ",Y\n", 1))
    (sentence,) = _propose(root).faults["c"]
    assert sentence.startswith("silo `c`: found no column `y`, but `Y`: names must")


def test_columns_of_one_silo_that_differ_in_case_are_two(silos):
    both = {"x": COLUMNS["words"], "X": COLUMNS["words"]}
    assert [*_types(_propose(silos(both, both)))] == ["age", "x", "X", "y"]


@pytest.mark.parametrize("file", ["rows.csv", "rows.parquet"])
@pytest.mark.parametrize("missing", [None, 7])
def test_numbers_named_like_a_key_that_nearly_all_differ_are_identifiers(
    silos, file, missing
):
    ids = pa.array([missing, *(1000 + 137 * i for i in range(1, ROWS - 1)), 7])
    names = ("customer_id", "policyNumber", "income", "number_of_rooms")
    found = _propose(silos(*[dict.fromkeys(names, ids)] * 2, file=file))
    assert [*found.ignored] == ["customer_id", "policyNumber"]
    assert "with the name of a key" in found.ignored["customer_id"]


def test_numbers_that_parquet_holds_as_text_are_told(silos):
    found = _propose(silos("a few ?", "a few ?", file="rows.parquet"))
    assert _types(found)["x"] == schema_pb2.BYTES
    assert "found numbers written as text in 2 of 2 silos" in found.notes[0]


def test_marks_among_numbers_are_asked_for_with_their_name(silos):
    with pytest.raises(SettingsError) as caught:
        _propose(silos("a few ?", "a few ?"))
    assert "found marks such as ? or n/a in 7 of 60 values" in caught.value.message
    assert caught.value.hint.endswith("--null '?'")
