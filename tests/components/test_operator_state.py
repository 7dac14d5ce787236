"""Quarantine by people: the last decision counts, and none is forgotten."""

import datetime

import pytest

from components.errors import SettingsError
from components.operator_state import OperatorState


@pytest.fixture
def state(store_url):
    return OperatorState(store_url, "flights")


def test_the_last_decision_on_a_silo_counts_and_none_is_forgotten(state, store_url):
    state.quarantine("north", "  audit is open ")
    state.quarantine("south", "two")
    assert OperatorState(store_url, "flights").quarantined() == {
        "north": "audit is open",
        "south": "two",
    }
    state.release("north", "mended")
    assert state.quarantined() == {"south": "two"}
    state.quarantine("north", "again")
    assert state.quarantined() == {"north": "again", "south": "two"}
    assert [(d.silo, d.action, d.reason) for d in state.history()] == [
        ("north", "quarantine", "audit is open"),
        ("south", "quarantine", "two"),
        ("north", "release", "mended"),
        ("north", "quarantine", "again"),
    ]
    at = datetime.datetime.fromisoformat(state.history()[0].at)
    assert at.utcoffset() == datetime.timedelta(0)


@pytest.mark.parametrize(
    ("reason", "found"),
    [("  \n\t", "an empty reason"), (" ... 42", "a reason without a letter")],
)
@pytest.mark.parametrize("action", ["quarantine", "release"])
def test_a_decision_without_a_reason_is_refused_and_not_recorded(
    state, action, reason, found
):
    state.quarantine("north", "audit")
    with pytest.raises(SettingsError) as caught:
        getattr(state, action)("north", reason)
    assert caught.value.message == (
        f"{action} of silo `north`: found {found}, expected one that its owner can read"
    )
    assert caught.value.hint == 'give --reason "..."'
    assert len(state.history()) == 1


def test_a_silo_that_is_not_quarantined_by_hand_cannot_be_released(state):
    with pytest.raises(SettingsError, match="`north` is not quarantined manually"):
        state.release("north", "mended")
    assert state.history() == []


def test_a_use_case_or_silo_that_differs_by_an_accent_or_by_case_is_another(
    state, store_url
):
    state.quarantine("sud", "one")
    OperatorState(store_url, "Flights").quarantine("süd", "two")
    assert state.quarantined() == {"sud": "one"}
    assert OperatorState(store_url, "Flights").quarantined() == {"süd": "two"}
