"""Decisions and lists in a cluster's store: silos are known from its runs."""

import pathlib

import pytest

from components.errors import SettingsError
from components.operator_state import OperatorState
from components.payloads.findings import Finding
from pipelines.cli import shared_store
from pipelines.runs.store import RunStore
from pipelines.summary import Silo, Summary


def ended(run_id, *silos):
    few = (Finding("too few rows", "get more"),)
    entries = tuple(
        Silo(silo, 100 * (number + 1), 10, number == 0, few * number)
        for number, silo in enumerate(silos)
    )
    return Summary(run_id, "flights", "2013-11", "blessed", silos=entries)


def test_a_silo_that_the_latest_runs_or_the_operator_know_can_be_decided_on(
    store_url, capsys
):
    shared_store.decisions_on(store_url, "flights", "west").quarantine("west", "audit")
    assert "no run of `flights` has named its silos yet" in capsys.readouterr().err
    RunStore(store_url, "flights").finish(ended("a", "north", "süd"))
    shared_store.decisions_on(store_url, "flights", "süd").quarantine("süd", "audit")
    shared_store.decisions_on(store_url, "flights", "west").release("west", "back")
    assert OperatorState(store_url, "flights").quarantined() == {"süd": "audit"}
    assert capsys.readouterr().err == ""
    with pytest.raises(SettingsError) as caught:
        shared_store.decisions_on(store_url, "flights", "sud")
    assert caught.value.message == (
        "silo `sud`: found no such silo in the latest runs of `flights`; there are "
        "north, süd"
    )
    with pytest.raises(SettingsError, match="would leave its parent folder"):
        shared_store.decisions_on(store_url, "flights", "../x")


def test_silos_are_listed_with_their_last_verdict_and_the_operators(store_url):
    runs = RunStore(store_url, "flights")
    runs.finish(ended("a", "west", "süd", "north"))
    runs.finish(ended("b", "north", "süd"))
    OperatorState(store_url, "flights").quarantine("süd", "audit")
    OperatorState(store_url, "flights").quarantine("gone", "moved out")
    listed = {
        item.pop("silo"): item for item in shared_store.silos(store_url, "flights")
    }
    assert list(listed) == ["gone", "north", "süd", "west"]
    assert listed["north"] == {
        "run_id": "b",
        "rows_train": 100,
        "admitted": True,
        "reasons": [],
        "quarantined": "",
    }
    assert listed["süd"]["reasons"] == [
        {"sentence": "too few rows", "hint": "get more"}
    ]
    assert listed["süd"]["quarantined"] == "audit"
    assert listed["west"]["run_id"] == "a"
    assert (listed["gone"]["admitted"], listed["gone"]["quarantined"]) == (
        None,
        "moved out",
    )


@pytest.mark.parametrize(
    ("output", "overrides", "option"),
    [(pathlib.Path("out"), None, "--output"), (None, ["silos.root=x"], "--set")],
)
def test_options_of_local_folders_are_refused_beside_a_store(output, overrides, option):
    with pytest.raises(SettingsError) as caught:
        shared_store.refuse_local(output, overrides)
    assert caught.value.message.startswith(
        f"found {option} beside a store (--store, or"
    )
    assert caught.value.hint == f"leave out {option}, or unset FAIRSILO_STORE"
