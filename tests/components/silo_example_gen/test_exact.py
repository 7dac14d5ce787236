"""Over types, file formats and files: a row arrives exactly, or its file is named."""

import csv
import pathlib
import tempfile

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2

from components import digests
from components.errors import SiloError
from components.silo_example_gen import ingest
from components.silos import homes, split_files

KEYS = {
    "int64": (st.integers(-(2**63), 2**63 - 1), pa.int64()),
    "uint64": (st.integers(0, 2**64 - 1), pa.uint64()),
    "double": (st.integers(-(2**62), 2**62).map(float), pa.float64()),
    "text": (st.integers(0, 10**30).map("{:025d}".format), pa.string()),
}
FEATURES = {
    "truth": (st.booleans(), pa.bool_()),
    "whole": (st.integers(-(2**40), 2**40), pa.int64()),
    "number": (st.floats(-1e6, 1e6), pa.float64()),
    "words": (st.sampled_from(["yes", "no", "1,5", "007"]), pa.string()),
    "dates": (st.dates(), pa.date32()),
}


@st.composite
def files(draw):
    """Return some files, `(format, kind of keys, kind of feature, table)` each."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        key, feature = (
            draw(st.sampled_from([*KEYS])),
            draw(st.sampled_from([*FEATURES])),
        )
        rows = draw(st.integers(1, 6))
        of_key, of_feature = KEYS[key], FEATURES[feature]
        table = pa.table(
            {
                "id": pa.array(
                    draw(st.lists(of_key[0], min_size=rows, max_size=rows)), of_key[1]
                ),
                "x": pa.array(
                    draw(
                        st.lists(
                            st.none() | of_feature[0], min_size=rows, max_size=rows
                        )
                    ),
                    of_feature[1],
                ),
                "late": pa.array([number % 2] * rows),
            }
        )
        found.append((draw(st.sampled_from(["csv", "parquet"])), key, feature, table))
    return found


def as_meant(path, table, key, key_kind):
    """Return the rows as their owner reads them: keys as text, features as given."""
    keys = table["id"].to_pylist()
    if path.suffix == ".csv" and key_kind == "BYTES":  # as written, such as 1e+10
        keys = [row["id"] for row in csv.DictReader(path.open(encoding="utf-8"))]
    elif key == "double":
        keys = [int(value) for value in keys]
    return list(zip(map(str, keys), table["x"].to_pylist(), strict=True))


@pytest.mark.parametrize("kind", ["INT", "FLOAT", "BYTES"])
@pytest.mark.parametrize("key_kind", ["INT", "BYTES"])
@settings(max_examples=40, deadline=None)
@given(given_files=files())
def test_rows_arrive_exactly_or_their_file_is_named(kind, key_kind, given_files):
    schema = text_format.Parse(
        f'feature {{ name: "id" type: {key_kind} }} '
        f'feature {{ name: "x" type: {kind} }} feature {{ name: "late" type: INT }}',
        schema_pb2.Schema(),
    )
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        paths = []
        for number, (form, _, _, table) in enumerate(given_files):
            paths.append(root / f"{number}.{form}")
            if form == "csv":
                pyarrow.csv.write_csv(table, paths[-1])
            else:
                pq.write_table(table, paths[-1])
        arguments = {
            "rows": {"label": "late", "key": ["id"], "score": "all"},
            "schema": schema.SerializeToString().hex(),
            "code": "code",
            "history": [(str(path), digests.of_file(path)) for path in paths],
            "following": [],
        }
        silo = homes.open_home(root / "homes", "north")
        try:
            values = ingest.ingest(silo, arguments).values
        except SiloError as error:
            named = {path.name for path in paths if path.name in error.message}
            assert named == {path.name for path in paths}
            return
        read = {pathlib.Path(item["path"]).name for item in values["inputs"]}
        named = {item["sentence"].split(":")[0] for item in values["unreadable"]}
        assert read | named == {path.name for path in paths}
        assert not read & named
        written = [file["path"] for file in values["splits"]["score"]["files"]]
        arrived = split_files.read(written)
        expected = [
            row
            for path, (_, key, _, table) in zip(paths, given_files, strict=True)
            if path.name in read
            for row in as_meant(path, table, key, key_kind)
        ]
        keys = [str(value) for value in arrived["id"].to_pylist()]
        assert keys == [key for key, _ in expected]
        for value, (_, meant) in zip(arrived["x"].to_pylist(), expected, strict=True):
            if value is None or meant is None:
                assert value is None
                assert meant is None
            elif kind == "BYTES":
                assert isinstance(value, str)
            elif isinstance(meant, str):
                assert float(meant) == value
            else:
                assert value == meant
