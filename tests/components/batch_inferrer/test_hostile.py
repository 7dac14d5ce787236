"""Runs that meet in one place, links that lead elsewhere, names that mislead."""

import dataclasses
import os
import pathlib
import shutil

import pyarrow.parquet as pq
import pytest

from components import storage
from components.batch_inferrer import infer as inference
from components.batch_inferrer import inputs
from components.batch_inferrer.settings import InferenceSettings
from components.errors import SettingsError
from components.payloads import predictions
from components.payloads.manifest import SiloEntry
from components.payloads.silo import Silo
from pipelines.cli.run import exit_status
from tests.components.batch_inferrer.cases import table
from tests.components.batch_inferrer.test_changes import Lake, lake
from tests.components.batch_inferrer.test_driver import Runs, runs
from tests.support.at_once import age

__all__ = ["lake", "runs"]

pytestmark = pytest.mark.beam


def score_all(lake: Lake, again: str) -> None:
    job = lake.job
    lake.job = dataclasses.replace(job, again=again)
    lake.infer()
    lake.job = job


def old_parts(lake: Lake) -> predictions.Predictions:
    """Return what the pointer of `nord` lists, all of it written long ago."""
    folder = lake.folder("nord")
    for path in (folder / "parts").iterdir():
        age(path, days=9)
    found = predictions.read(str(folder))
    assert found
    return found


def test_files_that_a_reader_may_have_read_the_pointer_to_stay_for_one_more_run(lake):
    lake.infer()
    before = old_parts(lake)
    score_all(lake, "a")
    assert not predictions.missing(str(lake.folder("nord")), before)
    score_all(lake, "b")
    assert predictions.missing(str(lake.folder("nord")), before)


@pytest.mark.parametrize("others", [1, 2])
def test_no_pointer_lists_what_other_runs_removed_meanwhile(lake, monkeypatch, others):
    lake.infer()
    old_parts(lake)
    lake.add("nord", "wed", 5, 900)
    score = inference._outcomes

    def meanwhile(*given):
        monkeypatch.setattr(inference, "_outcomes", score)
        for number in range(others):
            score_all(lake, str(number))
        return score(*given)

    monkeypatch.setattr(inference, "_outcomes", meanwhile)
    account = lake.infer()
    found = predictions.read(str(lake.folder("nord")))
    assert found
    assert predictions.missing(str(lake.folder("nord")), found) == []
    reasons = [failure.reason for failure in account.failures]
    assert all("gone since the run began" in reason for reason in reasons)
    assert len(reasons) == others - 1
    lake.infer()
    lake.check()


@pytest.mark.parametrize("kind", ["parts", "dead-letters"])
def test_a_link_in_a_home_takes_no_predictions_out_of_it(lake, tmp_path, kind):
    folder, other = lake.folder("nord"), tmp_path / "other"
    folder.mkdir(parents=True)
    other.mkdir()
    (folder / kind).symlink_to(other)
    account = lake.infer()
    assert [*other.iterdir()] == []
    assert account.failures
    assert "link that leads out" in account.failures[0].reason


def test_a_span_s_folder_that_became_a_link_is_not_published_into(lake, tmp_path):
    lake.infer()
    other = tmp_path / "other"
    shutil.move(lake.folder("nord"), other)
    lake.folder("nord").symlink_to(other)
    text = (other / "_predictions.json").read_text()
    (other / "_predictions.json").write_text(text.replace('"span": "7"', '"span": ""'))
    changed = (other / "_predictions.json").read_bytes()
    assert "link that leads out" in lake.infer().failures[0].reason
    assert (other / "_predictions.json").read_bytes() == changed


def test_nothing_is_removed_through_a_link(lake):
    lake.infer()
    rows = lake.path("vest", "mon")
    (lake.folder("nord") / "x").symlink_to(rows.parent)
    age(rows, days=9)
    lake.add("nord", "wed", 5, 900)
    lake.infer()
    assert rows.exists()


def test_a_silo_is_not_scored_on_rows_that_a_link_takes_from_another(lake):
    (lake.root / "nord" / "day=fri").symlink_to(lake.root / "vest" / "day=mon")
    account = lake.infer()
    assert account.failures
    assert "link that leads out" in account.failures[0].reason
    assert [line.silo for line in account.silos] == ["vest"]


