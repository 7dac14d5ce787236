"""Waivers are recorded whole, hold for one model and gate, and end."""

from __future__ import annotations

import datetime

import pytest

from components.errors import SettingsError
from components.fairness_evaluator.waivers import Waivers

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


@pytest.fixture
def waivers(store_url):
    return Waivers(store_url, "flights")


def test_a_waiver_is_read_back_as_it_was_given(waivers, store_url):
    given = waivers.waive(**GIVEN)
    [record] = Waivers(store_url, "flights").history()
    assert (record.waiver, record.model_digest) == (given, "d1")
    assert (given.reason, given.by) == ("Süd-東京 zählt nicht", "A. Reviewer")
    at = datetime.datetime.fromisoformat(given.at)
    assert at.utcoffset() == datetime.timedelta(0)


def test_it_holds_through_its_last_day(waivers):
    given = waivers.waive(**GIVEN)
    assert waivers.active("d1", TODAY) == (given,)
    assert waivers.active("d1", TODAY + DAY) == ()


def test_it_holds_for_its_model_and_use_case_only(waivers, store_url):
    waivers.waive(**GIVEN)
    assert waivers.active("d2", TODAY) == ()
    assert Waivers(store_url, "census").active("d1", TODAY) == ()


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
        ({"by": ""}, "--by: found nothing, expected one name of the person"),
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
