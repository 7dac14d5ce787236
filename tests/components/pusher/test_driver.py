"""The driver against a real ML Metadata store."""

from __future__ import annotations

import json

import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata
from tfx.orchestration.portable import data_types
from tfx.types import standard_artifacts

from components.pusher.driver import Driver


@pytest.fixture
def store(tmp_path):
    return metadata.Metadata(
        metadata.sqlite_metadata_connection_config(str(tmp_path / "mlmd.sqlite"))
    )


def blessing(span, blessed=1, use_case="flights"):
    artifact = standard_artifacts.ModelBlessing()
    artifact.uri = f"/{use_case}/{span}"
    artifact.set_int_custom_property("blessed", blessed)
    artifact.set_string_custom_property("use_case", use_case)
    artifact.set_string_custom_property("span", span)
    artifact.set_string_custom_property("model_uri", f"/gone/{span}")
    artifact.mlmd_artifact.state = metadata_store_pb2.Artifact.LIVE
    return artifact


@pytest.fixture
def record(store):
    def record(*artifacts):
        with store as connection:
            for artifact in artifacts:
                kind = connection.store.put_artifact_type(artifact.artifact_type)
                artifact.mlmd_artifact.type_id = kind
                connection.store.put_artifacts([artifact.mlmd_artifact])

    return record


@pytest.fixture
def newer(store, record, tmp_path):
    def newer(span):
        own = blessing(span)
        record(own)  # the evaluator's, of this run
        target = {"filesystem": {"base_directory": str(tmp_path / "serving")}}
        info = data_types.ExecutionInfo(
            input_dict={"model_blessing": [own]},
            exec_properties={"push_destination": json.dumps(target)},
        )
        found = Driver(store).run(info).exec_properties
        assert set(found) == {"newer", "overtaken", "attempt"}
        return found["newer"].string_value

    return newer


def test_the_latest_of_the_later_spans_is_newer(newer, record):
    record(*map(blessing, ("2013-8", "2013-11", "2013-10")))
    assert newer("2013-9") == "2013-11"
    assert newer("2013-10") == "2013-11"


def test_no_model_of_the_same_span_or_an_earlier_one_is_newer(newer, record):
    record(*map(blessing, ("2013-9", "2013-10", "")))
    assert newer("2013-10") == ""


def test_a_refused_model_and_one_of_another_use_case_are_not_newer(newer, record):
    record(blessing("2013-11", blessed=0), blessing("2013-12", use_case="trains"))
    assert newer("2013-10") == ""


def test_without_spans_nothing_is_newer(newer, record):
    record(blessing(""), blessing("2013-11"))  # of when the pattern had a span
    assert newer("") == ""
