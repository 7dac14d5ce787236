"""Who contributes, as the run page shows it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from components.dashboard import chart_data
from components.dashboard.formats import NONE
from components.dashboard.report import NO_CONTRIBUTION
from components.dashboard.section import Chart, Note
from components.dashboard.sections import contribution, silos
from components.payloads.contribution import (
    CONTRIBUTES,
    RIDES,
    UNKNOWN,
    ContributionReport,
    SiloContribution,
)
from components.payloads.interval import Interval
from tests.components.dashboard.conftest import (
    EVIL,
    figures_of,
    page_of,
    said,
    table_of,
    texts,
)
from tests.support import contributions

NAMES = [f"s{number:02d}" for number in range(46)]
AUDIT = contributions.report(NAMES)


def of(run, found: ContributionReport):
    """Return the section of a report."""
    return contribution.section(dataclasses.replace(run, contribution=found))


@pytest.fixture(scope="module")
def made(run):
    return of(run, AUDIT)


def evidence(section):
    """Return sentences and hints by silo, in the order of the table."""
    return {
        row.cells[0].text: [
            text
            for group in row.cells[-1].findings
            for text in (*group.sentences, group.hint)
        ]
        for row in table_of(section, "Verdicts").rows
    }


def test_key_figures_count_the_verdicts(made):
    found = {label: figure.value for label, figure in figures_of(made).items()}
    helping = sum(one.verdict == CONTRIBUTES for one in AUDIT.silos)
    assert found == {
        "Contributes": str(helping),
        "Rides free": "1",
        "Can't tell": str(45 - helping),
    }


def test_the_worst_comes_first_by_hand(run):
    def one(silo, verdict, low=None, **more):
        known = None if low is None else Interval(low + 1, low, low + 2)
        return SiloContribution(silo, verdict, contribution=known, **more)

    sign = (contributions.sign("few", contributions.FEW),)
    found = [
        one("helps", CONTRIBUTES, 0.1),
        one("no figure", UNKNOWN),
        one("hurts", UNKNOWN, -3.0),
        one("suspect", UNKNOWN, 2.0, signs=sign),
        one("helps less", CONTRIBUTES, 0.01),
        one("rides", RIDES, 1.0, signs=sign),
    ]
    shown = texts(table_of(of(run, ContributionReport(tuple(found))), "Verdicts"))
    assert [row[0] for row in shown] == [
        *("rides", "suspect", "hurts", "no figure", "helps less", "helps"),
    ]


def test_a_rider_stands_with_its_signs_and_what_to_do(made):
    (first, (reason, hint)), *_ = evidence(made).items()
    assert first == "s01"
    assert contributions.ECHOES.sentence in reason
    assert hint == (
        "talk to its owner; `fairsilo audit appeal` contests it; "
        f"{contributions.ECHOES.hint}"
    )
    assert evidence(made)["s02"][-2] == (
        "contested by B. Owner (run r1): the sensor was replaced"
    )


def test_an_appeal_that_the_reason_names_is_not_named_again():
    appeal = "B. Owner: new sensor"
    told = SiloContribution("a", reason=f"odd; contested by {appeal}", appeal=appeal)
    assert len(told.evidence) == 1


def test_signals_read_as_the_report_has_them(made):
    rows = {row[0]: row[1:] for row in texts(table_of(made, "Signals"))}
    assert rows["s02"] == [
        *("550", "3.0 %", NONE, "0.3", NONE, NONE, NONE, NONE),
    ]
    one = AUDIT.get("s10")
    assert one
    assert one.per_thousand
    assert one.contribution
    assert one.gain
    assert rows["s10"] == [
        f"{one.rows:,}",
        f"{100 * one.measures['distinct']:.1f} %",
        f"{100 * one.measures['shared']:.1f} %",
        f"{one.measures['rank_z']:.1f}",
        f"{one.measures['echo']:.2f}",
        NONE,
        "{:+.3f} ({:+.3f} to {:+.3f})".format(*one.per_thousand),
        "6 to 11",
    ]
    (verdict,) = (row for row in texts(table_of(made, "Verdicts")) if row[0] == "s10")
    assert verdict[2] == "{:+.3f} ({:+.3f} to {:+.3f})".format(*one.contribution)
    assert verdict[3] == "{:+.3f} ({:+.3f} to {:+.3f})".format(*one.gain)


def test_shares_are_shown_by_whose_loss_counts(run):
    shares = [
        {"mean": 0.5, "worst_tenth": 0.25, "gap": 0.0},
        {"mean": 0.3, "worst_tenth": 0.25, "gap": 0.2},
        {},
    ]
    silos_of = [SiloContribution(f"s{n}", shares=it) for n, it in enumerate(shares)]
    shown = table_of(
        of(run, ContributionReport(tuple(silos_of))), "How the benefit could be shared"
    )
    assert texts(shown) == [
        ["s0", "0", "50.0 %", "25.0 %", "0.0 %"],
        ["s1", "0", "30.0 %", "25.0 %", "20.0 %"],
    ]


def test_signals_that_are_not_known_are_named_with_why(run):
    found = of(run, contributions.without_help(NAMES[:9]))
    (note,) = (part for part in found.parts if isinstance(part, Note))
    assert note.items == (f"Help: {contributions.WHY}",)
    assert not any(isinstance(part, Chart) for part in found.parts)


def test_a_run_without_an_audit_says_why(run):
    said_ = said(of(run, contributions.refused()))
    assert said_ == [f"No audit was made: {contributions.REFUSAL}."]
    assert "version made none" in NO_CONTRIBUTION.refusal
    without = dataclasses.replace(run, parts=run.parts - {"contribution"})
    assert 'id="contribution"' not in page_of(without)


def test_more_silos_than_the_map_holds_are_said(run):
    many = contributions.report([f"s{number:03d}" for number in range(70)])
    (chart,) = (p for p in of(run, many).parts if getattr(p, "name", "") == "helps")
    assert "more than 60 silos the map has those that contribute most" in chart.note
    assert len(chart_data.helps(many.silos)["rows"]) == 60


def test_silos_that_help_alike_stand_together():
    """Two blocks of silos that help their own and hurt the others."""
    names = list("abcdefgh")

    def effect(one, other):
        return 1.0 if (names.index(one) - names.index(other)) % 2 == 0 else -0.5

    made = [
        SiloContribution(
            one,
            helps={it: Interval(*[effect(one, it)] * 3) for it in names if it != one},
        )
        for one in names
    ]
    found = chart_data.helps(made)
    order = [names.index(silo) % 2 for silo in found["rows"]]
    assert order in ([0] * 4 + [1] * 4, [1] * 4 + [0] * 4)
    values = np.array(found["values"][0], dtype=float).reshape(8, 8)
    for row, one in enumerate(found["rows"]):
        for column, other in enumerate(found["rows"]):
            if one != other:
                assert values[row, column] == 100_000 * effect(one, other)
    assert np.isnan(np.diag(values)).all()
    assert chart_data.helps(made) == found


@pytest.mark.parametrize("number", [0, 1, 2])
def test_few_silos_have_a_map_too(number):
    found = chart_data.helps(contributions.report(NAMES[:number]).silos)
    assert len(found["rows"]) in {0, number}


def test_the_largest_distances_are_told_and_mapped(run):
    away = {"a": {"x": 0.2, "y": 0.931}, "b": {"x": 0.5}, "c": {}, EVIL: {"z": 0.1}}
    members = [
        dataclasses.replace(run.cohort.members[0], silo=silo, heterogeneity=found)
        for silo, found in away.items()
    ]
    assert chart_data.heterogeneity(members) == {
        "rows": ["a", "b", EVIL],
        "columns": ["y", "x", "z"],
        "values": [
            [
                *(93_100, 20_000, None),
                *(None, 50_000, None),
                *(None, None, 10_000),
            ]
        ],
    }
    cohort = dataclasses.replace(run.cohort, members=tuple(members))
    told = said(silos.section(dataclasses.replace(run, cohort=cohort)))
    assert (
        "Least alike are `a`: column `y` 0.93; `b`: column `x` 0.50; `a`: column `x` "
        "0.20."
    ) in told
