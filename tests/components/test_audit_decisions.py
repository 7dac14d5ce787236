"""Appeals and weights: the last decision counts, and none is forgotten."""

import math

import pytest

from components.audit_decisions import AuditDecisions
from components.errors import SettingsError

WHO = {"reason": " agreed ", "by": "A. Operator"}


@pytest.fixture
def state(store_url):
    return AuditDecisions(store_url, "flights")


def test_a_factor_holds_until_it_is_taken_back(state, store_url):
    state.weigh("south", 0.5, **WHO)
    state.weigh("north", 2.0, **WHO)
    assert AuditDecisions(store_url, "flights").factors() == {"north": 2, "south": 0.5}
    assert AuditDecisions(store_url, "census").factors() == {}
    state.weigh("south", 1.0, **WHO)
    assert state.factors() == {"north": 2.0}
    rows = state._journal.history()
    assert [(row["reason"], row["by"]) for row in rows] == [("agreed", WHO["by"])] * 3


def test_an_appeal_suspends_the_factor_until_the_operator_decides(state):
    state.weigh("south", 0.5, **WHO)
    state.weigh("north", 0.7, **WHO)
    state.appeal("south", "run-1", "the sensor was replaced", "B. Owner")
    assert state.factors() == {"north": 0.7}
    assert state.appeals() == {"south": "B. Owner (run run-1): the sensor was replaced"}
    state.weigh("south", 0.8, **WHO)
    assert state.factors() == {"north": 0.7, "south": 0.8}
    assert state.appeals() == {}
    assert len(state._journal.history()) == 4


def test_an_appeal_that_is_granted_stands(state):
    state.weigh("south", 0.5, **WHO)
    state.appeal("south", "run-1", "the sensor was replaced", "B. Owner")
    state.weigh("south", 1.0, **WHO)
    assert state.factors() == {}
    assert state.appeals() == {"south": "B. Owner (run run-1): the sensor was replaced"}


@pytest.mark.parametrize("factor", [0.49, 2.01, 0.0, -1.0, math.nan, math.inf])
def test_a_factor_out_of_range_is_refused_and_not_recorded(state, factor):
    with pytest.raises(SettingsError, match=r"expected 0\.5 to 2") as caught:
        state.weigh("south", factor, **WHO)
    assert "fairsilo silo quarantine" in caught.value.hint
    assert state._journal.history() == []


@pytest.mark.parametrize("option", ["reason", "by"])
def test_a_decision_without_a_reason_or_a_name_is_refused(state, option):
    with pytest.raises(
        SettingsError, match=f"--{option}: found ' 42 ', expected words"
    ):
        state.weigh("south", 0.5, **{**WHO, option: " 42 "})
    with pytest.raises(SettingsError, match=f"--{option}"):
        state.appeal("south", "run-1", **{**WHO, option: ""})
    assert state._journal.history() == []
