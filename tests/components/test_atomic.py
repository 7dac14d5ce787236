"""What is written whole: never seen half, and nothing is left of an attempt."""

import pytest

from components import atomic


def test_a_reader_sees_the_old_text_or_the_new_and_an_error_changes_nothing(tmp_path):
    path = tmp_path / "new" / "file"
    for text in ("one", "two" * 50_000):
        with atomic.written(path) as unfinished:
            unfinished.write_text(text)
    with path.open() as before:
        with atomic.written(path) as unfinished:
            unfinished.write_text("three")
        assert before.read() == text
    with pytest.raises(KeyError), atomic.written(path) as unfinished:  # noqa: PT012
        unfinished.write_text("four")
        raise KeyError
    assert [one.read_text() for one in path.parent.iterdir()] == ["three"]


def test_a_folder_takes_no_place_where_there_are_files(tmp_path):
    def write(name):
        with atomic.written(tmp_path / "folder") as unfinished:
            unfinished.mkdir()
            (unfinished / name).touch()

    write("one")
    with pytest.raises(OSError, match="not empty"):
        write("other")
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "one"]
