import dataclasses
import errno

import pytest

from components import temporary_faults
from components.batch_inferrer import beam_steps
from components.batch_inferrer.beam_steps import reason
from components.batch_inferrer.inputs import InputFile
from components.batch_inferrer.items import WorkItem
from components.batch_inferrer.records import Reader
from components.errors import FairSiloError, SiloError
from components.features.columnar import ColumnTypeError
from components.payloads.silo import Silo
from components.scoring.batches import FileError
from components.scoring.served import Served
from tests.components.batch_inferrer.cases import items_of

pytestmark = pytest.mark.beam


def test_each_item_leaves_its_outcome_failures_with_them(federate, model, tmp_path):
    items = items_of(federate(), model.job(), 100)
    items[-1].silo.path("score.parquet").unlink()
    beam_steps.run([*enumerate(items)], model.job(), tmp_path, name="one")
    reader = Reader(tmp_path)
    reader.poll()
    found = [reader.outcomes[number] for number in range(len(items))]
    assert [bool(outcome.failure) for outcome in found] == [False] * 6 + [True]
    assert [one.part and one.part.rows for one in found[:6]] == [7, *[100] * 5]
    assert all(outcome.ended >= outcome.began for outcome in found)
    assert (dict(reader.lines), reader.in_hand) == ({"one": 14}, {})


def test_a_fault_of_no_item_stops_all_and_is_told_to_every_process(
    federate, model, tmp_path
):
    items = items_of(federate(), model.job(), 100)
    job = dataclasses.replace(model.job(), model=str(tmp_path / "gone"))
    for _ in range(2):  # whoever comes later stops, too
        with pytest.raises(FairSiloError, match="gone: found no model that can be"):
            beam_steps.run([*enumerate(items)], job, tmp_path, name="one")
    reader = Reader(tmp_path)
    with pytest.raises(FairSiloError, match="gone: found no model") as caught:
        reader.poll()
    assert caught.value.hint == "bring the folder back, or run the pipeline again"
    assert reader.outcomes == {}


def test_a_model_is_loaded_once_a_process(model):
    first = beam_steps.load(ITEM, model.job())
    assert beam_steps.load(ITEM, model.job(batch_rows=9)) is first


ITEM = WorkItem(
    Silo("süd", "/h"),
    InputFile("/h/score.parquet", "d", 5),
    5,
    (2, 3),
    0,
    "/h/p",
    "f",
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
