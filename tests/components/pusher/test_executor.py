"""What is pushed, and what is held back."""

from __future__ import annotations

import pytest
from tfx.types import standard_artifacts

from components.payloads import pushed_model
from components.pusher import service
from components.pusher.executor import Executor


@pytest.fixture
def push(tmp_path):
    def push(newer, blessed=1):
        model = standard_artifacts.Model()
        model.uri = str(tmp_path / "model")
        saved = tmp_path / "model" / "Format-Serving" / "saved_model.pb"
        saved.parent.mkdir(parents=True)
        saved.write_bytes(b"model")
        blessing = standard_artifacts.ModelBlessing()
        blessing.set_int_custom_property("blessed", blessed)
        blessing.set_string_custom_property("span", "2013-10")
        blessing.set_string_custom_property("model_digest", "digest")
        pushed = standard_artifacts.PushedModel()
        pushed.uri = str(tmp_path / "pushed")
        (tmp_path / "pushed").mkdir()
        Executor().Do(
            {"model": [model], "model_blessing": [blessing]},
            {"pushed_model": [pushed]},
            {
                "push_destination": '{"filesystem": {"base_directory": '
                f'"{tmp_path}/serving"}}}}',
                "newer": newer,
            },
        )
        assert pushed.get_int_custom_property("pushed") == pushed_model.is_pushed(
            pushed.uri
        )
        served = [path.read_bytes() for path in tmp_path.glob("serving/*/*.pb")]
        return served, pushed_model.why_held_back(pushed.uri)

    return push


def test_a_blessed_model_is_pushed(push):
    assert push(newer="") == ([b"model"], "")


def test_a_later_model_that_another_run_pushed_meanwhile_stays(push, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "saved_model.pb").write_bytes(b"later")
    service.put(other, tmp_path / "serving", "another digest", "2013-11")
    told = "blessed; not put into service: the model of 2013-11 is newer"
    assert push(newer="") == ([b"later"], told)


def test_a_model_that_a_newer_one_has_overtaken_is_held_back_and_told(push, caplog):
    caplog.set_level("INFO")
    told = "blessed; not put into service: the model of 2013-11 is newer"
    assert push(newer="2013-11") == ([], told)
    assert told in caplog.messages


@pytest.mark.parametrize("newer", ["", "2013-11"])
def test_a_refused_model_is_not_pushed_and_was_not_held_back(push, newer):
    assert push(newer, blessed=0) == ([], "")
