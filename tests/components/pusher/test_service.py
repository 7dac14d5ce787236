"""The folder that a model server reads."""

import pathlib
import time

import pytest

from components.pusher import service
from components.pusher.service import Served


@pytest.fixture
def model(tmp_path) -> pathlib.Path:
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "data").write_bytes(b"weights")
    return folder


def test_each_version_is_higher_than_all_before_whatever_the_clock_says(
    model, tmp_path
):
    serving = tmp_path / "serving"
    assert service.current(serving) is None
    first = service.put(model, serving, "a", "2013-9")
    second = service.put(model, serving, "b", "2013-9")
    assert int(second.name) > int(first.name)
    ahead = int(time.time()) + 10**6
    (serving / str(ahead)).mkdir()
    third = service.put(model, serving, "c", "")
    assert int(third.name) == ahead + 1
    assert service.current(serving) == Served(ahead + 1, "c", "")


def test_a_version_holds_the_model_and_the_folder_nothing_unfinished(model, tmp_path):
    version = service.put(model, tmp_path / "serving", "a", "2013 十一")
    assert (version / "saved_model.pb").read_bytes() == b"graph"
    assert (version / "variables" / "data").read_bytes() == b"weights"
    assert [path.name for path in version.parent.iterdir()] == [version.name]
    assert service.current(version.parent) == Served(
        int(version.name), "a", "2013 十一"
    )


def test_a_push_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(FileNotFoundError):
        service.put(tmp_path / "gone", tmp_path / "serving", "a", "")
    assert service.current(tmp_path / "serving") is None
    assert list(tmp_path.glob("serving/*")) == []


def test_what_others_put_there_is_in_service_but_of_no_known_model(model, tmp_path):
    serving = tmp_path / "serving"
    service.put(model, serving, "a", "2013-9")
    (serving / "9999999999").mkdir()
    (serving / "notes").mkdir()
    (serving / "10000000000").write_text("a file is no version")
    assert service.current(serving) == Served(9_999_999_999)
