"""Silos, their files and the spans of a run."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from components.errors import SettingsError
from components.payloads import findings
from components.payloads.findings import Finding
from components.payloads.silo import Silo
from components.silo_example_gen import discovery
from components.silo_example_gen.discovery import SCORE, Found, Window
from tests.support import silos

SPANS = ["2013-1", "2013-2", "2013-9", "2013-10"]


def found(*spans, silo="north"):
    files = tuple({"span": s, "path": f"/{silo}/{s}", "digest": s} for s in spans)
    return Found(Silo(silo, f"/home/{silo}"), f"/{silo}", files)


def source(**row):
    row = {"score": "following_span", **row}
    return silos.source(pathlib.Path("/data"), "{silo}/{span}.parquet", **row)


def test_a_span_learns_from_those_before_it_and_scores_the_next():
    chosen = discovery.window([found(*SPANS)], source(), "2013-9")
    assert chosen == Window("2013-9", ("2013-1", "2013-2"), "2013-10")


def test_the_latest_span_is_the_last_that_has_one_after_it():
    split = [found("2013-1", "2013-10"), found("2013-2", "2013-9", silo="west")]
    assert discovery.window(split, source(), "latest").span == "2013-9"


def test_scoring_alone_takes_nothing_but_the_spans_own_rows():
    chosen = discovery.window([found(*SPANS)], source(), "2013-10", SCORE)
    assert chosen == Window("2013-10", (), "2013-10")


@pytest.mark.parametrize(
    ("span", "purpose", "told"),
    [
        ("2013-1", "train", "found no span before it to learn from; there are 2013-1"),
        ("2014-1", "score", "found no file of it; there are 2013-1 to 2013-10"),
        ("2013-11", "score", "found no file of it; there are 2013-1 to 2013-10"),
        ("2013-13", "train", "found no file of it; there are 2013-1 to 2013-10"),
        ("2013-12", "train", "found no file of it; there are 2013-1 to 2013-10"),
        ("2013-5", "train", "found no file of it; there are 2013-1 to 2013-10"),
        ("foo", "train", "found no file of it; there are 2013-1 to 2013-10"),
    ],
)
def test_a_span_that_can_not_be_run_is_refused(span, purpose, told):
    with pytest.raises(SettingsError, match=told):
        discovery.window([found(*SPANS)], source(), span, purpose)


def test_a_silo_that_writes_its_spans_unlike_the_others_is_refused(tmp_path):
    for silo, span in {"east": "2024-01", "north": "2024-1", "west": "202401"}.items():
        silos.write(tmp_path / "data", silo, f"{span}.csv", silos.rows(3))
    settings = silos.source(tmp_path / "data", "{silo}/{span}.csv")
    east, north, west = discovery.discover(settings, str(tmp_path / "homes"))
    assert (east.error, north.error) == (None, None)
    assert west.files == ()
    assert west.error.sentence == (
        "its files: found spans written #, expected #-# (# stands for a number), as in "
        "most silos: spans that are written differently have no order"
    )


def test_files_in_a_format_that_is_not_read_are_noted(tmp_path):
    silos.write(tmp_path / "data", "north", "1.csv", silos.rows(3))
    (tmp_path / "data/north/2.csv.gz").write_bytes(b"x")
    (north,) = discovery.discover(silos.source(tmp_path / "data"), str(tmp_path / "h"))
    assert findings.sentences(north.notes) == ("files that are not read: 2.csv.gz",)


@pytest.mark.parametrize(
    ("spans", "coming"), [(SPANS, "2013-11"), (["2013-11", "2013-12"], "2014-01")]
)
def test_the_coming_span_learns_from_all_and_has_nothing_to_score(spans, coming):
    chosen = discovery.window([found(*spans)], source(), coming)
    assert chosen == Window(coming, tuple(spans), "")


def test_a_span_without_files_is_refused_with_the_one_that_may_come():
    listed = [found("7", "8")]
    assert discovery.window(listed, source(), "9").history == ("7", "8")
    with pytest.raises(SettingsError) as caught:
        discovery.window(listed, source(), "10")
    assert caught.value.message == "span is '10': found no file of it; there are 7 to 8"
    assert caught.value.hint == (
        "choose another span with --span; 9, which directly follows them, needs none"
    )


def test_data_without_spans_has_one_window_and_knows_no_span():
    plain = silos.source(pathlib.Path("/data"))
    assert discovery.window([found("")], plain, "latest") == Window("", ("",), "")
    with pytest.raises(SettingsError, match=r"has no \{span\} in it"):
        discovery.window([found("")], plain, "2013-1")


@pytest.mark.beam
def test_silos_of_any_script_are_found_and_a_bad_name_is_an_entry(tmp_path):
    silos.federation(tmp_path / "data", span="1")
    for name in ("süd-銀行", "a\\..\\b", "tab\there", ".hidden"):
        (tmp_path / "data" / name).mkdir()
    listed = discovery.discover(silos.source(tmp_path / "data"), str(tmp_path / "h"))
    errors = {item.silo.id: item.error for item in listed}
    assert sorted(n for n, e in errors.items() if not e) == [
        "north",
        "south",
        "süd-銀行",
        "west",
    ]
    assert "would leave its parent folder" in errors["a\\..\\b"].sentence
    assert errors["a\\..\\b"].hint == "rename the silo's folder"
    assert "control or invisible" in errors["tab\\there"].sentence
    assert ".hidden" not in errors


@pytest.mark.beam
def test_the_fingerprint_follows_the_bytes_of_what_is_read(tmp_path):
    silos.federation(tmp_path / "data", span="1")
    read = silos.source(tmp_path / "data")

    def take():
        listed = discovery.discover(read, str(tmp_path / "homes"))
        return discovery.fingerprint(listed, discovery.window(listed, read, ""))

    first = take()
    assert take() == first
    silos.write(tmp_path / "data", "west", "1.parquet", silos.rows(205, seed=9))
    assert take() != first


@pytest.mark.beam
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_unreadable_folder_or_file_is_told_and_others_go_on(tmp_path):
    silos.federation(tmp_path / "data", span="1")
    closed = tmp_path / "data" / "west"
    closed.chmod(0o700)
    (tmp_path / "data/south/1.csv").chmod(0o600)
    shutil.chown(tmp_path, 65534)
    for parent in [tmp_path, *list(tmp_path.parents)[:3]]:
        if parent != pathlib.Path("/tmp"):  # noqa: S108  pytest's own folders
            parent.chmod(parent.stat().st_mode | 0o055)
    code = (
        "import os, sys, pathlib\n"
        "import pydantic, pyarrow.csv, pyarrow.parquet, numpy\n"
        "from components.silo_example_gen import discovery, ingest\n"
        "from components.silos import engine\n"
        "from tests.support import engines, silos\n"
        "os.setgid(65534); os.setuid(65534)\n"
        f"root = pathlib.Path({str(tmp_path)!r})\n"
        "with engine.using(engines.in_process):\n"
        "    found = discovery.discover(silos.source(root/'data'), str(root/'h'))\n"
        "digests = {f.silo.id: [one['digest'] for one in f.files] for f in found}\n"
        "told = [[f.silo.id, len(f.files), f.error] for f in found]\n"
        "print(digests['south'], told)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=pathlib.Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr[-2000:]
    listed = done.stdout.strip().splitlines()[-1]
    assert "['north', 1, None]" in listed
    assert "['unreadable: Permission denied']" in listed
    assert "['south', 1, None]" in listed
    assert "can't be read (Permission denied)" in listed


@pytest.mark.parametrize("pattern", ["{silo}/{span}.csv", "{silo}/{span}/*.parquet"])
def test_nothing_follows_unless_the_settings_say_so(pattern):
    plain = silos.source(pathlib.Path("data"), pattern)
    assert discovery.window([found("1", "2", "3")], plain, "2").following == ""


@pytest.mark.parametrize(
    ("spans", "told"),
    [
        ([], "found no span before it to learn from; there are none at all"),
        (["1"], "span is '1': found no span before it"),
    ],
)
def test_too_few_spans_to_learn_from_are_refused(spans, told):
    with pytest.raises(SettingsError, match=told) as caught:
        discovery.window([found(*spans)], source(), "latest")
    assert caught.value.hint == "choose a later span with --span"


def digest(listed, chosen=None):
    return discovery.fingerprint(listed, chosen or Window("3", ("1", "2"), "4"))


def test_a_fingerprint_is_of_the_files_that_are_read_and_of_no_others():
    assert digest([found("1", "2", "9")]) == digest([found("1", "2")])
    assert digest([found("1", "2")]) != digest([found("1")])
    assert digest([found("1", "2", "4")]) != digest([found("1", "2")])
    assert digest([found("1")]) != digest([found("1")], Window("2", ("1",), ""))
    gone = Found(Silo("west", ""), "", error=Finding("its folder has gone"))
    assert digest([found("1"), gone]) != digest([found("1")])


def test_a_fingerprint_is_the_same_wherever_the_silos_folders_lie():
    def at(root):
        path = f"{root}/north/1.csv"
        files = ({"span": "1", "path": path, "digest": "1"},)
        return Found(Silo("north", "/home/north"), f"{root}/north", files)

    assert digest([at("/here")]) == digest([at("/moved/there")])


@pytest.mark.beam
def test_a_name_that_is_not_utf_8_gets_no_home_and_can_still_be_told(tmp_path):
    silos.federation(tmp_path / "data", span="1")
    for name in ("caf\udce9", "x" * 200):
        (tmp_path / "data" / name).mkdir()
    listed = discovery.discover(silos.source(tmp_path / "data"), str(tmp_path / "h"))
    errors = {item.silo.id: item.error.sentence for item in listed if item.error}
    assert "bytes that are not UTF-8" in errors["caf\\udce9"]
    assert "has 200 bytes" in errors["x" * 200]
    assert all(error.isprintable() for error in errors.values())
    assert {path.name for path in (tmp_path / "h").glob("[!.]*")} == {*silos.SIZES}
