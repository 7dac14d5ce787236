import datetime

import pytest

from components.errors import SettingsError
from components.operator_state import Decision, OperatorState


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/not/there/yet/state.db"


def test_a_quarantine_counts_with_its_reason_from_then_on(url):
    OperatorState(url, "flights").quarantine("north", "  audit is open ")
    assert OperatorState(url, "flights").quarantined() == {"north": "audit is open"}


def test_the_last_decision_on_a_silo_counts(url):
    state = OperatorState(url, "flights")
    state.quarantine("north", "one")
    state.quarantine("south", "two")
    state.release("north", "mended")
    assert state.quarantined() == {"south": "two"}
    state.quarantine("north", "again")
    assert state.quarantined() == {"north": "again", "south": "two"}


def test_nothing_decided_is_ever_forgotten(url):
    state = OperatorState(url, "flights")
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


def test_use_cases_in_one_store_know_nothing_of_each_other(url):
    OperatorState(url, "flights").quarantine("north", "one")
    assert OperatorState(url, "census").quarantined() == {}
    assert OperatorState(url, "census").history() == []


@pytest.mark.parametrize("reason", ["", "  \n\t"])
@pytest.mark.parametrize("action", ["quarantine", "release"])
def test_a_decision_without_a_reason_is_refused_and_not_recorded(url, action, reason):
    state = OperatorState(url, "flights")
    state.quarantine("north", "audit")
    with pytest.raises(SettingsError) as caught:
        getattr(state, action)("north", reason)
    assert caught.value.message == (
        f"{action} of silo `north`: found an empty reason, expected one that its "
        "owner can read"
    )
    assert caught.value.hint == 'give --reason "..."'
    assert len(state.history()) == 1


def test_a_silo_that_is_not_quarantined_by_hand_cannot_be_released(url):
    state = OperatorState(url, "flights")
    with pytest.raises(SettingsError, match="`north` is not quarantined by hand"):
        state.release("north", "mended")
    assert state.history() == []


def test_silo_names_and_reasons_keep_any_script(url):
    state = OperatorState(url, "flights")
    state.quarantine("Süd-東京", "Prüfung läuft — 監査")
    assert state.quarantined() == {"Süd-東京": "Prüfung läuft — 監査"}
