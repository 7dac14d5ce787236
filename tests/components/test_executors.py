"""What TFX's cache gives again, and what it must not: with TFX's own launcher."""

from __future__ import annotations

import pathlib
from typing import Any, ClassVar

import pytest
from ml_metadata import MetadataStore
from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline
from tfx.orchestration.portable import data_types
from tfx.types import component_spec

from components import artifacts, temporary_faults
from components.drivers import PropertyDriver
from components.executors import TaskExecutor
from pipelines.runners import local
from pipelines.runners import metadata as stores

pytestmark = pytest.mark.beam


class Meets(TaskExecutor):
    """Notes the fault that a file names, if it is there; counts its runs in another."""

    def run(self, _, __, exec_properties):
        folder = pathlib.Path(exec_properties["folder"])
        with (folder / f"{exec_properties['name']}.runs").open("a") as file:
            file.write("run\n")
        if (folder / "fault").exists():
            temporary_faults.note("silo `north`: profile: out of memory")


class MeetsSpec(types.ComponentSpec):  # type: ignore[misc]
    PARAMETERS: ClassVar[dict[str, Any]] = {
        "folder": component_spec.ExecutionParameter(type=str),
        "name": component_spec.ExecutionParameter(type=str),
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        "before": component_spec.ChannelParameter(
            type=artifacts.FeatureSpec, optional=True
        )
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "after": component_spec.ChannelParameter(type=artifacts.FeatureSpec),
        "beside": component_spec.ChannelParameter(type=artifacts.Cohort),
    }


class Node(base_component.BaseComponent):  # type: ignore[misc]
    SPEC_CLASS = MeetsSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Meets)
    DRIVER_CLASS = PropertyDriver

    def __init__(self, folder, name, before=None):
        super().__init__(
            MeetsSpec(
                folder=str(folder),
                name=name,
                before=before,
                after=types.Channel(type=artifacts.FeatureSpec),
                beside=types.Channel(type=artifacts.Cohort),
            )
        )


@pytest.fixture
def run(tmp_path):
    """Return a function that runs two nodes and returns how often each has run."""
    count = iter(range(100))

    def run(names=("first", "second")):
        first = Node(tmp_path, names[0]).with_id("First")
        second = Node(tmp_path, names[1], first.outputs["after"]).with_id("Second")
        pipeline = Pipeline(
            "shapes",
            str(tmp_path / "root"),
            components=[first, second],
            enable_cache=True,
            metadata_connection_config=metadata.sqlite_metadata_connection_config(
                str(tmp_path / "metadata.sqlite")
            ),
        )
        local.run(pipeline, f"run-{next(count)}", lambda _: None, tmp_path / "log")
        texts = [(tmp_path / f"{name}.runs").read_text() for name in names]
        return [text.count("run") for text in texts]

    return run


def test_what_came_about_under_a_fault_is_repeated_until_it_did_not(
    run, tmp_path, caplog
):
    (tmp_path / "fault").touch()
    assert run() == [1, 1]
    assert "the next run repeats this node: silo `north`: profile: out" in caplog.text
    assert run() == [2, 2]
    (tmp_path / "fault").unlink()
    assert run() == [3, 3]
    assert run() == [3, 3], "what is whole is given by the cache"
    (tmp_path / "fault").touch()
    assert run() == [3, 3], "nothing ran, so nothing was met"


def test_a_fault_costs_no_other_inputs_their_cache(run, tmp_path):
    assert run() == [1, 1]
    (tmp_path / "fault").touch()
    assert run(("other", "thing")) == [1, 1]
    (tmp_path / "fault").unlink()
    assert run() == [1, 1]
    assert run(("other", "thing")) == [2, 2]


class Adds(PropertyDriver):
    def added(self, execution_info, store):
        assert isinstance(store, MetadataStore)
        return {"text": execution_info.exec_properties["seen"] + "!", "number": 3}


@pytest.fixture
def connection(store_url):
    stores.wait(store_url, 60, print)
    return metadata.Metadata(stores.connection(store_url))


def drive(connection, seen, number=1):
    artifact = artifacts.Cohort()
    artifact.id = number
    info = data_types.ExecutionInfo(
        input_dict={"cohort": [artifact]}, exec_properties={"seen": seen}
    )
    return Adds(connection).run(info).exec_properties


def test_added_properties_reach_tfx_with_their_types(connection):
    output = drive(connection, "a")
    assert set(output) == {"text", "number", "attempt"}
    assert output["text"].string_value == "a!"
    assert output["number"].int_value == 3


def test_only_the_attempt_that_was_marked_gets_another_number(connection):
    def mark(*attempts):
        with connection as opened:
            for attempt in attempts:
                made = artifacts.Cohort()
                made.set_string_custom_property("attempt", attempt)
                made.type_id = opened.store.put_artifact_type(made.artifact_type)
                opened.store.put_artifacts([made.mlmd_artifact])

    def attempt(*key):
        return drive(connection, *key)["attempt"].string_value

    first, other, third = attempt("a"), attempt("b"), attempt("a", 2)
    assert len({first, other, third}) == 3
    assert attempt("a") == first
    mark(first, third)
    second = attempt("a")
    assert second == first.removesuffix("/0") + "/1"
    assert attempt("b") == other
    mark(second, second)
    assert attempt("a") == first.removesuffix("/0") + "/2"
    assert attempt("a", 2) == third.removesuffix("/0") + "/1"
