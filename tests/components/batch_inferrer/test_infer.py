import dataclasses
import pathlib
import resource
import shutil
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.batch_inferrer.infer import infer
from components.batch_inferrer.settings import InferenceSettings
from components.errors import FairSiloError, SettingsError
from components.payloads import ledger
from components.payloads.findings import Finding
from components.payloads.manifest import SCORE, Manifest, SiloEntry, Split
from tests.components.batch_inferrer.cases import (
    SIZES,
    check_rows,
    check_whole,
    read_scores,
    table,
    written,
)
from tests.support import silos

pytestmark = pytest.mark.beam

SMALL = InferenceSettings(rows_per_item=150)
ANY = InferenceSettings(rows_per_item=150, max_failed_share=1.0)


def test_all_silos_are_scored_and_the_ledger_accounts_for_every_row(federate, model):
    manifest = federate()
    account = infer(manifest, model.job(), SMALL)
    assert (account.status, account.reason, account.failures) == ("done", "", ())
    assert {line.silo: line.rows for line in account.silos} == SIZES
    assert (account.rows, account.dead_letters, account.resumed) == (597, 0, 0)
    assert account.model == model.digest
    assert account.is_settled
    check_whole(manifest, model.linear)
    assert [line.is_published for line in account.silos] == [True] * 3


def test_a_second_run_carries_all_over_and_changes_nothing(federate, model):
    manifest = federate()
    first = infer(manifest, model.job(), SMALL)
    before = written(manifest)
    second = infer(manifest, model.job(), SMALL)
    assert written(manifest) == before
    assert (second.unchanged, second.resumed, second.speed) == (597, 0, None)
    assert without_effort(second) == without_effort(first)
    assert first.speed is not None
    assert first.speed.rows == 597


def without_effort(account: ledger.Ledger) -> ledger.Ledger:
    """Return what a ledger says of the predictions, whoever made them."""
    lines = tuple(dataclasses.replace(line, unchanged=0) for line in account.silos)
    return dataclasses.replace(account, resumed=0, unchanged=0, speed=None, silos=lines)


def test_runs_with_other_cuts_or_keys_are_each_whole(federate, model):
    manifest = federate()
    keyed = dataclasses.replace(model.job(), key=("id",))
    for job, settings in [
        (model.job(), SMALL),
        (model.job(), InferenceSettings(rows_per_item=250)),
        (keyed, SMALL),
    ]:
        account = infer(manifest, job, settings)
        assert (account.is_settled, account.unchanged) == (True, 0)
        check_whole(manifest, model.linear)
        columns = read_scores(account.silos[0].path).column_names
        assert columns == [*job.key, "score", "model", "served", "scored_at"]


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
        "allows, so the fault is not that of single rows and nothing is published; "
        "read the reasons, mend their cause and run again"
    )
    nord, vest = account.silos_not_scored
    assert nord.reason == (
        "silo `nord`: 10 of 10 rows are dead letters, expected at most 50% "
        "(inference.max_failed_share); they lie with their reasons in "
        f"{account.silos[0].path}/dead-letters"
    )
    assert vest.reason == (
        "silo `vest`: its 9 rows are scored and not published: too much of the run "
        "failed"
    )
    assert [line.is_published for line in account.silos] == [False, False]
    assert not any(name.endswith(".json") for name in written(manifest))


def test_a_run_above_the_bound_leaves_what_was_published_before(federate, model):
    manifest = federate({"nord": table(10, 1), "vest": table(9, 2)})
    infer(manifest, model.job(), SMALL)
    before = written(manifest)
    worse = federate({"nord": infinite(table(10, 1), 10), "vest": table(9, 3)})
    assert infer(worse, model.job(), SMALL).status == "failed"
    assert before.items() <= written(worse).items()


def test_a_silo_of_which_an_item_failed_is_published_when_all_are_done(federate, model):
    manifest = federate()
    damaged = pathlib.Path(manifest["süd-東"].splits[SCORE].paths[0])
    kept = damaged.read_bytes()
    damaged.write_bytes(kept[:4] + b"\xff" * 60 + kept[64:])
    account = infer(silos.listed_as_they_are(manifest), model.job(), ANY)
    assert len(account.failures) == 1
    assert {line.silo: line.is_published for line in account.silos}["vest"]
    place = manifest["süd-東"].silo.path("predictions", "span=7", "_predictions.json")
    assert not place.exists()
    damaged.write_bytes(kept)
    account = infer(manifest, model.job(), SMALL)
    assert (account.failures, account.unchanged) == ((), 97)
    check_whole(manifest, model.linear)


def test_of_a_silo_that_failed_often_the_first_reason_is_told(federate, model):
    manifest = federate()
    path = pathlib.Path(manifest["süd-東"].splits[SCORE].paths[0])
    wrong_type(path, pq.read_table(path))
    account = infer(silos.listed_as_they_are(manifest), model.job(), ANY)
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
    manifest = silos.listed_as_they_are(manifest)
    for _ in range(2):  # the second carries it over with the predictions
        account = infer(manifest, model.job(), SMALL)
        assert account.missing_columns == {"nord": ["age"]}
        assert "silo=nord: scored without columns ['age']" in caplog.text
        caplog.clear()


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


def test_a_model_that_cannot_be_loaded_stops_the_run_and_publishes_nothing(
    federate, model, tmp_path
):
    manifest = federate()
    folder = tmp_path / "copy"
    shutil.copytree(model.folder, folder)
    job = dataclasses.replace(model.job(), model=str(folder), model_digest="other")
    for file in folder.rglob("*.pb"):  # the card is there, so the run begins
        file.unlink()
    with pytest.raises(FairSiloError, match="copy: found no model that can be loaded"):
        infer(manifest, job, SMALL)
    assert not written(manifest)
    assert infer(manifest, model.job(), SMALL).status == "done"
    check_whole(manifest, model.linear)


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let no file of this process grow beyond 20 kB, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_fails_the_silo_and_the_next_run_completes_it(
    federate, model, request
):
    manifest = federate({"nord": table(9, 1), "vest": table(9000, 2, first=100)})
    wide = ANY.model_copy(update={"rows_per_item": 10**6})
    request.getfixturevalue("small_files")
    account = infer(manifest, model.job(), wide)
    (failure,) = account.failures
    assert "found that it can't be written (File too large), expected room" in (
        failure.reason
    )
    assert {line.silo: line.is_published for line in account.silos} == {"nord": True}
    assert {name.split("/")[0] for name in written(manifest)} == {"nord"}
    soft = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, soft))
    account = infer(manifest, model.job(), wide)
    assert (account.failures, account.unchanged) == ((), 9)
    check_whole(manifest, model.linear)


def test_a_file_without_a_row_is_done(federate, model, tmp_path):
    manifest = federate({"nord": table(5, 1)})
    place = tmp_path / "rows" / "nord"
    place.mkdir(parents=True)
    pq.write_table(table(5, 1).slice(0, 0), place / "a.parquet")
    settings = InferenceSettings(input=f"{tmp_path}/rows/{{silo}}/*.parquet")
    account = infer(manifest, model.job(), settings)
    assert (account.status, account.rows, account.failures) == ("done", 0, ())
    check_rows(
        manifest["nord"].silo.path("predictions", "span=7"),
        "nord",
        table(5, 1).slice(0, 0),
        model.linear,
    )
