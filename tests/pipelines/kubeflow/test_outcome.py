"""The store says more than Kubeflow knows; without it Kubeflow's state decides."""

import pytest

from pipelines.kubeflow import outcome
from pipelines.runs.store import RunStore
from pipelines.summary import Summary, of_start


@pytest.fixture
def store(tmp_path):
    return f"sqlite:///{tmp_path / 'store.sqlite'}"


def _finished(store, status):
    RunStore(store, "flights").finish(Summary("r1", "flights", "2013-11", status))


@pytest.mark.parametrize(("state", "status"), [("SUCCEEDED", 0), ("FAILED", 1)])
def test_without_the_store_kubeflows_state_decides(state, status):
    told = outcome.of(state, "", "flights", "r1")
    assert (told.exit_status, told.summary) == (status, None)
    assert "give --store" in told.note


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED"])
@pytest.mark.parametrize(
    ("status", "code"),
    [("blessed", 0), ("failed", 1), ("below_quorum", 3), ("not_blessed", 4)],
)
def test_the_store_tells_what_a_local_run_would(store, state, status, code):
    _finished(store, status)
    told = outcome.of(state, store, "flights", "r1")
    assert (told.status, told.exit_status, told.note) == (status, code, "")
    assert told.summary is not None
    assert told.summary.run_id == "r1"


def test_a_run_that_the_store_does_not_know_is_told(store):
    _finished(store, "blessed")
    told = outcome.of("CANCELED", store, "flights", "r2")
    assert told.exit_status == 1
    assert "the store has no end of run r2" in told.note


def test_a_run_that_the_store_believes_running_is_told(store):
    RunStore(store, "flights").start(of_start("r1", "flights", "latest"))
    assert "no end of run r1" in outcome.of("SUCCEEDED", store, "flights", "r1").note


def test_a_store_that_is_away_is_told_and_kubeflow_decides(monkeypatch):
    store = "mysql+pymysql://ann:secret@127.0.0.1:1/fairsilo?connect_timeout=1"
    told = outcome.of("SUCCEEDED", store, "flights", "r1")
    assert told.exit_status == 0
    assert told.note.startswith("Kubeflow's state decides: ")
    assert "secret" not in told.note
