import pytest

from components.batch_inferrer import beam_steps
from components.batch_inferrer.items import plan
from components.beam import IN_MEMORY

pytestmark = pytest.mark.beam


def test_outcomes_come_in_the_order_of_the_items_failures_with_them(federate, model):
    items = plan(federate(), model.digest, 100)
    (federate()["vest"].silo.path("score.parquet")).unlink()
    pairs = list(beam_steps.run(items, model.job(), IN_MEMORY))
    assert [item for item, _ in pairs] == items
    assert [bool(outcome.failure) for _, outcome in pairs] == [False] * 6 + [True]
    assert all(outcome.ended >= outcome.began for _, outcome in pairs)


def test_no_record_of_an_outcome_stays(federate, model, tmp_path):
    items = plan(federate(), model.digest, 100)
    folder = tmp_path / "records"
    folder.mkdir()
    list(beam_steps.run(items, model.job(), IN_MEMORY, folder))
    assert list(folder.iterdir()) == []


def test_an_item_survives_its_way_to_a_worker(federate, model):
    import dataclasses
    import json

    for item in plan(federate(), model.digest, 100):
        assert beam_steps._item(json.dumps(dataclasses.asdict(item))) == item


def test_a_model_is_loaded_once_a_process(model):
    assert beam_steps.load(model.job()) is beam_steps.load(model.job(batch_rows=9))
