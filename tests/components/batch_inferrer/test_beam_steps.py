import errno

import pytest

from components import temporary_faults
from components.batch_inferrer import beam_steps
from components.batch_inferrer.beam_steps import reason
from components.batch_inferrer.items import WorkItem, plan
from components.beam import IN_MEMORY
from components.errors import SiloError
from components.features.columnar import ColumnTypeError
from components.payloads.silo import Silo
from components.scoring.batches import FileError
from components.scoring.served import Served
from tests.components.batch_inferrer.cases import by_base

pytestmark = pytest.mark.beam


def test_outcomes_come_in_the_order_of_the_items_failures_with_them(
    federate, model, tmp_path
):
    items = plan(federate(), by_base(model.digest), 100)
    items[-1].silo.path("score.parquet").unlink()
    records = tmp_path / "records"
    records.mkdir()
    pairs = beam_steps.run(items, model.job(), IN_MEMORY, records)
    assert [item for item, _ in pairs] == items
    assert [bool(outcome.failure) for _, outcome in pairs] == [False] * 6 + [True]
    assert all(outcome.ended >= outcome.began for _, outcome in pairs)
    assert list(records.iterdir()) == []


def test_a_model_is_loaded_once_a_process(model):
    first = beam_steps.load(ITEM, model.job())
    assert beam_steps.load(ITEM, model.job(batch_rows=9)) is first


ITEM = WorkItem(
    Silo("süd", "/h"),
    "/h/score.parquet",
    "d",
    5,
    (2, 3),
    0,
    "/h/p",
    0,
    Served("base", "d"),
)
PLACE = "silo `süd`: /h/score.parquet (row groups 2 to 3): "


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            SiloError("süd", "/h/x", "4 rows", "5 rows", "write it again"),
            "silo `süd`: /h/x: found 4 rows, expected 5 rows; write it again",
        ),
        (
            FileError("/h/score.parquet", "no file", "a Parquet file", "write it"),
            "silo `süd`: /h/score.parquet: found no file, expected a Parquet file; "
            "write it",
        ),
        (
            ColumnTypeError("age", "string", "a number"),
            f"{PLACE}column `age`: found type string, expected a number; export the "
            "column with the type that the schema gives",
        ),
        (
            OSError(errno.EIO, "secret"),
            f"{PLACE}Input/output error; {temporary_faults.MACHINE_HINT}",
        ),
    ],
    ids=["silo", "file", "column", "system"],
)
def test_the_reason_names_silo_file_and_hint(error, told):
    assert reason(ITEM, error) == told


def test_of_other_errors_no_text_is_told_since_it_may_hold_a_record():
    with pytest.raises(ValueError, match="Jane") as caught:
        int("Jane Doe, 42")
    told = reason(ITEM, caught.value)
    assert "Jane" not in told
    place = "FairSilo failed with ValueError in test_beam_steps.py:"
    assert told.startswith(PLACE + place)
    assert "this is a fault of FairSilo and tells nothing about the data" in told
