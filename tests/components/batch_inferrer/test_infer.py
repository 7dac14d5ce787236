import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.batch_inferrer.infer import infer
from components.batch_inferrer.settings import InferenceSettings
from components.errors import SettingsError
from components.payloads import ledger
from components.payloads.findings import Finding
from components.payloads.manifest import SCORE, Manifest, SiloEntry, Split
from tests.components.batch_inferrer.cases import (
    SIZES,
    expected_scores,
    read_scores,
    table,
    written,
)
from tests.support import silos
from tests.support.at_once import age

pytestmark = pytest.mark.beam

SMALL = InferenceSettings(rows_per_item=150)


def test_all_silos_are_scored_and_the_ledger_accounts_for_every_row(federate, model):
    manifest = federate()
    account = infer(manifest, model.job(), SMALL)
    assert (account.status, account.reason, account.failures) == ("done", "", ())
    assert {line.silo: line.rows for line in account.silos} == SIZES
    assert (account.rows, account.dead_letters, account.resumed) == (597, 0, 0)
    assert account.model == model.digest
    assert account.is_settled
    for line in account.silos:
        rows = pq.read_table(manifest[line.silo].splits[SCORE].paths[0])
        scores = read_scores(line.path)
        assert scores["id"].to_pylist() == rows["id"].to_pylist()
        np.testing.assert_allclose(
            scores["score"].to_numpy(), expected_scores(rows, model.linear), atol=1e-6
        )


def test_a_second_run_resumes_all_and_changes_nothing(federate, model):
    manifest = federate()
    first = infer(manifest, model.job(), SMALL)
    before = written(manifest)
    second = infer(manifest, model.job(), SMALL)
    assert written(manifest) == before
    assert second.resumed == 7
    assert dataclasses.replace(second, resumed=0) == first


def test_two_runs_with_other_cuts_or_keys_are_both_whole(federate, model):
    manifest = federate()
    keyed = dataclasses.replace(model.job(), key=("id",))
    accounts = [
        infer(manifest, model.job(), SMALL),
        infer(manifest, model.job(), InferenceSettings(rows_per_item=250)),
        infer(manifest, keyed, SMALL),
    ]
    for account in accounts:
        assert account.is_settled
        for line in account.silos:
            assert read_scores(line.path).num_rows == SIZES[line.silo]
    assert not read_scores(accounts[1].silos[0].path).equals(
        read_scores(accounts[2].silos[0].path)
    )


def missing(path: pathlib.Path, rows: pa.Table) -> None:
    path.unlink()


def write(change: Callable[[pa.Table], pa.Table]):
    return lambda path, rows: pq.write_table(change(rows), path, row_group_size=100)


wrong_type = write(lambda rows: rows.set_column(2, "age", rows["day"]))


@pytest.mark.parametrize(
    ("spoil", "is_listed", "found"),
    [
        (
            lambda path, _: path.write_bytes(path.read_bytes()[:-200]),
            False,
            "score.parquet: found bytes that were changed or damaged since the split",
        ),
        (
            lambda path, _: path.write_bytes(b"PAR1 this is no table PAR1"),
            True,
            "bytes that Arrow can't read",
        ),
        (missing, False, "found no file, expected a Parquet file"),
        (
            lambda path, _: shutil.rmtree(path.parent),
            False,
            "found no folder, expected the silo's home; bring the folder",
        ),
        (wrong_type, True, "column `age`: found type"),
        (
            write(lambda rows: rows.drop(["id"])),
            True,
            "found no column `id`, expected the key columns, which name a row beside "
            "its score; correct `key` in the settings, or export the column",
        ),
        (
            write(lambda rows: rows.slice(1)),
            True,
            "found 89 rows, expected 90 rows as in the manifest",
        ),
    ],
    ids=["cut", "no table", "missing", "home", "type", "key", "rows"],
)
def test_a_silo_that_fails_is_named_and_the_others_go_on(
    federate, model, spoil, is_listed, found
):
    manifest = federate()
    path = pathlib.Path(manifest["vest"].splits[SCORE].paths[0])
    spoil(path, pq.read_table(path))
    if is_listed:  # as the next manifest would
        manifest = silos.listed_as_they_are(manifest)
    account = infer(manifest, model.job(), SMALL)
    assert account.status == "done"
    assert account.reason == "1 of 7 work items failed with 90 rows"
    assert [(line.silo, line.rows) for line in account.silos] == [
        ("nord", 7),
        ("süd-東", 500),
    ]
    (failure,) = account.failures
    assert failure.silo == "vest"
    assert failure.reason.startswith("silo `vest`: ")
    assert found in failure.reason
    assert account.silos_not_scored == (ledger.NotScored("vest", failure.reason),)
    assert not account.is_settled


