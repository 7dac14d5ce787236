"""Over types, file formats and files: a row arrives exactly, or its file is named."""

import csv
import pathlib
import tempfile

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components import digests
from components.errors import SiloError
from components.silo_example_gen import ingest
from components.silos import homes, split_files
from tests.support import silos

KEYS = {
    "int64": (st.integers(-(2**63), 2**63 - 1), pa.int64()),
    "uint64": (st.integers(0, 2**64 - 1), pa.uint64()),
    "double": (st.integers(-(2**62), 2**62).map(float), pa.float64()),
    "text": (st.integers(0, 10**30).map("{:025d}".format), pa.string()),
}
FEATURES = [
    (st.booleans(), pa.bool_()),
    (st.integers(-(2**40), 2**40), pa.int64()),
    (st.floats(-1e6, 1e6), pa.float64()),
    (st.sampled_from(["yes", "no", "1,5", "007"]), pa.string()),
    (st.dates(), pa.date32()),
]


@st.composite
def file(draw):
    """Return a file as `(format, kind of keys, table)`."""
    rows, key = draw(st.integers(1, 6)), draw(st.sampled_from([*KEYS]))
    feature, kind = draw(st.sampled_from(FEATURES))

    def column(values, kind):
        return pa.array(draw(st.lists(values, min_size=rows, max_size=rows)), kind)

    columns = {"id": column(*KEYS[key]), "x": column(st.none() | feature, kind)}
    late = [draw(st.integers(0, 1))] * rows
    form = draw(st.sampled_from(["csv", "parquet"]))
    return form, key, pa.table({**columns, "late": late})


def as_meant(path, table, key, key_kind):
    """Return the rows as their owner reads them: keys as text, features as given."""
    keys = table["id"].to_pylist()
    if path.suffix == ".csv" and key_kind == "BYTES":  # as written, such as 1e+10
        keys = [row["id"] for row in csv.DictReader(path.open(encoding="utf-8"))]
    elif key == "double":
        keys = [int(value) for value in keys]
    return list(zip(map(str, keys), table["x"].to_pylist(), strict=True))


def is_as_meant(value, meant, kind):
    if value is None or meant is None:
        return value is meant
    if kind == "BYTES":
        return isinstance(value, str)
    return value == (float(meant) if isinstance(meant, str) else meant)


@pytest.mark.parametrize("kind", ["INT", "FLOAT", "BYTES"])
@pytest.mark.parametrize("key_kind", ["INT", "BYTES"])
@settings(max_examples=40, deadline=None)
@given(files=st.lists(file(), min_size=1, max_size=3))
def test_rows_arrive_exactly_or_their_file_is_named(kind, key_kind, files):
    schema = silos.schema(
        f'feature {{ name: "id" type: {key_kind} }} '
        f'feature {{ name: "x" type: {kind} }} feature {{ name: "late" type: INT }}'
    )
    with tempfile.TemporaryDirectory() as folder:
        given_rows = {}
        for number, (form, key, table) in enumerate(files):
            path = pathlib.Path(folder, f"{number}.{form}")
            write = pyarrow.csv.write_csv if form == "csv" else pq.write_table
            write(table, path)
            given_rows[path] = as_meant(path, table, key, key_kind)
        arguments = {
            "rows": {"label": "late", "key": ["id"], "score": "all"},
            "schema": schema.SerializeToString().hex(),
            "code": "code",
            "history": [(str(path), digests.of_file(path)) for path in given_rows],
            "following": [],
        }
        silo = homes.open_home(pathlib.Path(folder, "homes"), "north")
        values, message = None, ""
        try:
            values = ingest.ingest(silo, arguments).values
        except SiloError as error:
            message = error.message
        if values is None:
            assert all(path.name in message for path in given_rows)
            return
        read = {pathlib.Path(item["path"]) for item in values["inputs"]}
        named = {item["sentence"].split(":")[0] for item in values["unreadable"]}
        assert named == {path.name for path in given_rows.keys() - read}
        written = [one["path"] for one in values["splits"]["score"]["files"]]
        arrived = split_files.read(written).to_pydict()
        expected = [
            row for path in given_rows if path in read for row in given_rows[path]
        ]
        assert [str(value) for value in arrived["id"]] == [key for key, _ in expected]
        for value, (_, meant) in zip(arrived["x"], expected, strict=True):
            assert is_as_meant(value, meant, kind)
