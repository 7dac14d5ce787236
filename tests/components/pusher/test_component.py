"""The node in a TFX pipeline, driver and cache included."""

from __future__ import annotations

import pytest
from tfx.dsl.components.common import importer
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local import local_dag_runner
from tfx.types import channel, standard_artifacts

from components.pusher import executor
from components.pusher.component import Pusher, PusherSpec
from tests.support.silos import properties_of

SERVED = "serving/*/saved_model.pb"


def test_parameters_are_tfx_s_and_what_the_driver_adds():
    node = Pusher(
        model=channel.Channel(type=standard_artifacts.Model),
        blessing=channel.Channel(type=standard_artifacts.ModelBlessing),
        destination="/serving",
    )
    assert node.id == "Pusher"
    assert set(node.exec_properties) == {"push_destination"}
    assert properties_of(executor)[0] == {"newer"}
    assert PusherSpec.PARAMETERS["newer"].optional


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the node for a span and return what lies in service, oldest first."""
    clock = iter(range(1_700_000_000, 1_800_000_000))
    monkeypatch.setattr("time.time", lambda: next(clock))  # versions are seconds

    def run(span, blessed=1):
        folder = tmp_path / "model" / span
        saved = folder / "Format-Serving" / "saved_model.pb"
        saved.parent.mkdir(parents=True, exist_ok=True)
        saved.write_text(span)
        told = {
            "blessed": blessed,
            "use_case": "flights",
            "span": span,
            "model_uri": str(folder),
        }
        model = importer.Importer(str(folder), standard_artifacts.Model).with_id("m")
        blessing = importer.Importer(
            str(tmp_path / "blessing" / span),
            standard_artifacts.ModelBlessing,
            custom_properties=told,
        ).with_id("b")
        pusher = Pusher(
            model=model.outputs["result"],
            blessing=blessing.outputs["result"],
            destination=str(tmp_path / "serving"),
        )
        local_dag_runner.LocalDagRunner().run(
            pipeline.Pipeline(
                pipeline_name="pushing",
                pipeline_root=str(tmp_path / "pipeline"),
                components=[model, blessing, pusher],
                metadata_connection_config=metadata.sqlite_metadata_connection_config(
                    str(tmp_path / "m.sqlite")
                ),
                enable_cache=True,
            )
        )
        return [path.read_text() for path in sorted(tmp_path.glob(SERVED))]

    return run


@pytest.mark.beam
def test_a_backfill_never_replaces_the_model_in_service(run, tmp_path):
    assert run("2013-9") == ["2013-9"]
    assert run("2013-11") == ["2013-9", "2013-11"]
    assert run("2013-10") == ["2013-9", "2013-11"]
    assert len(list(tmp_path.glob("pipeline/Pusher/*/*/not_pushed.json"))) == 1
    # Nor does one that went into service once, and is in the cache.
    assert run("2013-9") == ["2013-9", "2013-11"]
    assert len(list(tmp_path.glob("pipeline/Pusher/*/*/not_pushed.json"))) == 2
    assert run("2013-12", blessed=0) == ["2013-9", "2013-11"]
    assert run("2014-1") == ["2013-9", "2013-11", "2014-1"]
