"""Waivers are recorded whole, hold for one model and gate, and end."""

from __future__ import annotations

import concurrent.futures
import datetime
import threading

import pytest
import sqlalchemy as sa

from components.errors import SettingsError
from components.fairness_evaluator.waivers import Waivers
from components.store import Store

TODAY = datetime.datetime.now(datetime.UTC).date()
DAY = datetime.timedelta(days=1)
GIVEN = {
    "run_id": "run-1",
    "gate": "silo_floor",
    "model_digest": "d1",
    "reason": "  Süd-東京 zählt nicht ",
    "by": "A. Reviewer",
    "until": TODAY.isoformat(),
}
WITHDRAWN = {
    "gate": "silo_floor",
    "model_digest": "d1",
    "reason": " F9 zählt doch ",
    "by": " B. Reviewer ",
}


@pytest.fixture
def waivers(store_url):
    return Waivers(store_url, "flights")


def test_a_waiver_is_read_back_as_it_was_given(waivers, store_url):
    given = waivers.waive(**GIVEN)
    [record] = Waivers(store_url, "flights").history()
    assert (record.waiver, record.model_digest) == (given, "d1")
    assert record.withdrawal is None
    assert (given.reason, given.by) == ("Süd-東京 zählt nicht", "A. Reviewer")
    at = datetime.datetime.fromisoformat(given.at)
    assert at.utcoffset() == datetime.timedelta(0)


def test_waivers_hold_for_their_model_and_use_case_through_their_last_day(
    waivers, store_url
):
    first = waivers.waive(**GIVEN)
    second = waivers.waive(**GIVEN | {"gate": "change"})
    other = waivers.waive(**GIVEN | {"model_digest": "d2"})
    census = Waivers(store_url, "census").waive(**GIVEN)
    assert waivers.all_active(TODAY) == {"d1": (second, first), "d2": (other,)}
    assert waivers.all_active(TODAY + DAY) == {}
    waivers.withdraw(**WITHDRAWN)
    assert waivers.all_active(TODAY) == {"d1": (second,), "d2": (other,)}
    assert Waivers(store_url, "census").active("d1", TODAY) == (census,)


def test_of_several_for_one_gate_the_last_counts(waivers):
    waivers.waive(**GIVEN | {"until": (TODAY + 9 * DAY).isoformat()})
    last = waivers.waive(**GIVEN | {"reason": "shorter"})
    other = waivers.waive(**GIVEN | {"gate": "change"})
    assert waivers.active("d1", TODAY) == (other, last)
    assert waivers.active("d1", TODAY + DAY) == ()
    assert len(waivers.history()) == 3


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"reason": " \n"}, "--reason: found nothing, expected one that a reviewer"),
        ({"by": ""}, "--by: found nothing, expected the name of the person"),
        (
            {"reason": " ... "},
            "--reason: found '...', which has no letter, expected one that a reviewer",
        ),
        ({"by": "42"}, "--by: found '42', which has no letter, expected the name"),
        ({"until": "soon"}, "--until: found 'soon', expected a day such as 2026-12-31"),
        (
            {"until": (TODAY - DAY).isoformat()},
            f"--until: found {TODAY - DAY}, which is over; in UTC today is {TODAY}",
        ),
    ],
)
def test_what_can_not_be_a_waiver_is_refused_and_not_recorded(waivers, changed, says):
    with pytest.raises(SettingsError) as caught:
        waivers.waive(**GIVEN | changed)
    assert says in caught.value.message
    assert "give --" in caught.value.hint
    assert waivers.history() == []


def test_the_hint_for_a_reason_can_be_copied(waivers):
    with pytest.raises(SettingsError) as caught:
        waivers.waive(**GIVEN | {"reason": ""})
    example = caught.value.hint.split('"')[1]
    assert waivers.waive(**GIVEN | {"reason": example}).reason == example


def test_a_withdrawn_waiver_holds_no_more_and_stays_on_record(waivers, store_url):
    given = waivers.waive(**GIVEN)
    ended = waivers.withdraw(**WITHDRAWN)
    again = Waivers(store_url, "flights")
    assert again.active("d1", TODAY) == ()
    assert again.history() == [ended]
    assert ended.waiver == given
    assert (ended.withdrawal.reason, ended.withdrawal.by) == (
        "F9 zählt doch",
        "B. Reviewer",
    )
    at = datetime.datetime.fromisoformat(ended.withdrawal.at)
    assert at.utcoffset() == datetime.timedelta(0)


def test_a_gate_can_be_waived_again_after_a_withdrawal(waivers):
    waivers.waive(**GIVEN | {"until": (TODAY + 9 * DAY).isoformat()})
    waivers.waive(**GIVEN)
    waivers.withdraw(**WITHDRAWN)
    assert waivers.active("d1", TODAY) == ()  # nor does the one before
    last = waivers.waive(**GIVEN | {"reason": "after all"})
    assert waivers.active("d1", TODAY) == (last,)
    waivers.withdraw(**WITHDRAWN)
    assert waivers.active("d1", TODAY) == ()


@pytest.mark.parametrize(
    ("changed", "says", "hint"),
    [
        ({"by": " "}, "--by: found nothing, expected the name of the person", "give"),
        ({"reason": "-"}, "--reason: found '-', which has no letter", "give"),
        (
            {"gate": "silo_gap"},
            "gate `silo_gap`: found no waiver of it that holds for that model, "
            "expected one to withdraw; those that hold: change, silo_floor",
            "`fairsilo gate waivers USE_CASE` lists all",
        ),
        ({"model_digest": "d2"}, "those that hold: none", "lists all"),
    ],
)
def test_what_can_not_be_withdrawn_is_refused_and_not_recorded(
    waivers, changed, says, hint
):
    waivers.waive(**GIVEN)
    waivers.waive(**GIVEN | {"gate": "change"})
    with pytest.raises(SettingsError) as caught:
        waivers.withdraw(**WITHDRAWN | changed)
    assert says in caught.value.message
    assert hint in caught.value.hint
    assert [record.withdrawal for record in waivers.history()] == [None, None]


def test_a_waiver_past_its_last_day_can_not_be_withdrawn(waivers, store_url):
    waivers.waive(**GIVEN)
    with Store(store_url, sa.MetaData()).begin() as connection:
        connection.execute(sa.text("UPDATE gate_waivers SET until = '2020-01-01'"))
    with pytest.raises(SettingsError, match="those that hold: none"):
        waivers.withdraw(**WITHDRAWN)


def test_of_two_people_at_once_one_withdraws_it_and_the_other_is_told(store_url):
    Waivers(store_url, "flights").waive(**GIVEN)
    together = threading.Barrier(2)

    def withdraw(by):
        state = Waivers(store_url, "flights")
        together.wait(30)
        try:
            return state.withdraw(**WITHDRAWN | {"by": by}).withdrawal.by
        except SettingsError as error:
            return error.message

    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        told = sorted(threads.map(withdraw, ["A", "B"]))
    assert told[0] in {"A", "B"}
    assert "found no waiver of it that holds" in told[1]
    [record] = Waivers(store_url, "flights").history()
    assert record.withdrawal.by == told[0]
