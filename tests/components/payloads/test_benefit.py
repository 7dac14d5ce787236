import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.errors import FairSiloError
from components.payloads.benefit import BenefitReport, SiloBenefit
from components.payloads.interval import Interval

FIGURES = st.floats(allow_nan=False, allow_infinity=False)
INTERVALS = st.builds(Interval, FIGURES, FIGURES, FIGURES)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
TABLES = st.dictionaries(
    st.sampled_from(["base", "personal", "alone", "served", "pooled"]),
    st.dictionaries(st.sampled_from(["auc", "log_loss", "brier"]), INTERVALS),
)
COUNTS = st.dictionaries(TEXT, st.integers(0, 10**9), max_size=2)
SILOS = st.builds(
    SiloBenefit,
    silo=TEXT,
    served=st.sampled_from(["base", "personal", "alone"]),
    digest=TEXT,
    weights=TEXT,
    reason=TEXT,
    rows=COUNTS,
    positives=st.none() | st.integers(0),
    passes=COUNTS,
    figures=TABLES,
    gains=TABLES,
    freedom=st.integers(0),
    choice=st.dictionaries(st.sampled_from(["personal", "alone"]), INTERVALS),
    failure=TEXT,
)
REPORTS = st.builds(
    BenefitReport,
    method=TEXT,
    base=TEXT,
    silos=st.lists(SILOS, max_size=3).map(tuple),
    pooled=TEXT,
    refusal=TEXT,
)


@given(REPORTS)
def test_a_report_comes_back_as_it_was_written_and_gives_the_same_bytes(report):
    text = report.to_json()
    again = BenefitReport.of_json(text)
    assert again == report
    assert again.to_json() == text
    for silo in again.silos:
        for table in (silo.figures, silo.gains):
            for row in table.values():
                assert all(type(figure) is Interval for figure in row.values())


def test_a_silo_s_gain_is_that_of_what_serves_it():
    gains = {
        "personal": {"auc": Interval(0.1, 0.0, 0.2)},
        "served": {"auc": Interval(0.3, 0.2, 0.4), "brier": Interval(0.5, 0.4, 0.6)},
    }
    silo = SiloBenefit("süd", gains=gains)
    assert silo.gain == Interval(0.3, 0.2, 0.4)
    assert dataclasses.replace(silo, gains={}).gain is None
    report = BenefitReport(silos=(SiloBenefit("nord"), silo))
    assert report.get("süd") is silo
    assert report.get("vest") is None


def test_the_digest_of_what_serves_is_the_base_s_where_it_alone_serves():
    def digest(*own, base="b"):
        north = SiloBenefit("north", digest="b")
        return BenefitReport("ditto", base, (north, *own)).served_digest

    one, two = (SiloBenefit(name, "personal", f"d{name}") for name in ("a", "z"))
    assert digest() == digest(SiloBenefit("south")) == "b"
    alike = [digest(one, two), digest(two, one)]
    other = dataclasses.replace(one, digest="other")
    swapped = [dataclasses.replace(one, silo="z"), dataclasses.replace(two, silo="a")]
    different = [digest(one), digest(two), digest(other), digest(*swapped)]
    different.append(digest(one, base="other"))
    assert len({"b", *alike, *different}) == 2 + len(different)


def test_a_silo_whose_model_is_lost_is_judged_as_served_by_base():
    gains = {"base": {"auc": Interval(-0.1, -0.2, 0.0)}}
    gains["served"] = gains["personal"] = {"auc": Interval(0.3, 0.2, 0.4)}
    one = SiloBenefit("a", "personal", "d", "a.npz", "it is better", gains=gains)
    other = dataclasses.replace(one, silo="z")
    few = SiloBenefit("few", "personal", "d", "few.npz")
    report = BenefitReport("ditto", "b", (one, few, other))
    lost = {"a": "a.npz is gone", "few": "damaged", "south": "has no entry"}
    judged = report.as_judged(lost)
    assert judged.silos == (
        SiloBenefit(
            *("a", "base", "b", "", "a.npz is gone"),
            gains={**gains, "served": gains["base"]},
        ),
        SiloBenefit("few", "base", "b", "", "damaged", gains={"served": {}}),
        other,
    )
    assert judged.silos[0].gain == Interval(-0.1, -0.2, 0.0)
    assert report.as_judged({}) == report


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"gains": {"served": {"auc": [0.1, "x", 0.2]}}}, r"silos\.0\.gains"),
        ({"gains": {"served": {"auc": [0.1, 0.2]}}}, r"silos\.0\.gains"),
    ],
)
def test_a_report_of_another_form_is_refused_with_its_place(change, place):
    fields = BenefitReport(silos=(SiloBenefit("süd"),)).fields()
    fields["silos"][0].update(change)
    with pytest.raises(
        FairSiloError, match=rf"benefit.json: found a fault in `{place}"
    ):
        BenefitReport.of_json(json.dumps(fields))
