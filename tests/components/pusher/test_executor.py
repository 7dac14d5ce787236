"""What is pushed, and what is held back."""

from __future__ import annotations

import pytest
from tfx.types import standard_artifacts

from components.payloads import pushed_model
from components.pusher import service
from components.pusher.executor import Executor


@pytest.fixture
def push(tmp_path):
    def push():
        model = standard_artifacts.Model()
        model.uri = str(tmp_path / "model")
        saved = tmp_path / "model" / "Format-Serving" / "saved_model.pb"
        saved.parent.mkdir(parents=True)
        saved.write_bytes(b"model")
        blessing = standard_artifacts.ModelBlessing()
        blessing.set_int_custom_property("blessed", 1)
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
                "newer": "",
            },
        )
        assert not pushed.get_int_custom_property("pushed")
        served = [path.read_bytes() for path in tmp_path.glob("serving/*/*.pb")]
        return served, pushed_model.why_held_back(pushed.uri)

    return push


def test_a_later_model_that_another_run_pushed_meanwhile_stays(push, tmp_path, caplog):
    caplog.set_level("INFO")
    other = tmp_path / "other"
    other.mkdir()
    (other / "saved_model.pb").write_bytes(b"later")
    service.put(other, tmp_path / "serving", "another digest", "2013-11")
    told = "blessed; not put into service: the model of 2013-11 is newer"
    assert push() == ([b"later"], told)
    assert told in caplog.messages
