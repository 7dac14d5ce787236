"""`fairsilo predictions` over pointers and files made by hand."""

import json
import os
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from components import digests
from components.payloads.predictions import Part, Predictions
from pipelines.cli.main import app
from tests.support.program import project

SILOS = {"AA": 3, "F9 [x]": 5}
AT = 1_700_000_000


def write(folder: pathlib.Path, silo: str, span: str, rows: int) -> Predictions:
    """Write a part with one dead letter, a file that nobody lists, and a pointer."""
    work = digests.of_bytes(f"{silo} {span}".encode())
    name = f"{work[:32]}.parquet"
    for kind, column in (("parts", [0.5] * rows), ("dead-letters", ["why"])):
        (folder / kind).mkdir(parents=True)
        made = pa.table({"x": column}).replace_schema_metadata({"fairsilo.work": work})
        pq.write_table(made, folder / kind / name)
    (folder / "parts" / "other.parquet").write_bytes(b"of a run that was ended")
    data = (folder / "parts" / name).read_bytes()
    part = Part(name, "in", "t", rows, 1, len(data), digests.of_bytes(data))
    found = Predictions(silo, span, "d" * 64, "personal", parts=(part,))
    found.write(folder)
    os.utime(folder / Predictions.FILE_NAME, (AT, AT))
    return found


@pytest.fixture
def homes(tmp_path, monkeypatch):
    project(tmp_path)
    monkeypatch.chdir(tmp_path)
    homes = tmp_path / "build" / "flights" / "silos"
    for silo, rows in SILOS.items():
        for span in ("2013-10", "2013-11"):
            write(homes / silo / "predictions" / f"span={span}", silo, span, rows)
    (homes / "US").mkdir()  # without predictions
    (homes / ".user-ids.lock").touch()
    return homes


def run(command, *more):
    return CliRunner().invoke(app, ["predictions", command, "flights", *more])


def test_all_silos_and_spans_are_listed(homes):
    done = run("list", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [(one["silo"], one["span"], one["rows"]) for one in found] == [
        ("AA", "2013-10", 3),
        ("AA", "2013-11", 3),
        ("F9 [x]", "2013-10", 5),
        ("F9 [x]", "2013-11", 5),
    ]
    folder = homes / "AA" / "predictions" / "span=2013-10"
    (size,) = (it.stat().st_size for it in parts(folder))
    assert found[0] == {
        "silo": "AA",
        "span": "2013-10",
        "rows": 3,
        "dead_letters": 1,
        "served": "personal",
        "model": "d" * 64,
        "published": "2023-11-14T22:13:20+00:00",
        "parts": 1,
        "bytes": size,
        "folder": str(folder),
    }
    text = run("list", "--span", "2013-11").stdout
    heading, *lines = text.splitlines()
    assert heading.split()[:4] == ["silo", "span", "rows", "dead_letters"]
    assert [line.split()[0] for line in lines] == ["AA", "F9"]
    assert "F9 [x]" in text
    assert " dddddddddddd " in text


def parts(folder: pathlib.Path) -> list[pathlib.Path]:
    """Return the files of predictions that the pointer lists."""
    return [path for path in folder.glob("parts/*") if path.stem != "other"]


def test_files_are_checked_and_those_that_nobody_lists_are_no_fault(homes):
    done = run("verify", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {
        "pointers": 4,
        "parts": 4,
        "rows": 16,
        "dead_letters": 4,
        "unlisted": 4,
        "faults": [],
    }
    assert run("verify").stdout == (
        "0 faults: 4 pointers, 4 parts, 16 rows, 4 dead letters, 4 unlisted\n"
    )


def test_what_is_damaged_is_named_and_the_rest_is_checked(homes):
    folder = homes / "F9 [x]" / "predictions" / "span=2013-10"
    (part,) = parts(folder)
    part.write_bytes(part.read_bytes().replace(b"PAR1", b"PAR2"))
    pointer = homes / "AA" / "predictions" / "span=2013-10" / Predictions.FILE_NAME
    pointer.write_text("{")
    done = run("verify")
    assert done.exit_code == 1
    first, second, last = done.stdout.splitlines()
    assert first.startswith(f"silo `AA`: {pointer}: found a file that is cut")
    assert second.startswith(f"silo `F9 [x]`: {part}: found ")
    assert last.startswith("2 faults: 3 pointers, 3 parts, 13 rows")
    assert "fairsilo predict flights" in done.stderr
    assert run("verify", "--silo", "AA", "--span", "2013-11").exit_code == 0
    listed = run("list", "--json")
    assert (listed.exit_code, len(json.loads(listed.stdout))) == (1, 3)
    assert f"silo `AA`: {pointer}" in listed.stderr


def test_predictions_are_sought_where_the_settings_send_them(homes, tmp_path):
    write(tmp_path / "out" / "US" / "span=all", "US", "", 2)
    where = f"inference.output={tmp_path}/out/{{silo}}/"
    (only,) = json.loads(run("list", "--json", "--set", where).stdout)
    assert (only["silo"], only["span"], only["rows"]) == ("US", "", 2)
    assert only["folder"] == f"{tmp_path}/out/US/span=all"


def test_without_predictions_it_is_said_what_makes_some(homes):
    none = run("list", "--span", "2014-01", "--json")
    assert (none.exit_code, json.loads(none.stdout)) == (0, [])
    assert "`fairsilo predict flights` makes some" in none.stderr
    refused = run("verify", "--silo", "US")
    assert "found no predictions" in str(refused.exception)
    unknown = run("verify", "--silo", "nobody")
    assert "expected one of AA, F9 [x], US" in str(unknown.exception)
