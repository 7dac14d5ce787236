"""Run ids are unique; what ends a run is told in a sentence, with TFX's launcher."""

from __future__ import annotations

import errno
import itertools
import os
import pathlib
import signal
import sys
from typing import Any, ClassVar

import apache_beam as beam
import pytest
import typer
from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline
from tfx.types import component_spec

from components import artifacts
from components.beam import IN_MEMORY
from components.drivers import PropertyDriver
from components.errors import FairSiloError, SettingsError
from components.executors import TaskExecutor
from components.payloads.silo import Silo
from components.silos import engine, tasks
from pipelines import faults
from pipelines.cli import console
from pipelines.runners import local
from tests.support.at_once import at_once
from tests.support.silos import CANARY


def test_runs_that_start_in_one_second_have_names_of_their_own(tmp_path):
    runs = tmp_path / "not there yet" / "runs"
    names = [*itertools.chain(*at_once(lambda _: local.new_run_id(runs, "1"), 2))]
    assert len({*names}) == 4
    assert all(name.endswith("-1") for name in names)
    assert {path.name for path in runs.iterdir()} == {*names}
    assert not local.new_run_id(runs, "").endswith("-")


@pytest.mark.parametrize(
    "span", ["../2013-11", "/2013-11", "a\0b", "\udcff", "x" * 201]
)
def test_a_span_leads_out_of_no_folder(tmp_path, span):
    with pytest.raises(
        SettingsError, match=r"--span: found .* expected a span such as"
    ):
        local.new_run_id(tmp_path, span)


def probe(silo, arguments):
    """A silo task that fails, with a value in its text."""
    raise KeyError(CANARY)


def interrupt(_):
    os.kill(os.getpid(), signal.SIGINT)


class Swallows:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)  # Python drops what is raised in here


def fail(how):
    if how == "task":
        list(
            engine.run(
                tasks.Task("probe", probe), [(Silo("north", "/homes/north"), {})]
            )
        )
    elif how == "interrupt":
        with beam.Pipeline(argv=list(IN_MEMORY)) as pipeline:
            _ = pipeline | beam.Create([1]) | beam.Map(interrupt)
    elif how == "full":
        raise OSError(errno.ENOSPC, CANARY, "/data/page.html")
    elif how == "bug":
        raise KeyError(CANARY)
    elif how == "swallowed":
        Swallows()
    elif how == "ours":
        raise FairSiloError("the schema is gone", "bring it back")


class Failing(TaskExecutor):
    """Fails as its property says."""

    def run(self, _, __, exec_properties):
        fail(exec_properties["how"])


class FailingSpec(types.ComponentSpec):  # type: ignore[misc]
    PARAMETERS: ClassVar[dict[str, Any]] = {
        "how": component_spec.ExecutionParameter(type=str)
    }
    INPUTS: ClassVar[dict[str, Any]] = {}
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "made": component_spec.ChannelParameter(type=artifacts.FeatureSpec)
    }


class Node(base_component.BaseComponent):  # type: ignore[misc]
    SPEC_CLASS = FailingSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Failing)
    DRIVER_CLASS = PropertyDriver

    def __init__(self, how):
        made = types.Channel(type=artifacts.FeatureSpec)
        super().__init__(FailingSpec(how=how, made=made))


@pytest.fixture
def log(tmp_path):
    return tmp_path / "runs" / "1" / "log.txt"


@pytest.fixture
def run(tmp_path, log):
    def run(*how):
        nodes = [Node(one).with_id(one) for one in how]
        started: list[str] = []
        pipeline = Pipeline(
            "shapes",
            str(tmp_path / "root"),
            components=nodes,
            metadata_connection_config=metadata.sqlite_metadata_connection_config(
                str(tmp_path / "metadata.sqlite")
            ),
        )
        before = [*sys.argv]
        try:
            local.run(pipeline, "1", started.append, log)
        finally:
            assert started == [how[0]]
            assert sys.argv == before

    return run


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("full", "/data/page.html: no space left on the volume"),
        ("bug", "FairSilo failed with KeyError in executors.py:"),
        ("ours", "the schema is gone"),
    ],
)
@pytest.mark.beam
def test_what_ends_a_run_is_a_sentence(run, how, told):
    with pytest.raises(FairSiloError) as caught:
        run(how)
    assert caught.value.message.startswith(told)
    assert CANARY not in str(caught.value)


@pytest.mark.beam
def test_a_bugs_traceback_is_in_the_runs_log_once_and_nowhere_else(run, log, capfd):
    with pytest.raises(FairSiloError) as caught:
        run("bug")
    assert f"with the traceback in {log};" in caught.value.hint
    text = log.read_text()
    assert text.count("in fail\n") == text.count("builtins.KeyError") == 1
    assert CANARY not in text
    assert "in fail" not in "".join(capfd.readouterr())


@pytest.mark.beam
def test_a_task_that_failed_is_in_the_log_with_its_traceback(run, log):
    run("task")
    text = log.read_text()
    assert "task=probe silo=north: silo `north`: probe: FairSilo failed with" in text
    assert text.count("in probe\n") == text.count("builtins.KeyError") == 1
    assert "the next run repeats this node" in text
    assert CANARY not in text


@pytest.mark.beam
def test_a_run_without_anything_to_say_has_no_log(run, log):
    run("nothing")
    assert not log.exists()


@pytest.mark.beam
def test_ctrl_c_inside_a_beam_step_stops_the_command_with_status_130(run, capfd):
    with pytest.raises(typer.Exit) as caught, console.engines():
        run("interrupt")
    assert caught.value.exit_code == 130
    told = capfd.readouterr().err
    assert "stopped: run the same command again to go on from here" in told
    assert "Traceback" not in told
    assert "KeyboardInterrupt" not in told


@pytest.mark.beam
def test_the_log_may_not_be_writable(run, log):
    log.parent.parent.mkdir()
    log.parent.write_text("in the way")
    with pytest.raises(FairSiloError, match="FairSilo failed with KeyError"):
        run("bug")
    assert pathlib.Path(log.parent).read_text() == "in the way"


@pytest.mark.beam
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_that_a_callback_swallowed_ends_the_run_before_its_next_node(run):
    with faults.interruptible(), pytest.raises(KeyboardInterrupt):
        run("swallowed", "zero")
