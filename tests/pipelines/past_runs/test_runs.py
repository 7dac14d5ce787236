"""Whatever keeps them, runs are found, and tell what they left or why it is missing."""

import pytest

from components.errors import SettingsError
from tests.pipelines import past
from tests.pipelines.past_runs.conftest import PAGE


def test_runs_come_oldest_first(runs):
    assert runs.run_ids() == ["a", "b"]
    assert [told["run_id"] for told in runs.summaries()] == ["a", "b"]
    assert runs.use_case == "flights"


def test_a_run_is_found_by_its_id_or_as_the_last(runs):
    found = [runs.find(run)["run_id"] for run in ("a", "b", "", "latest")]
    assert found == ["a", "b", "b", "b"]
    assert runs.find("a") == runs.summaries()[0]


def test_an_unknown_run_lists_those_that_are_known(runs):
    with pytest.raises(SettingsError) as caught:
        runs.find("x")
    assert caught.value.message == (
        f"run x of `flights`: found no summary of it in {runs.place}; known: a, b"
    )
    assert caught.value.hint == (
        "`fairsilo report list flights` tells of them; start one with "
        f"`{runs.program} flights`, {runs.elsewhere}"
    )
    assert runs.has_any()


def test_the_last_run_with_a_page_comes_before_those_that_failed(kept):
    assert kept.runs.last_with_page()["run_id"] == "a"
    kept.lose()
    with pytest.raises(SettingsError) as caught:
        kept.runs.last_with_page()
    assert caught.value.message == (
        f"use case `flights`: not one of 2 runs in {kept.runs.place} has a page"
    )
    assert "`fairsilo report list flights`" in caught.value.hint


def test_pages_are_read_back_as_they_were(runs):
    told = runs.find("a")
    assert runs.page(told).read() == PAGE
    pages = dict(runs.silo_pages(told))
    assert len(pages) == len(past.SILOS)
    for silo in past.SILOS:
        assert runs.silo_page(told, silo).read().decode() == f"{silo} in a"


def test_a_run_without_pages_has_none(runs):
    told = runs.find("b")
    assert runs.page(told) is None
    assert list(runs.silo_pages(told)) == []


def test_a_silo_that_the_run_does_not_know_is_told_so(runs):
    with pytest.raises(SettingsError) as caught:
        runs.silo_page(runs.find("a"), "ZZ")
    assert caught.value.message == (
        "silo `ZZ`: found no such silo among the 4 that run a tells of"
    )
    assert caught.value.hint == "`fairsilo report show flights a` lists them"


def test_an_evaluation_is_read_back_whole(runs):
    found = runs.evaluation(runs.find("a"))
    assert found.figures == past.FIGURES
    assert not found.decision.blessed
    assert found.decision.silos == tuple(past.SILOS)


def test_figures_are_the_columns_of_the_table(runs):
    assert runs.figures(runs.find("a")).num_rows == len(past.FIGURES)
    assert runs.figures(runs.find("b")) is None


def test_a_run_that_evaluated_nothing_says_why(runs):
    with pytest.raises(SettingsError) as caught:
        runs.evaluation(runs.find("b"))
    assert caught.value.message == (
        "run b: no evaluation of it is kept (the disk is full)"
    )


def test_what_is_gone_is_none_where_runs_are_listed(kept):
    kept.lose()
    told = kept.runs.find("a")
    assert kept.runs.page(told) is None
    assert list(kept.runs.silo_pages(told)) == []
    assert kept.runs.figures(told) is None


def test_what_is_gone_is_told_where_it_is_asked_for(kept):
    kept.lose()
    told = kept.runs.find("a")
    with pytest.raises(SettingsError) as caught:
        kept.runs.evaluation(told)
    assert caught.value.message == (
        "run a: its evaluation was deleted: found no table.parquet and no "
        f"decision.json of it in {kept.runs.place}"
    )
    assert caught.value.hint == "run that span again"
    with pytest.raises(SettingsError) as caught:
        kept.runs.silo_page(told, "F9")
    assert caught.value.message == (
        "silo `F9`: found no page of it beside the page of run a in "
        f"{kept.runs.place}, expected one; it was deleted, or that run's version of "
        "FairSilo kept none"
    )
    assert caught.value.hint == "run that span again"
