import errno
import pickle

import pytest

from components import circumstances
from components.batch_inferrer.faults import reason
from components.batch_inferrer.items import WorkItem
from components.errors import SiloError
from components.features.columnar import ColumnTypeError
from components.payloads.silo import Silo
from components.scoring.batches import FileError

ITEM = WorkItem(Silo("süd", "/h"), "/h/score.parquet", "d", 5, (2, 3), 0, "/h/p", 0)


def test_errors_that_are_meant_to_be_read_keep_their_words_and_way_out():
    error = SiloError("süd", "/h/x", "4 rows", "5 rows", "write it again")
    assert reason(ITEM, pickle.loads(pickle.dumps(error))) == (  # noqa: S301  our own
        "silo `süd`: /h/x: found 4 rows, expected 5 rows; write it again"
    )


def test_errors_about_a_file_gain_the_silo():
    error = FileError("/h/score.parquet", "no file", "a Parquet file", "write it")
    assert reason(ITEM, error) == (
        "silo `süd`: /h/score.parquet: found no file, expected a Parquet file; write it"
    )


def test_errors_about_a_column_gain_silo_and_file():
    assert reason(ITEM, ColumnTypeError("age", "string", "a number")) == (
        "silo `süd`: /h/score.parquet (row groups 2 to 3): column `age`: found type "
        "string, expected a number; export the column with the type that the schema "
        "gives"
    )


def test_errors_of_the_system_are_told_by_its_own_words():
    error = OSError(errno.EIO, "secret")
    assert reason(ITEM, error) == (
        "silo `süd`: /h/score.parquet (row groups 2 to 3): Input/output error; the "
        f"{circumstances.OF_MACHINE.removeprefix('the ')}"
    )


def test_of_other_errors_no_text_is_told_since_it_may_hold_a_record():
    with pytest.raises(ValueError, match="Jane") as caught:
        int("Jane Doe, 42")
    told = reason(ITEM, caught.value)
    assert "Jane" not in told
    start = "silo `süd`: /h/score.parquet (row groups 2 to 3): "
    assert told.startswith(start + "FairSilo failed with ValueError in test_faults.py:")
    assert "this is a fault of FairSilo and tells nothing about the data" in told
