"""Runs in a cluster's store, a real MariaDB beside sqlite: nothing of them is here."""

import pytest

from components.errors import SettingsError
from pipelines.past_runs.stored import StoredRuns
from pipelines.run_store import RunStore
from tests.pipelines import past
from tests.pipelines.past_runs.conftest import PAGE, with_pages


@pytest.fixture
def runs(store_url, places):
    past.stored(store_url, with_pages(places, past.evaluated(places, "a", 0.67)))
    return StoredRuns("flights", store_url)


def test_what_a_run_left_is_read_back(runs):
    told = runs.find("a")
    assert runs.page(told).read() == PAGE
    assert runs.page(told).file is None
    assert runs.silo_page(told, "F9").read() == b"F9 in a"
    assert runs.evaluation(told).figures == past.FIGURES
    assert runs.figures(told).num_rows == len(past.FIGURES)


def test_a_run_that_has_not_ended_is_there_and_has_nothing_yet(runs, store_url):
    RunStore(store_url, "flights").start("second", "latest")
    assert runs.run_ids() == ["a", "second"]
    told = runs.find()
    assert (told["run_id"], told["status"]) == ("second", "running")
    assert runs.page(told) is None
    assert list(runs.silo_pages(told)) == []
    assert runs.figures(told) is None
    with pytest.raises(SettingsError, match=r"no evaluation of it is kept \(it is run"):
        runs.evaluation(told)


def test_it_says_where_the_runs_are_and_how_one_is_started(runs, store_url, mariadb):
    assert runs.operator_store == store_url
    if store_url.startswith("mysql"):
        assert runs.place == f"the store at 127.0.0.1:{mariadb.port}"
    with pytest.raises(SettingsError) as caught:
        runs.find("x")
    assert caught.value.hint == (
        "`fairsilo report list flights` tells of them; start one with `fairsilo "
        "kubeflow run flights`, or in Kubeflow's UI"
    )
    assert mariadb.password not in caught.value.message
