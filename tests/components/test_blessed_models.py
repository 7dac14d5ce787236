import pathlib

import pytest
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd

from components import blessed_models
from components.blessed_models import BlessedModel, find
from components.mlmd import last_runs
from tests.support import silos


@pytest.fixture
def store(tmp_path: pathlib.Path) -> MetadataStore:
    config = mlmd.ConnectionConfig()
    config.sqlite.filename_uri = str(tmp_path / "metadata.sqlite")
    config.sqlite.connection_mode = 3  # READWRITE_OPENCREATE
    return MetadataStore(config)


def bless(
    store: MetadataStore,
    span: str,
    blessed: int = 1,
    use_case: str = "people",
    state: int = mlmd.Artifact.LIVE,
) -> int:
    type_id = store.put_artifact_type(
        mlmd.ArtifactType(name=blessed_models.TYPE_NAME), can_add_fields=True
    )
    artifact = mlmd.Artifact(type_id=type_id, uri=f"/b/{span}", state=state)
    artifact.custom_properties["blessed"].int_value = blessed
    for key, value in {
        "use_case": use_case,
        "span": span,
        "model_uri": f"/m/{span}",
        "model_digest": f"d{span}",
        **({"benefit_uri": f"/g/{span}"} if span == "10" else {}),  # since then
    }.items():
        artifact.custom_properties[key].string_value = value
    return int(store.put_artifacts([artifact])[0])


def newest(store, is_candidate=lambda _: True):
    return find(store, "people", is_candidate)


def test_the_highest_span_wins_even_over_a_later_backfill(store):
    assert newest(store) is None
    bless(store, "9")
    highest = bless(store, "10")
    bless(store, "2")
    bless(store, "11", blessed=0)
    found = BlessedModel(
        *("/m/10", "d10", "10", highest), served_digest="d10", benefit_uri="/g/10"
    )
    assert newest(store) == found
    before = newest(store, lambda span: span != "10")
    assert (before.span, before.benefit_uri) == ("9", "")
    assert newest(store, lambda span: span == "11") is None
    assert len(blessed_models.read(store, "people")) == 3


def test_a_blessing_leads_to_the_benefit_report_of_its_run(store):
    bless(store, "9")
    assert newest(store).benefit_uri == ""
    (artifact,) = store.get_artifacts()
    artifact.custom_properties["benefit_uri"].string_value = "/benefit/9"
    store.put_artifacts([artifact])
    assert newest(store).benefit_uri == "/benefit/9"


def test_a_blessing_tells_what_serves_and_an_older_one_its_model(store):
    bless(store, "9")
    assert newest(store).served_digest == "d9"
    (artifact,) = store.get_artifacts()
    artifact.custom_properties["served_digest"].string_value = "s9"
    store.put_artifacts([artifact])
    assert (newest(store).digest, newest(store).served_digest) == ("d9", "s9")


def test_of_one_span_the_later_blessing_wins(store):
    bless(store, "10")
    later = bless(store, "10")
    assert newest(store).blessing_id == later


def test_a_blessing_that_a_later_run_found_in_the_cache_wins(store):
    first = bless(store, "10")
    second = bless(store, "10")
    for ids in ([first], [second], [first]):
        silos.publish(store, store.get_artifacts_by_id(ids))
    found = newest(store)
    assert (found.blessing_id, found.last_run) == (first, 3)


@pytest.mark.parametrize(
    "other",
    [{"blessed": 0}, {"use_case": "flights"}, {"state": mlmd.Artifact.DELETED}],
)
def test_what_is_not_blessed_of_another_use_case_or_deleted_is_not_found(store, other):
    bless(store, "9", **other)
    assert newest(store) is None


def test_the_last_execution_that_gave_an_artifact_out_counts(store):
    kind = store.put_artifact_type(mlmd.ArtifactType(name="Model"))
    first, second = (
        store.get_artifacts_by_id(
            silos.publish(store, [mlmd.Artifact(type_id=kind, uri=uri)])
        )[0]
        for uri in "ab"
    )
    silos.publish(store, [first])  # as by a node that the cache served
    store.put_artifacts([mlmd.Artifact(type_id=kind, uri="never given out")])
    reader = store.put_execution_type(mlmd.ExecutionType(name="a reader"))
    event = (second, mlmd.Event(type=mlmd.Event.INPUT))
    store.put_execution(mlmd.Execution(type_id=reader), [event], [])
    assert last_runs(store, store.get_artifacts()) == {first.id: 3, second.id: 2}
    assert last_runs(store, []) == {}
