"""Runs in folders here: their pages lie in files, which may be half gone."""

import pathlib

import pytest

from components.errors import SettingsError
from pipelines.past_runs.local import LocalRuns
from tests.pipelines import past
from tests.pipelines.past_runs.conftest import with_pages


@pytest.fixture
def runs(places):
    return LocalRuns("flights", places)


@pytest.fixture
def told(places):
    return with_pages(places, past.evaluated(places, "a", 0.6))


def test_it_says_where_the_runs_are_and_how_one_is_started(runs, places):
    assert runs.place == str(places.output)
    assert runs.operator_store == places.operator_store
    assert runs.program == "fairsilo run"


def test_runs_of_another_use_case_in_the_same_folder_are_not_its_own(places, runs):
    for name, use_case in (("a", "flights"), ("b", "census")):
        past.evaluated(places, name, 0.6, use_case=use_case)
    assert runs.run_ids() == ["a"]
    assert runs.find()["run_id"] == "a"
    with pytest.raises(SettingsError, match="run b of `flights`: found no summary"):
        runs.find("b")


def test_a_page_is_the_file_that_the_run_wrote(runs, told):
    assert runs.page(told).file == pathlib.Path(told["dashboard"])


def test_silo_pages_are_the_html_beside_the_runs_page_in_order(runs, told):
    folder = pathlib.Path(told["dashboard"]).parent / "silos"
    (folder / "notes.txt").write_text("mine")
    found = [(name, page.file) for name, page in runs.silo_pages(told)]
    assert found == [(path.name, path) for path in sorted(folder.glob("*.html"))]
    assert len(found) == len(past.SILOS)


def test_without_the_runs_page_there_are_none_of_its_silos(runs, told):
    pathlib.Path(told["dashboard"]).unlink()
    assert list(runs.silo_pages(told)) == []


def test_a_deleted_decision_is_told(runs, told, places):
    pathlib.Path(told["blessing"], "decision.json").unlink()
    with pytest.raises(SettingsError) as caught:
        runs.evaluation(told)
    assert caught.value.message == (
        f"run a: its evaluation was deleted: found no decision.json of it in "
        f"{places.output}"
    )


@pytest.mark.parametrize("of", [{"evaluation": None}, {}])
def test_a_run_of_a_version_that_told_of_no_evaluation_has_no_figures(runs, of):
    assert runs.figures({"run_id": "old", **of}) is None


def test_before_any_run_none_is_known(runs):
    assert (runs.summaries(), runs.run_ids()) == ([], [])
    with pytest.raises(SettingsError) as caught:
        runs.find()
    assert caught.value.message == (
        f"use case `flights`: found no run yet in {runs.place}"
    )
    assert caught.value.hint == (
        "start one with `fairsilo run flights`, or give --output where they were "
        "written elsewhere"
    )
    with pytest.raises(SettingsError, match="found no run yet in "):
        runs.last_with_page()
    with pytest.raises(SettingsError, match=r"run x of .*; known: none") as caught:
        runs.find("x")
    assert caught.value.hint.startswith("start one with `fairsilo run flights`, or")


def test_a_folder_of_another_use_cases_runs_has_none_of_this_one(places, runs):
    past.evaluated(places, "c", 0.6, use_case="census")
    assert not runs.has_any()
    past.evaluated(places, "f", 0.6)
    assert runs.has_any()