def infinite(rows: pa.Table, count: int) -> pa.Table:
    ages = rows["age"].to_pylist()
    return rows.set_column(
        2, "age", pa.array([np.inf] * count + ages[count:], pa.float64())
    )


@pytest.mark.parametrize(("count", "lacking"), [(2, []), (10, ["nord"])])
def test_a_few_dead_letters_are_counted_and_the_run_is_done(
    federate, model, count, lacking
):
    manifest = federate({"nord": infinite(table(10, 1), count), "vest": table(90, 2)})
    account = infer(manifest, model.job(), SMALL)
    assert (account.status, account.rows) == ("done", 100 - count)
    assert account.dead_letters == count
    assert account.reason == f"{count} of 100 rows are dead letters"
    # One with nothing but dead letters was not scored.
    assert [line.silo for line in account.silos_not_scored] == lacking
    assert account.is_settled


def test_a_flood_of_dead_letters_fails_the_run_with_the_reason(federate, model):
    manifest = federate({"nord": infinite(table(10, 1), 10), "vest": table(9, 2)})
    account = infer(manifest, model.job(), SMALL)
    assert account.status == "failed"
    assert account.reason == (
        "10 of 19 rows are dead letters: more than the 50% that `max_failed_share` "
        "allows, so the fault is not that of single rows; read the reasons, mend "
        "their cause and run again"
    )
    (lacking,) = account.silos_not_scored
    assert lacking.reason == (
        "silo `nord`: 10 of 10 rows are dead letters, which lie with their reasons in "
        f"{account.silos[0].path}/dead-letters"
    )


def test_of_a_silo_that_failed_often_the_first_reason_is_told(federate, model):
    manifest = federate()
    path = pathlib.Path(manifest["süd-東"].splits[SCORE].paths[0])
    wrong_type(path, pq.read_table(path))
    account = infer(silos.listed_as_they_are(manifest), model.job(), SMALL)
    (lacking,) = account.silos_not_scored
    number = len(account.failures)
    assert number > 1
    assert lacking.reason == f"{account.failures[0].reason} (and {number - 1} more)"


def test_a_silo_of_which_a_file_to_be_scored_cannot_be_read_was_not_scored(
    federate, model
):
    first, second, third = federate().entries
    cut = Finding("2013-03.parquet: a corrupt file", "export it again")
    entries = (
        dataclasses.replace(first, unreadable=(cut,), unreadable_to_score=(cut,)),
        dataclasses.replace(second, unreadable=(cut,)),  # of which only is learned
        dataclasses.replace(third, splits={}),  # it had nothing to score
    )
    account = infer(Manifest("people", "7", entries), model.job(), SMALL)
    told = "silo `nord`: 2013-03.parquet: a corrupt file; export it again"
    assert account.silos_not_scored == (ledger.NotScored("nord", told),)
    assert account.is_settled, "the next run would find the same"


def test_columns_of_the_model_that_rows_do_not_have_are_told(federate, model, caplog):
    manifest = federate()
    assert infer(manifest, model.job(), SMALL).missing_columns == {}
    path = manifest["nord"].splits["score"].paths[0]
    pq.write_table(pq.read_table(path).drop(["age"]), path)
    account = infer(manifest, model.job(), SMALL)
    assert account.missing_columns == {"nord": ["age"]}
    assert "silo=nord: scored without columns ['age']" in caplog.text


