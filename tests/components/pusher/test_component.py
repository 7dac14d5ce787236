"""The node in a TFX pipeline, driver and cache included."""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Callable

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.dsl.components.common import importer
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local import local_dag_runner
from tfx.types import standard_artifacts

from components.payloads import pushed_model
from components.pusher import driver, executor, service
from components.pusher.component import Pusher, PusherSpec
from tests.support.silos import properties_of


def test_parameters_are_what_executor_and_driver_read_and_what_decides_the_key():
    read = properties_of(executor)[0] | properties_of(driver)[0]
    assert read == {"push_destination", "newer"}
    assert set(PusherSpec.PARAMETERS) == read | {"code", "stale_push_ids"}


class Federation:
    """Runs the node again and again over one ML Metadata and one folder."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.connection = metadata.sqlite_metadata_connection_config(
            str(folder / "m.sqlite")
        )

    def run(self, span: str, blessed: int = 1, model: str = "") -> str:
        """Run it for a span and return what is in service then."""
        name = model or span
        folder = self.folder / "model" / name
        saved = folder / "Format-Serving"
        if not saved.exists():
            (saved / "variables").mkdir(parents=True)
            (saved / "saved_model.pb").write_text(name)
            (saved / "variables" / "data").write_text(f"weights of {name}")
        told = {
            "blessed": blessed,
            "use_case": "flights",
            "span": span,
            "model_uri": str(folder),
            "model_digest": f"digest of {name}",
        }
        given = importer.Importer(str(folder), standard_artifacts.Model).with_id("m")
        blessing = importer.Importer(
            str(self.folder / "blessing" / name),
            standard_artifacts.ModelBlessing,
            custom_properties=told,
        ).with_id("b")
        pusher = Pusher(
            model=given.outputs["result"],
            blessing=blessing.outputs["result"],
            destination=str(self.folder / "serving"),
        )
        local_dag_runner.LocalDagRunner().run(
            pipeline.Pipeline(
                pipeline_name="pushing",
                pipeline_root=str(self.folder / "pipeline"),
                components=[given, blessing, pusher],
                metadata_connection_config=self.connection,
                enable_cache=True,
            )
        )
        return self.in_service

    @property
    def in_service(self) -> str:
        """The model that a server would take; empty for none or a broken one."""
        served = service.current(self.folder / "serving")
        return served.digest.removeprefix("digest of ") if served else ""

    def last(self) -> tuple[str, bool, str]:
        """Return how the last execution ended, whether it pushed, or why not."""
        with metadata.Metadata(self.connection) as connection:
            store = connection.store
            (*_, execution) = store.get_executions_by_type(
                "components.pusher.component.Pusher"
            )
            events = store.get_events_by_execution_ids([execution.id])
            (output,) = [e for e in events if e.type == mlmd.Event.OUTPUT]
            (pushed,) = store.get_artifacts_by_id([output.artifact_id])
        name = mlmd.Execution.State.Name(execution.last_known_state)
        return (
            name,
            pushed_model.is_pushed(pushed.uri),
            pushed_model.why_held_back(pushed.uri),
        )

    @property
    def versions(self) -> list[str]:
        """What all versions hold, in the order in which they were pushed."""
        folders = (self.folder / "serving").iterdir()
        return [
            (path / "saved_model.pb").read_text()
            for path in sorted(folders, key=lambda path: int(path.name))
        ]


@pytest.fixture
def federation(tmp_path):
    return Federation(tmp_path)


HELD_BACK = "blessed; not put into service: the model of 2013-11 is newer"


@pytest.mark.beam
def test_a_backfill_never_replaces_the_model_in_service(federation):
    assert federation.run("2013-9") == "2013-9"
    assert federation.run("2013-11") == "2013-11"
    assert federation.run("2013-10") == "2013-11"
    assert federation.last() == ("COMPLETE", False, HELD_BACK)
    # Nor does one that went into service once, and is in the cache.
    assert federation.run("2013-9") == "2013-11"
    assert federation.last() == ("COMPLETE", False, HELD_BACK)
    assert federation.run("2013-9") == "2013-11"
    assert federation.last() == ("CACHED", False, HELD_BACK)
    assert federation.run("2013-12", blessed=0) == "2013-11"
    assert federation.run("2013-11") == "2013-11"
    assert federation.last() == ("CACHED", True, ""), "a refused model is not newer"
    assert federation.run("2014-1") == "2014-1"
    assert federation.run("", model="no span") == "no span", "it has no order"
    assert federation.versions == ["2013-9", "2013-11", "2014-1", "no span"]


@pytest.mark.beam
def test_of_one_span_the_model_that_was_blessed_last_is_in_service(federation):
    for model in "ABABBA":
        assert federation.run("2013-9", model=model) == model
        assert federation.last()[1:] == (True, "")
    assert federation.versions == list("ABABA"), "one that serves is not pushed again"
    assert federation.run("2013-9", model="A") == "A"
    assert federation.last() == ("CACHED", True, "")


DAMAGES: dict[str, Callable[[pathlib.Path], object]] = {
    "serving": shutil.rmtree,
    "serving/*": shutil.rmtree,
    "serving/*/saved_model.pb": pathlib.Path.unlink,
    "serving/*/variables/data": pathlib.Path.unlink,
    "serving/*/assets.extra/fairsilo.json": pathlib.Path.unlink,
    "serving/*/variables/*": lambda path: path.write_text(""),
}


@pytest.mark.beam
@pytest.mark.parametrize("pattern", DAMAGES)
def test_a_model_that_was_deleted_in_part_goes_into_service_again(federation, pattern):
    federation.run("2013-9")
    assert federation.run("2013-9") == "2013-9"
    assert federation.last() == ("CACHED", True, "")
    for _ in range(2):  # the same deletion twice must not hit the first repair
        for path in list(federation.folder.glob(pattern)):
            DAMAGES[pattern](path)
        assert federation.in_service == ""
        assert federation.run("2013-9") == "2013-9"
        assert federation.last() == ("COMPLETE", True, "")
        federation.run("2013-9")
        assert federation.last() == ("CACHED", True, "")
