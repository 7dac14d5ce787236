"""Drift is measured against the last admitted, earlier span."""

import pathlib

import pytest
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.payloads import statistics
from components.payloads.cohort import Cohort, Member
from components.silo_validator import earlier_statistics
from tests.support import silos


@pytest.fixture
def store(tmp_path):
    config = mlmd.ConnectionConfig()
    config.sqlite.filename_uri = str(tmp_path / "metadata.sqlite")
    config.sqlite.connection_mode = 3
    return MetadataStore(config)


@pytest.fixture
def record(store, tmp_path):
    kind = store.put_artifact_type(mlmd.ArtifactType(name="Cohort"))

    def _record(span, use_case="flights", **admitted):
        place = tmp_path / f"{span}-{len(list(tmp_path.iterdir()))}"
        (place / "cohort").mkdir(parents=True)
        members = tuple(Member(name, on) for name, on in sorted(admitted.items()))
        Cohort(members, 1).write(place / "cohort")
        for name in admitted:
            statistics.write(place, name, statistics_pb2.DatasetFeatureStatisticsList())
        artifact = mlmd.Artifact(type_id=kind, uri=str(place / "cohort"))
        for key, value in {
            "use_case": use_case,
            "span": span,
            earlier_statistics.STATISTICS: str(place),
        }.items():
            artifact.custom_properties[key].string_value = value
        (artifact.id,) = silos.publish(store, [artifact])
        return artifact

    return _record


def spans(store, span):
    return {
        s: b.span for s, b in earlier_statistics.find(store, "flights", span).items()
    }


@pytest.mark.parametrize("content", [None, "[]", '{"members": [{"silo": 1}]}'])
@pytest.mark.parametrize("file", ["cohort/cohort.json", "silos/north/FeatureStats.pb"])
def test_statistics_that_are_gone_or_of_another_form_are_skipped_with_a_warning(
    store, record, caplog, file, content
):
    record("2013-01", north=True)
    place = pathlib.Path(record("2013-02", north=True).uri).parent
    if content and file.endswith(".json"):
        (place / file).write_text(content)
    else:
        (place / file).unlink()
    assert spans(store, "2013-03") == {"north": "2013-01"}
    [said] = [each.getMessage() for each in caplog.records]
    assert said.startswith(f"span=2013-02: {place}")
    assert "drift is measured against an earlier span" in said


def test_silo_that_was_quarantined_keeps_its_last_admitted_span(store, record):
    record("2013-01", north=True, west=True)
    record("2013-02", north=False, west=True)
    assert spans(store, "2013-03") == {"north": "2013-01", "west": "2013-02"}


def test_backfill_is_not_compared_with_what_came_later(store, record):
    record("2013-05", north=True)
    record("2013-02", north=True)
    assert spans(store, "2013-04") == {"north": "2013-02"}
    assert spans(store, "2013-06") == {"north": "2013-05"}


def test_content_is_in_what_the_cache_is_keyed_by(store, record):
    record("2013-01", use_case="census", north=True)
    assert spans(store, "2013-02") == {}
    record("2013-01", north=True)
    found = earlier_statistics.find(store, "flights", "2013-02")
    text = earlier_statistics.to_json(found)
    assert earlier_statistics.from_json(text) == found
    assert len(text) > 64, "a digest is in it"


def test_the_last_verdict_on_a_span_counts(store, record):
    record("2013-01", north=True)
    record("2013-02", north=True)
    record("2013-02", north=False)
    assert spans(store, "2013-03") == {"north": "2013-01"}


def test_a_verdict_that_the_cache_gives_again_is_the_last_one(store, record):
    record("2013-01", north=True)
    admitted = record("2013-02", north=True)
    held = record("2013-02", north=False)  # quarantined manually
    assert spans(store, "2013-03") == {"north": "2013-01"}
    silos.publish(store, [admitted])  # released: the node hits the cache
    assert spans(store, "2013-03") == {"north": "2013-02"}
    silos.publish(store, [held])
    assert spans(store, "2013-03") == {"north": "2013-01"}


def test_a_verdict_that_is_only_read_again_stays_where_it_was(store, record):
    first = record("2013-02", north=False)
    record("2013-02", north=True)
    kind = store.put_execution_type(mlmd.ExecutionType(name="the trainer"))
    reads = mlmd.Event(type=mlmd.Event.INPUT)
    store.put_execution(mlmd.Execution(type_id=kind), [(first, reads)], [])
    assert spans(store, "2013-03") == {"north": "2013-02"}
