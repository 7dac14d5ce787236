import pytest

from components.batch_inferrer import beam_steps
from components.batch_inferrer.items import plan

pytestmark = pytest.mark.beam


def test_one_worker_runs_in_memory_and_more_in_processes():
    assert "--direct_running_mode=in_memory" in beam_steps.beam_args(1)
    assert beam_steps.beam_args(3)[1:] == [
        "--direct_running_mode=multi_processing",
        "--direct_num_workers=3",
    ]


def test_outcomes_come_in_the_order_of_the_items_failures_with_them(federate, model):
    items = plan(federate(), model.digest, 100)
    (federate()["vest"].silo.path("score.parquet")).unlink()
    pairs = list(beam_steps.run(items, model.job(), beam_steps.beam_args(1)))
    assert [item for item, _ in pairs] == items
    assert [bool(outcome.failure) for _, outcome in pairs] == [False] * 6 + [True]
    assert all(outcome.ended >= outcome.began for _, outcome in pairs)


def test_no_record_of_an_outcome_stays(federate, model, tmp_path):
    items = plan(federate(), model.digest, 100)
    folder = tmp_path / "records"
    folder.mkdir()
    list(beam_steps.run(items, model.job(), beam_steps.beam_args(1), folder))
    assert list(folder.iterdir()) == []


def test_an_item_survives_its_way_to_a_worker(federate, model):
    import dataclasses
    import json

    for item in plan(federate(), model.digest, 100):
        assert beam_steps._item(json.dumps(dataclasses.asdict(item))) == item


def test_a_model_is_loaded_once_a_process(model):
    assert beam_steps.load(model.job()) is beam_steps.load(model.job(batch_rows=9))