def test_links_that_lead_up_make_no_endless_walk(tmp_path):
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        for link in ("a", "b"):
            (tmp_path / name / link).symlink_to(".")
    (tmp_path / "x" / "over").symlink_to("../y")
    (tmp_path / "y" / "back").symlink_to("../x")
    (tmp_path / "y" / "f.parquet").touch()
    found = [file.path for file in storage.find(f"{tmp_path}/**/*.parquet")]
    assert found == [f"{tmp_path}/{way}/f.parquet" for way in ("x/over", "y")]


@pytest.mark.parametrize("pattern", ["7/{silo}", "{span}/{silo}", "*/{silo}"])
def test_a_span_or_a_wildcard_may_stand_before_the_silo(tmp_path, pattern):
    file = tmp_path / "7" / "nord" / "a.parquet"
    file.parent.mkdir(parents=True)
    file.touch()
    pattern = f"{tmp_path}/{pattern}/*.parquet"
    (found,) = inputs.in_place(Silo("nord", "/homes/nord"), pattern, "7")
    assert found.path == str(file)


@pytest.mark.parametrize("name", ["{span}", "{slug}"])
def test_a_silo_whose_name_is_a_placeholder_has_its_own_rows(tmp_path, name):
    for silo in (name, "7"):
        (tmp_path / silo).mkdir()
        (tmp_path / silo / "a.parquet").touch()
    pattern = f"{tmp_path}/{{silo}}/*.parquet"
    (found,) = inputs.in_place(Silo(name, "/homes/x"), pattern, "7")
    assert found.path == str(tmp_path / name / "a.parquet")


def test_a_folder_with_a_number_of_too_many_digits_is_no_fault_of_ours(lake):
    path = lake.root / "nord" / f"code={'9' * 30}" / "a.parquet"
    path.parent.mkdir()
    pq.write_table(table(5, 5, 0).drop(["code"]), path)
    (failure,) = lake.infer().failures
    assert "value is no number" in failure.reason


def test_a_silo_whose_rows_are_all_gone_is_told_while_readers_see_some(lake):
    lake.infer()
    for path in (lake.root / "nord").iterdir():
        shutil.rmtree(path)
    account = lake.infer()
    assert exit_status(account) == 5
    (lacks,) = account.silos_not_scored
    assert "predictions of 140 rows, and no file of rows any more" in lacks.reason
    shutil.rmtree(lake.folder("nord"))  # as the hint says
    assert exit_status(lake.infer()) == 0


def test_a_pattern_that_finds_no_file_is_no_success(lake):
    lake.settings = InferenceSettings(input=f"{lake.root}/{{silo}}/**/*.parket")
    account = lake.infer()
    assert exit_status(account) == 5
    assert "no silo has rows to score" in account.reason


def test_all_in_a_home_belongs_to_its_silo(lake):
    lake.infer()
    for entry in lake.manifest:
        home = pathlib.Path(entry.silo.home)
        owners = {os.lstat(path).st_uid for path in (home, *home.rglob("*"))}
        assert owners == {home.stat().st_uid}


def test_a_model_whose_folder_is_back_scores(runs: Runs, tmp_path):
    folder, away = tmp_path / "model", tmp_path / "away"
    shutil.copytree(runs.model.folder, away)
    runs.model = dataclasses.replace(runs.model, folder=str(folder))
    runs.bless()
    assert runs.run()[1].status == "skipped"
    away.rename(folder)
    assert runs.run()[1].status == "done"


def test_a_pattern_that_finds_one_file_for_two_silos_is_refused(lake):
    for name in ("vest-1", "vest-nord-1"):
        pq.write_table(table(9, 1), lake.root / f"{name}.parquet")
    pattern = f"{lake.root}/{{silo}}-*.parquet"
    silos = (Silo("vest", str(lake.root)), Silo("vest-nord", str(lake.root)))
    entries = tuple(SiloEntry(silo) for silo in silos)
    lake.manifest = dataclasses.replace(lake.manifest, entries=entries)
    lake.settings = lake.settings.model_copy(update={"input": pattern})
    with pytest.raises(SettingsError, match="is found for silo `vest` and silo `vest-"):
        lake.infer()
    assert not [*lake.root.rglob("_predictions.json")]
