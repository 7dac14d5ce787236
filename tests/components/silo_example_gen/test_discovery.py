"""Silos, their files and the spans of a run."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from components.errors import SettingsError
from components.silo_example_gen import discovery
from components.silo_example_gen.discovery import SCORE, Found, Window
from components.silos.silo import Silo
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
    ],
)
def test_a_span_that_can_not_be_run_is_refused(span, purpose, told):
    with pytest.raises(SettingsError, match=told):
        discovery.window([found(*SPANS)], source(), span, purpose)


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
    assert "would leave its parent folder" in errors["a\\..\\b"]
    assert "control or invisible" in errors["tab\there"]
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


@pytest.mark.parametrize("make", [False, True])
def test_a_root_without_silos_is_refused(tmp_path, make):
    root = tmp_path / "data"
    if make:
        root.mkdir()
    with pytest.raises(SettingsError, match=r"silos\.root is"):
        discovery.discover(silos.source(root), str(tmp_path / "homes"))


@pytest.mark.beam
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_unreadable_folder_is_an_entry_and_others_go_on(tmp_path):
    silos.federation(tmp_path / "data", span="1")
    closed = tmp_path / "data" / "west"
    closed.chmod(0o700)
    shutil.chown(tmp_path, 65534)
    for parent in [tmp_path, *list(tmp_path.parents)[:3]]:
        if parent != pathlib.Path("/tmp"):  # noqa: S108  pytest's own folders
            parent.chmod(parent.stat().st_mode | 0o055)
    code = (
        "import os, sys, pathlib\n"
        "import apache_beam, pydantic, pyarrow.csv, pyarrow.parquet, numpy\n"
        "from components.silo_example_gen import discovery, ingest\n"
        "from tests.support import silos\n"
        "os.setgid(65534); os.setuid(65534)\n"
        f"root = pathlib.Path({str(tmp_path)!r})\n"
        "found = discovery.discover(silos.source(root / 'data'), str(root / 'h'))\n"
        "print([[f.silo.id, len(f.files), f.error] for f in found])\n"
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
    assert "['north', 1, '']" in listed
    assert "can't be read (Permission denied)" in listed