def test_a_fault_of_all_items_is_a_failed_run_and_no_dead_letter(federate, model):
    manifest = federate()
    for entry in manifest:
        pathlib.Path(entry.splits[SCORE].paths[0]).unlink()
    account = infer(manifest, model.job(), SMALL)
    assert (account.status, account.rows, account.dead_letters) == ("failed", 0, 0)
    assert account.reason.startswith(
        "3 of 3 work items failed with 597 rows: more than the 50%"
    )
    assert [line.silo for line in account.failures] == manifest.silos


def test_a_silo_whose_data_the_manifest_calls_unreadable_is_told(federate, model):
    manifest = federate()
    first, *rest = manifest.entries
    broken = SiloEntry(first.silo, error=Finding("silo `nord`: found no file"))
    account = infer(
        Manifest("people", "7", (broken, *rest)), model.job(), InferenceSettings()
    )
    assert account.reason == "the data of 1 silos can't be read"
    assert account.failures == (
        ledger.FailureLine("nord", "", "silo `nord`: found no file"),
    )
    assert account.silos_not_scored == (
        ledger.NotScored("nord", "silo `nord`: found no file"),
    )
    assert account.rows == 590


def test_a_silo_without_a_file_of_the_span_lacks_nothing(federate, model):
    first, *rest = federate().entries
    none = SiloEntry(
        first.silo, error=Finding("silo `nord`: found no file"), no_files_in_spans=True
    )
    account = infer(Manifest("people", "7", (none, *rest)), model.job(), SMALL)
    assert (account.failures, account.silos_not_scored, account.reason) == ((), (), "")


def test_nothing_to_score_is_said(federate, model):
    silo = federate().entries[0].silo
    entry = SiloEntry(silo, splits={SCORE: Split.of("x", "d", 0)})
    account = infer(Manifest("people", "7", (entry,)), model.job(), SMALL)
    assert (account.status, account.reason) == (
        "nothing to score",
        "no silo has rows to score",
    )


@pytest.mark.parametrize("name", ["score", "model", "reason"])
def test_a_key_column_with_the_name_of_ours_is_refused(federate, model, name):
    job = dataclasses.replace(model.job(), key=(name,))
    with pytest.raises(SettingsError, match=f"key column `{name}` has the name"):
        infer(federate(), job, SMALL)


KILLED = """
import json, os, pathlib, signal, sys
from components.batch_inferrer.infer import infer
from components.batch_inferrer.scoring import Job
from components.batch_inferrer.settings import InferenceSettings
from components.payloads.manifest import Manifest

job = json.loads(sys.argv[2])
job["key"] = tuple(job["key"])
left = [4]
sync = os.fsync

def die(handle):  # in the middle of the fifth file: written, but without its name
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    sync(handle)

os.fsync = die
infer(Manifest.read(sys.argv[1]), Job(**job), InferenceSettings(rows_per_item=150))
"""


@pytest.mark.slow
def test_a_run_killed_in_the_middle_is_taken_up_without_loss_or_duplicate(
    federate, model, tmp_path
):
    manifest, undisturbed = federate(), federate(root="undisturbed")
    infer(undisturbed, model.job(), SMALL)
    manifest.write(tmp_path)
    job = json_of(model.job())
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), job],
        capture_output=True,
        check=False,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "TMPDIR": str(tmp_path),  # a killed run leaves its records there
        },
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    half = written(manifest)
    done = [name for name in half if not name.endswith(".tmp")]
    assert (len(done), len(half)) == (4, 5)
    account = infer(Manifest.read(tmp_path), model.job(), SMALL)
    assert (account.status, account.rows, account.resumed) == ("done", 597, 4)
    (left,) = set(written(manifest)) - set(written(undisturbed))
    age(manifest[left.split("/")[0]].silo.path(*left.split("/")[1:]), 9)
    infer(manifest, model.job(), SMALL)  # it is nobody's any more
    assert written(manifest) == written(undisturbed)


def json_of(job) -> str:
    return json.dumps(dataclasses.asdict(job))


def test_a_model_that_cannot_be_loaded_ends_the_run(federate, model, tmp_path):
    job = dataclasses.replace(model.job(), model=str(tmp_path / "gone"))
    with pytest.raises(RuntimeError, match="gone"):
        infer(federate(), job, SMALL)
    assert infer(federate(), model.job(), SMALL).status == "done"
