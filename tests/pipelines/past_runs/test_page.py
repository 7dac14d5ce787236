"""Pages of files and of a store are read alike, and written only where they differ."""

import os

import pytest

from pipelines.past_runs.page import LocalPage, StoredPage

HTML = "<h1>Süd-東京</h1>".encode()


@pytest.fixture(params=["file", "store"])
def page(request, tmp_path):
    if request.param == "store":
        return StoredPage(HTML)
    path = tmp_path / "page.html"
    path.write_bytes(HTML)
    return LocalPage(path)


def test_a_page_is_read(page):
    assert page.read() == HTML


def test_a_page_is_written_into_folders_that_were_not_there(page, tmp_path):
    target = tmp_path / "far" / "away" / "page.html"
    page.write(target)
    assert target.read_bytes() == HTML


def test_a_page_is_not_written_again(page, tmp_path):
    target = tmp_path / "copy.html"
    page.write(target)
    before = target.stat()
    page.write(target)
    after = target.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_file_that_holds_another_page_is_written_over(page, tmp_path):
    target = tmp_path / "copy.html"
    target.write_bytes(b"x" * len(HTML))
    page.write(target)
    assert target.read_bytes() == HTML


def test_only_a_page_of_this_machine_has_a_file(tmp_path):
    assert LocalPage(tmp_path / "page.html").file == tmp_path / "page.html"
    assert StoredPage(HTML).file is None


def test_a_copy_keeps_the_time_of_its_original(tmp_path):
    original, copy = tmp_path / "page.html", tmp_path / "copy.html"
    original.write_bytes(HTML)
    os.utime(original, ns=(1_000, 2_000))
    LocalPage(original).write(copy)
    assert copy.stat().st_mtime_ns == 2_000
