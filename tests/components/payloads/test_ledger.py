import dataclasses
import json
import pathlib

import pytest

from components.payloads import ledger
from components.payloads.ledger import FailureLine, Ledger, SiloLine
from components.payloads.predictions import Part, Predictions


@pytest.fixture
def account(tmp_path: pathlib.Path) -> Ledger:
    folder = tmp_path / "süd"
    for kind, data in (("parts", b"12345"), ("dead-letters", b"678")):
        (folder / kind).mkdir(parents=True)
        (folder / kind / "a.parquet").write_bytes(data)
    part = Part("a.parquet", "score.parquet", "t", 5, 3, 5, "d")
    found = Predictions("süd", "7", "m", parts=(part,))
    found.write(folder)
    line = SiloLine("süd", str(folder), 5, 3, found.digest, 1, 5, is_published=True)
    return Ledger(ledger.DONE, "", "m", 5, 3, silos=(line,))


def test_a_ledger_comes_back_as_it_was_written(account, tmp_path):
    failure = FailureLine("ost", "score.parquet", "silo `ost`: no file")
    full = Ledger(ledger.FAILED, "why", "m", 5, 3, 1, 2, account.silos, (failure,))
    full.write(tmp_path)
    assert Ledger.read(tmp_path) == full


def test_the_same_ledger_gives_the_same_bytes(account, tmp_path):
    account.write(tmp_path)
    first = (tmp_path / Ledger.FILE_NAME).read_bytes()
    Ledger.read(tmp_path).write(tmp_path)
    assert (tmp_path / Ledger.FILE_NAME).read_bytes() == first


def test_a_ledger_is_settled_while_its_files_are_there(account):
    assert account.is_settled


def test_a_ledger_is_unsettled_while_a_silo_s_own_model_is_lost(account):
    (line,) = account.silos
    lost = dataclasses.replace(line, lost="silo `süd`: found no file")
    unsettled = dataclasses.replace(account, silos=(lost,))
    assert not unsettled.is_settled
    assert (account.lost, unsettled.lost) == ({}, {"süd": lost.lost})


def test_a_ledger_of_an_earlier_version_names_no_model_of_a_silo(account, tmp_path):
    fields = account.fields()
    for name in ("model", "served", "lost", "unchanged", "is_published"):
        del fields["silos"][0][name]
    (tmp_path / Ledger.FILE_NAME).write_text(json.dumps(fields))
    (line,) = account.silos
    older = dataclasses.replace(line, is_published=False)
    assert Ledger.read(tmp_path) == dataclasses.replace(account, silos=(older,))


@pytest.mark.parametrize(
    "name", ["parts/a.parquet", "dead-letters/a.parquet", "_predictions.json"]
)
def test_a_ledger_is_unsettled_once_a_file_is_gone(account, name):
    pathlib.Path(account.silos[0].path, name).unlink()
    assert not account.is_settled


def test_a_ledger_is_unsettled_once_another_run_has_published(account):
    Predictions("süd", "7", "other").write(account.silos[0].path)
    assert not account.is_settled


def test_a_ledger_of_what_was_never_published_needs_no_file(account):
    (line,) = account.silos
    hidden = dataclasses.replace(line, is_published=False, path="/gone")
    assert dataclasses.replace(account, silos=(hidden,)).is_settled


def test_a_ledger_is_unsettled_once_a_file_was_cut(account):
    pathlib.Path(account.silos[0].path, "parts", "a.parquet").write_bytes(b"12")
    assert not account.is_settled


def test_failed_items_may_be_mended_but_an_unreadable_silo_belongs_to_the_input():
    item = FailureLine("ost", "score.parquet", "no file")
    silo = FailureLine("ost", "", "no file when the manifest was written")
    assert not Ledger(ledger.DONE, failures=(item,)).is_settled
    assert Ledger(ledger.DONE, failures=(silo,)).is_settled
