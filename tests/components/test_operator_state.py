import datetime

import pytest

from components.errors import SettingsError
from components.operator_state import Decision, OperatorState


def test_a_quarantine_counts_with_its_reason_from_then_on(store_url):
    OperatorState(store_url, "flights").quarantine("north", "  audit is open ")
    assert OperatorState(store_url, "flights").quarantined() == {
        "north": "audit is open"
    }


def test_the_last_decision_on_a_silo_counts(store_url):
    state = OperatorState(store_url, "flights")
    state.quarantine("north", "one")
    state.quarantine("south", "two")
    state.release("north", "mended")
    assert state.quarantined() == {"south": "two"}
    state.quarantine("north", "again")
    assert state.quarantined() == {"north": "again", "south": "two"}


def test_nothing_decided_is_ever_forgotten(store_url):
    state = OperatorState(store_url, "flights")
    state.quarantine("north", "one")
    state.release("north", "two")
    assert [(d.silo, d.action, d.reason) for d in state.history()] == [
        ("north", "quarantine", "one"),
        ("north", "release", "two"),
    ]
    for decision in state.history():
        at = datetime.datetime.fromisoformat(decision.at)
        assert at.utcoffset() == datetime.timedelta(0)
    assert isinstance(state.history()[0], Decision)


def test_use_cases_in_one_store_know_nothing_of_each_other(store_url):
    OperatorState(store_url, "flights").quarantine("north", "one")
    assert OperatorState(store_url, "census").quarantined() == {}
    assert OperatorState(store_url, "census").history() == []


@pytest.mark.parametrize(
    ("reason", "found"),
    [
        ("", "an empty reason"),
        ("  \n\t", "an empty reason"),
        (" ... 42", "a reason without a letter"),
    ],
)
@pytest.mark.parametrize("action", ["quarantine", "release"])
def test_a_decision_without_a_reason_is_refused_and_not_recorded(
    store_url, action, reason, found
):
    state = OperatorState(store_url, "flights")
    state.quarantine("north", "audit")
    with pytest.raises(SettingsError) as caught:
        getattr(state, action)("north", reason)
    assert caught.value.message == (
        f"{action} of silo `north`: found {found}, expected one that its owner can read"
    )
    assert caught.value.hint == 'give --reason "..."'
    assert len(state.history()) == 1


def test_a_silo_that_is_not_quarantined_by_hand_cannot_be_released(store_url):
    state = OperatorState(store_url, "flights")
    with pytest.raises(SettingsError, match="`north` is not quarantined manually"):
        state.release("north", "mended")
    assert state.history() == []


def test_a_use_case_or_silo_that_differs_by_an_accent_or_by_case_is_another(store_url):
    OperatorState(store_url, "flights").quarantine("sud", "one")
    OperatorState(store_url, "Flights").quarantine("süd", "two")
    assert OperatorState(store_url, "flights").quarantined() == {"sud": "one"}
    assert OperatorState(store_url, "Flights").quarantined() == {"süd": "two"}
