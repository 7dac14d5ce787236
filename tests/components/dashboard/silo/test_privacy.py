"""What a silo's owner reads of its privacy: its own budget, and no other's."""

from __future__ import annotations

import dataclasses

import pytest

from components.dashboard.section import Drawing
from components.dashboard.sections import privacy as sections_privacy
from components.dashboard.silo import own, privacy, sections
from components.dashboard.silo.others import Others
from components.payloads import table
from components.payloads.privacy import PrivacyReport
from tests.components.dashboard.conftest import said, table_of, texts
from tests.components.dashboard.silo import made_runs
from tests.components.dashboard.silo.made_runs import member
from tests.support import privacies

NAMES = [f"o{number}" for number in range(5)]


def report_of(silo, found):
    """Return the report that a silo's page is made of."""
    run = made_runs.report([*map(member, NAMES)], table.make_table([]))
    run = dataclasses.replace(run, privacy=found)
    (made,) = (it for it in own.reports(run) if it.silos[0].member.silo == silo)
    return made


def of(silo, found=None):
    """Return what a silo reads."""
    report = report_of(silo, privacies.report(NAMES) if found is None else found)
    return privacy.section(report, silo)


def test_what_a_training_cost_and_what_is_left_stand_first():
    made = of("o1")
    assert said(made)[0] == (
        "This training cost you an epsilon of 2.027; 1.498 of 8 is left until "
        "2027-01-01."
    )
    assert texts(table_of(made, "Budgets")) == [
        ["o1", "8.000", "2.119", "6.502", "1.498", "2027-01-01"]
    ]
    (cost,) = texts(table_of(made, "What this run cost"))
    assert cost[:4] == ["o1", "2.027", "2.331", "at least 1.221"]
    (bar,) = (part for part in made.parts if isinstance(part, Drawing))
    named = (sections_privacy.ISOLATED.format("o1"), "1.498 of 8 left")
    assert tuple(label.text for label in bar.labels) == named
    assert any(privacies.HEAD in it for it in said(made))
    assert said(made)[-1].startswith("You may ask for more protection than others")


def test_a_silo_that_was_left_out_reads_why_and_that_it_is_still_scored():
    assert said(of("o0"))[0] == (
        f"You took no part in this training: {privacies.REFUSAL}. It cost you nothing, "
        "and the federation's model still scores your rows."
    )


def test_advice_for_a_small_silo_tells_no_figure_of_the_others():
    (row,) = table_of(of("o2"), "What this run cost").rows
    assert row.cells[-1].findings[0].sentences == (privacy.NOTE,)
    assert "20 times" not in repr(of("o2"))


def test_a_silo_without_an_account_reads_that_it_took_no_part():
    made = of("o4", privacies.report(NAMES[:4]))
    assert said(made)[0].startswith("You took no part in this training. It cost")
    assert not any(isinstance(part, Drawing) for part in made.parts)


def test_another_s_attack_that_broke_the_claim_is_not_told():
    bad = privacies.silo("o1", attacked=2.9)
    found = privacies.report([], silos=(privacies.silo("o0"), bad))
    assert "claimed is" not in repr(of("o0", found))
    assert "`o1`: at least 2.900, claimed is 2.013." in repr(of("o1", found))


@pytest.mark.parametrize("name", NAMES)
def test_its_report_holds_its_own_account_and_hides_names(name):
    silos = tuple(
        dataclasses.replace(one, note=f"noisier than {NAMES[-1]}", refusal="as o3")
        for one in privacies.report(NAMES).silos
    )
    found = report_of(name, privacies.report([], silos=silos)).privacy
    (one,) = found.silos
    assert one.silo == name
    assert one.note == privacy.NOTE
    assert (one.refusal == "as another silo") is (name != "o3")
    assert (found.mode, found.canaries, found.window) == (
        *("example", 256),
        privacies.WINDOW,
    )


@pytest.mark.parametrize("is_private", [False, True])
def test_a_page_has_the_section_where_anybody_is_protected(is_private):
    found = privacies.report(NAMES) if is_private else PrivacyReport()
    made = sections.sections(report_of("o1", found), Others((), ()), True)
    assert ("privacy" in [one.id for one in made]) is is_private
