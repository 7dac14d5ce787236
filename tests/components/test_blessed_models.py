import pathlib

import pytest
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd

from components import blessed_models
from components.blessed_models import find
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
    }.items():
        artifact.custom_properties[key].string_value = value
    return int(store.put_artifacts([artifact])[0])


def anything(span: str) -> bool:
    return True


def test_the_highest_span_wins_even_over_a_later_backfill(store):
    bless(store, "9")
    newest = bless(store, "10")
    bless(store, "2")
    found = find(store, "people", anything)
    assert found == blessed_models.BlessedModel("/m/10", "d10", "10", newest)


def test_of_one_span_the_later_blessing_wins(store):
    bless(store, "10")
    later = bless(store, "10")
    found = find(store, "people", anything)
    assert found is not None
    assert found.blessing_id == later


def test_a_blessing_that_a_later_run_found_in_the_cache_wins(store):
    first = bless(store, "10")
    second = bless(store, "10")
    for ids in ([first], [second], [first]):
        silos.publish(store, store.get_artifacts_by_id(ids))
    found = find(store, "people", anything)
    assert found is not None
    assert found.blessing_id == first
    assert found.last_run == 3


def test_only_candidates_are_found(store):
    bless(store, "9")
    bless(store, "10")
    found = find(store, "people", lambda span: span != "10")
    assert found is not None
    assert found.span == "9"
    assert find(store, "people", lambda span: span == "11") is None


@pytest.mark.parametrize(
    "other",
    [{"blessed": 0}, {"use_case": "flights"}, {"state": mlmd.Artifact.DELETED}],
)
def test_what_is_not_blessed_of_another_use_case_or_deleted_is_not_found(store, other):
    bless(store, "9", **other)
    assert find(store, "people", anything) is None


def test_all_blessed_models_are_read(store):
    ids = [bless(store, span) for span in ("10", "9", "10")]
    bless(store, "11", blessed=0)
    found = blessed_models.read(store, "people")
    assert sorted(model.blessing_id for model in found) == ids
    assert blessed_models.newest(found).blessing_id == ids[2]
    assert blessed_models.newest([]) is None


def test_an_empty_store_has_no_model(store):
    assert find(store, "people", anything) is None
