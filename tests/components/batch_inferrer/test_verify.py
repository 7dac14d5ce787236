"""Dead letters by reason, and published predictions checked against their pointer."""

import dataclasses
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.batch_inferrer import verify
from components.batch_inferrer.infer import infer
from components.batch_inferrer.settings import InferenceSettings
from components.errors import SettingsError
from components.payloads import ledger, predictions
from tests.components.batch_inferrer.cases import table

pytestmark = pytest.mark.beam

SETTINGS = InferenceSettings(rows_per_item=40, workers=1)
REASONS = {"`hours` is infinite": 3, "`age` is infinite": 2}


def hostile(rows: int) -> pa.Table:
    """Return rows of which two have an infinite age and three infinite hours."""
    made = table(rows, 1)
    age, hours = made["age"].to_pylist(), made["hours"].to_pylist()
    age[0] = age[50] = hours[50] = np.inf  # the first that is infinite counts
    hours[3] = hours[4] = hours[70] = -np.inf
    made = made.set_column(2, "age", pa.array(age))
    return made.set_column(3, "hours", pa.array(hours))


@pytest.fixture
def scored(federate, model):
    manifest = federate({"süd": hostile(90), "vest": table(30, 2)}, row_group_rows=10)
    return manifest, infer(manifest, model.job(), SETTINGS)


def test_dead_letters_are_counted_by_reason_also_where_they_are_found_again(
    scored, model
):
    manifest, first = scored
    south, west = first.silos
    assert (list(south.reasons.items()), west.reasons) == ([*REASONS.items()], {})
    assert first.reasons == REASONS
    assert (south.is_published, south.dead_letters) == (True, 5)
    pathlib.Path(predictions.pointer(south.path)).unlink()
    again = infer(manifest, model.job(), SETTINGS)
    assert (again.resumed, again.unchanged, again.reasons) == (3, 30, REASONS)
    assert predictions.in_words(again.reasons) == (
        "`hours` is infinite (3), `age` is infinite (2)"
    )
    same = infer(manifest, model.job(), SETTINGS)
    assert (same.resumed, same.unchanged, same.reasons) == (0, 120, REASONS)


def read(folder: str) -> predictions.Predictions:
    found = predictions.read(folder)
    assert found is not None
    return found


def part_of(folder: str, kind: str = "parts") -> pathlib.Path:
    """Return the first file that has dead letters, or these."""
    found = read(folder)
    assert found
    names = [part.name for part in found.parts if part.dead_letters]
    return pathlib.Path(folder, kind, names[0])


def cut_rows(path: pathlib.Path) -> None:
    rows = pq.read_table(path)
    pq.write_table(rows.slice(1), path)


def of_another_work(path: pathlib.Path) -> None:
    rows = pq.read_table(path)
    pq.write_table(rows.replace_schema_metadata({"fairsilo.work": "0" * 64}), path)


def written_again(path: pathlib.Path) -> None:
    pq.write_table(pq.read_table(path), path, compression="gzip")


@pytest.mark.parametrize(
    ("kind", "spoil", "told"),
    [
        ("parts", pathlib.Path.unlink, "found no file, expected one that the pointer"),
        ("parts", lambda path: path.write_bytes(b"PAR1"), "that can't be read"),
        ("parts", of_another_work, "found another work's 3"),
        ("parts", written_again, "rows as they were written"),
        ("dead-letters", pathlib.Path.unlink, "found no file, expected one"),
        ("dead-letters", lambda path: path.write_bytes(b"no"), "expected Parquet"),
        ("dead-letters", cut_rows, "found 2 rows, expected 3"),
        ("dead-letters", of_another_work, "found another work's 3 rows"),
    ],
)
def test_a_damaged_file_is_named_with_what_was_expected(scored, kind, spoil, told):
    _, account = scored
    south, west = account.silos
    found = read(south.path)
    assert list(verify.faults(south.path, found)) == []
    path = part_of(south.path, kind)
    spoil(path)
    (fault,) = verify.faults(south.path, found)
    assert fault.startswith(f"{path}: found ")
    assert told in fault
    assert list(verify.faults(west.path, read(west.path))) == []


def test_files_that_nobody_lists_are_counted(scored, model):
    manifest, account = scored
    south, _ = account.silos
    found = read(south.path)
    assert verify.num_unlisted(south.path, found) == 0
    keyed = dataclasses.replace(model.job(), key=("id",))
    infer(manifest, keyed, SETTINGS)  # its pointer takes the place of the first one
    found = read(south.path)
    assert found.rows == 85
    assert verify.num_unlisted(south.path, found) == 5  # 3 parts, 2 of dead letters


def test_a_file_without_a_row_is_no_failure(federate, model):
    account = infer(federate({"süd": table(0, 1)}), model.job(), SETTINGS)
    assert (account.status, account.silos_not_scored) == (ledger.NOTHING, ())


@pytest.mark.parametrize("name", ["score", "model", "served", "scored_at", "reason"])
def test_a_key_with_the_name_of_a_column_that_we_add_is_refused(federate, model, name):
    job = dataclasses.replace(model.job(), key=(name,))
    with pytest.raises(SettingsError, match=f"key column `{name}` has the name"):
        infer(federate({"süd": table(3, 1)}), job, SETTINGS)
