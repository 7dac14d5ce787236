"""The rule's three values, each seen with what it rests on."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.contribution_auditor import rule
from components.payloads.contribution import (
    CONTRIBUTES,
    ECHO,
    MEANING,
    RIDES,
    UNKNOWN,
    Sign,
    SiloContribution,
)
from components.payloads.findings import Finding
from components.payloads.interval import Interval

SIGN = Sign(ECHO, "copy", Finding("its updates repeat what it was sent", "look"))
SURE_GAIN = Interval(0.02, 0.01, 0.03)
NO_GAIN = Interval(0.0, -0.01, 0.01)
HELPS = {"b": Interval(2.0, 1.0, 3.0), "c": Interval(0.0, -1.0, 1.0)}


def silo(**fields):
    return rule.decide(SiloContribution("a", **fields))


def test_who_surely_gains_and_has_a_sign_in_two_audits_rides():
    found = silo(signs=(SIGN,), earlier=("2013-10",), gain=SURE_GAIN)
    assert found.verdict == RIDES
    assert found.reason == (
        "surely gains by the federation (AUC +0.020), and its updates repeat what it "
        "was sent; as in the audit of 2013-10"
    )
    assert "audit appeal" in found.hint


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"earlier": ()}, "one audit accuses nobody, and this one found"),
        ({"gain": NO_GAIN}, "whether it gains by the federation may be chance"),
        ({"gain": None}, "whether it gains by the federation is not known"),
        ({"appeal": "B. Owner: our export"}, "contested by B. Owner: our export"),
    ],
)
def test_without_one_of_these_it_can_not_be_told(fields, why):
    whole = {"signs": (SIGN,), "earlier": ("2013-10",), "gain": SURE_GAIN}
    found = silo(**(whole | fields))
    assert found.verdict == UNKNOWN
    assert SIGN.finding.sentence in found.reason
    assert why in found.reason


def test_who_surely_helps_the_others_contributes():
    found = silo(contribution=Interval(1.5, 0.5, 2.5), helps=HELPS)
    assert found.verdict == CONTRIBUTES
    assert "1.50 (0.50 to 2.50) thousandths of a nat" in found.reason
    assert "surely helps" not in found.reason  # of two a number may tell whom
    helps = HELPS | dict.fromkeys("def", HELPS["c"])
    found = silo(contribution=Interval(1.5, 0.5, 2.5), helps=helps)
    assert "surely helps 1 of 5 silos" in found.reason


def test_who_surely_helps_one_silo_contributes_though_all_together_may_be_chance():
    found = silo(contribution=Interval(0.1, -0.5, 0.7), helps=HELPS)
    assert found.verdict == CONTRIBUTES


def test_a_sure_help_with_a_hard_sign_is_no_contribution():
    assert silo(contribution=Interval(1.5, 0.5, 2.5), signs=(SIGN,)).verdict == UNKNOWN


def test_harm_is_unusual_and_never_riding():
    found = silo(
        contribution=Interval(-2.0, -3.0, -1.0),
        gain=SURE_GAIN,
        earlier=("2013-10",),
        helps=HELPS,
    )
    assert found.verdict == UNKNOWN
    assert found.reason.startswith("unusual: by it the others lose 2.00 (1.00 to 3.00)")
    assert "personal model" in found.hint


def test_what_may_be_chance_says_what_would_tell():
    found = silo(contribution=Interval(0.5, -0.5, 1.5))
    assert found.verdict == UNKNOWN
    assert (
        found.hint == "about 4 times as many audited rounds would tell (audit.rounds)"
    )
    tiny = silo(contribution=Interval(0.001, -1.0, 1.0))
    assert "more rows of its own would" in tiny.hint


def test_what_is_not_known_is_not_made_up():
    found = silo()
    assert found.verdict == UNKNOWN
    assert found.reason == "what its updates do for the others is not known"


intervals = st.none() | st.tuples(*[st.floats(-10, 10)] * 3).map(
    lambda it: Interval(sorted(it)[1], min(it), max(it))
)


@given(
    intervals, intervals, st.booleans(), st.booleans(), st.sampled_from(["", "x: y"])
)
def test_nobody_rides_without_a_sure_gain_and_two_signs(
    contribution, gain, signed, before, appeal
):
    found = silo(
        contribution=contribution,
        gain=gain,
        signs=(SIGN,) if signed else (),
        earlier=("2013-10",) if before else (),
        appeal=appeal,
    )
    may_ride = signed and before and not appeal and gain is not None and gain.low > 0
    assert (found.verdict == RIDES) == may_ride
    assert found.reason
    assert dataclasses.replace(found, verdict=UNKNOWN, reason="", hint="") == (
        SiloContribution(
            "a",
            contribution=contribution,
            gain=gain,
            signs=(SIGN,) if signed else (),
            earlier=("2013-10",) if before else (),
            appeal=appeal,
        )
    )


def test_labels_without_meaning_alone_are_wrong_data_and_no_riding():
    meant = Sign(MEANING, "no_meaning", Finding("no model ranks its labels"))
    found = silo(signs=(meant,), earlier=("2013-10",), gain=SURE_GAIN)
    assert found.verdict == UNKNOWN
    assert found.reason == "wrong data rather than riding: no model ranks its labels"
    both = silo(signs=(meant, SIGN), earlier=("2013-10",), gain=SURE_GAIN)
    assert both.verdict == RIDES


def test_where_the_audited_rounds_helped_nobody_no_silo_is_unusual():
    worse = SiloContribution("a", contribution=Interval(-2.0, -3.0, -1.0))
    found = rule.decide(worse, is_better=False)
    assert found.verdict == UNKNOWN
    assert "made the model no better" in found.reason
    assert "unusual" not in found.reason
