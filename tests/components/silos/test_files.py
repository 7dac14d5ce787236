"""A file's digest is taken once, and again whenever it may have changed; what nobody
has touched for days is cleared away, and nothing else."""

import os
import time

import pytest

from components import digests
from components.silos import homes, stale_files
from components.silos.file_digests import FileDigests
from tests.support.at_once import age


@pytest.fixture
def silo(tmp_path):
    return homes.open_home(tmp_path / "homes", "north")


@pytest.fixture
def path(tmp_path, monkeypatch):
    found = tmp_path / "rows.csv"
    found.write_bytes(b"abc")
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)  # so that it has settled
    return found


@pytest.fixture
def reads(monkeypatch):
    found, read = [], digests.of_file

    def noted(path):
        found.append(path)
        return read(path)

    monkeypatch.setattr(digests, "of_file", noted)
    return found


def take(silo, path):
    known = FileDigests(silo, "inputs")
    digest = known.of(path)
    known.save()
    return digest


def test_a_file_that_stays_as_it_is_is_read_once(silo, path, reads):
    assert take(silo, path) == take(silo, path) == digests.of_bytes(b"abc")
    assert reads == [path]


@pytest.mark.parametrize("change", ["content", "same size and time", "other file"])
def test_a_file_that_changed_is_read_again(silo, path, change):
    take(silo, path)
    before = path.stat()
    if change == "other file":
        path.unlink()
    path.write_bytes(b"abcd" if change == "content" else b"xyz")
    if change == "same size and time":
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert take(silo, path) == digests.of_file(path)


def test_a_file_that_changed_a_moment_ago_is_read_again(silo, path, reads, monkeypatch):
    now = path.stat().st_ctime + 1
    monkeypatch.setattr(time, "time", lambda: now)
    take(silo, path)
    take(silo, path)
    assert reads == [path, path]


@pytest.mark.parametrize("damage", ["", "{", "[]"])
def test_a_damaged_list_is_no_list(silo, path, damage):
    take(silo, path)
    silo.path(".digests", "inputs.json").write_text(damage)
    assert take(silo, path) == digests.of_bytes(b"abc")


def test_only_what_is_old_goes_and_what_a_link_leads_to_stays(tmp_path):
    for name, days in (("old", 0.1), ("new", -0.1), ("kept", -1)):
        (tmp_path / name / "below").mkdir(parents=True)
        (tmp_path / name / "below/rows").write_text("rows")
        (tmp_path / f"{name}.tmp").write_text("rows")
        for path in (tmp_path / name, tmp_path / f"{name}.tmp"):
            age(path, stale_files.MAX_AGE_DAYS + days)
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    age(tmp_path / "link", 100)
    assert stale_files.remove([*tmp_path.iterdir(), tmp_path / "gone"]) == 2
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["kept", "kept.tmp", "link", "new", "new.tmp"]
