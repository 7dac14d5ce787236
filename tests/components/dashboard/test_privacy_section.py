"""What was promised to people, what it cost and what is left, as the run page shows."""

from __future__ import annotations

import dataclasses

import pytest

from components.dashboard.formats import NONE
from components.dashboard.section import Drawing, Note
from components.dashboard.sections import privacy
from components.payloads.privacy import Balance, PrivacyReport
from tests.components.dashboard.conftest import (
    EVIL,
    figures_of,
    page_of,
    said,
    table_of,
    texts,
)
from tests.support import privacies

NAMES = [f"s{number}" for number in range(5)]


def of(run, found: PrivacyReport):
    """Return the section of a report."""
    return privacy.section(dataclasses.replace(run, privacy=found))


def of_silos(run, *silos, **fields):
    return of(run, privacies.report([], silos=silos, **fields))


def costs(section):
    return texts(table_of(section, "What this run cost"))


def notes(section):
    return [part for part in section.parts if isinstance(part, Note)]


@pytest.fixture(scope="module")
def made(run):
    return of(run, privacies.report(NAMES))


def test_key_figures_are_the_largest_claim_and_attack_and_who_was_left_out(made):
    found = figures_of(made)
    assert {it: (one.value, one.silo) for it, one in found.items()} == {
        "Largest epsilon claimed": ("2.068", "s4"),
        "Most that the attack showed": ("1.262", "s4"),
        "Silos left out": ("1 of 5", ""),
    }


def test_budgets_show_those_left_out_first_and_then_the_least_left(made):
    assert texts(table_of(made, "Budgets")) == [
        ["s0", "8.000", "7.914", "7.914", "0.086", "2027-01-01"],
        ["s1", "8.000", "2.119", "6.502", "1.498", "2027-01-01"],
        ["s4", "8.000", "4.266", "4.266", "3.734", "2027-01-01"],
        ["s3", "8.000", "4.252", "4.252", "3.748", "2027-01-01"],
        ["s2", "8.000", "4.238", "4.238", "3.762", "2027-01-01"],
    ]


def test_costs_stand_beside_the_attack_and_a_refused_silo_has_its_reason(made):
    refused, first, *_, small = costs(made)
    assert refused == ["s0", NONE, NONE, NONE, "1e-05", "903", *([NONE] * 4), ""]
    assert first == [
        *("s1", "2.027", "2.331", "at least 1.221", "1e-05", "1,528", "256", "58"),
        *("2.521", "0.0098", ""),
    ]
    assert small[9] == f"{9.311 / 50:.4f}"
    cells = [row.cells[-1] for row in table_of(made, "What this run cost").rows]
    told = [[group.sentences for group in cell.findings] for cell in cells]
    assert told == [[(privacies.REFUSAL,)], [], [], [], [(privacies.NOTE,)]]


def test_a_bar_is_as_wide_as_what_is_spent_and_then_reserved(run, made):
    half = privacies.silo("half", balance=Balance(8.0, 2.0, 4.0, privacies.RESETS))
    over = privacies.silo("over", balance=Balance(2.0, 1.5, 3.0, privacies.RESETS))
    section = of_silos(run, half, over)
    (bars,) = (part for part in section.parts if isinstance(part, Drawing))
    assert bars.shapes == (
        *(("own", "M0,2H240.0v12H0z"), ("bar", "M240.0,6H320.0v4H240.0z")),
        ("axis", "M0,2H320v12H0z"),
        *(("own", "M0,38H80.0v12H0z"), ("bar", "M80.0,42H160.0v4H80.0z")),
        ("axis", "M0,38H320v12H0z"),
    )
    shown = [label.text for label in bars.labels]
    names = [privacy.ISOLATED.format(name) for name in ("over", "half")]
    assert shown == [names[0], "0.000 of 2 left", names[1], "4.000 of 8 left"]
    assert ", ".join(shown) in bars.label
    assert "2026-01-01 to 2026-12-31" in bars.title


def test_more_silos_than_bars_are_said_and_are_in_the_table(run):
    section = of(run, privacies.report([f"s{n:03}" for n in range(70)]))
    (bars,) = (part for part in section.parts if isinstance(part, Drawing))
    assert len(bars.shapes) == 3 * privacy.MAX_BARS
    assert bars.title.startswith("Budgets of the 16 with the least left")
    assert "s000" in bars.labels[0].text  # it was left out
    assert len(table_of(section, "Budgets").rows) == 70


def test_an_attack_above_the_claim_is_a_note_of_its_own(run, made):
    assert notes(made) == []
    good, bad = privacies.silo("good"), privacies.silo("bad", attacked=2.7)
    (note,) = notes(of_silos(run, good, bad))
    assert note.items == ("`bad`: at least 2.700, claimed is 2.013.",)


def test_without_an_attack_there_is_no_such_figure(run):
    section = of_silos(run, privacies.silo("a", attacked=None), canaries=0)
    assert figures_of(section)["Most that the attack showed"].value == NONE
    assert costs(section)[0][3] == NONE
    assert not any("attack guesses" in it for it in said(section))
    zero = of_silos(run, privacies.silo("a", attacked=0.0))
    assert costs(zero)[0][3] == "at least 0.000"


def test_where_all_silos_were_left_out_nothing_is_claimed(run):
    section = of_silos(run, privacies.refused("a"), privacies.refused("b"))
    found = figures_of(section)
    assert found["Largest epsilon claimed"].value == NONE
    assert found["Silos left out"].value == "2 of 2"
    assert found["Silos left out"].detail == "why is in the table below"
    assert notes(section) == []
    none = of_silos(run)  # a run below quorum trained nobody
    assert not any(isinstance(part, Drawing) for part in none.parts)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Protected: each row. Whoever sees updates or the model"),
        ({"unit": "ssn"}, "Protected: all rows of one `ssn` together. Whoever"),
        ({"mode": "silo", "unit": "silo"}, "so the operator sees each update as it is"),
    ],
)
def test_what_is_protected_and_what_is_not_is_told_in_words(run, fields, sentence):
    told = said(of(run, privacies.report(NAMES, **fields)))
    assert sentence in told[0]
    assert told[1].startswith("Not covered: statistics of columns, row sketches, ")
    assert ("lengths of updates" in told[1]) is (fields.get("mode") == "silo")


def test_silo_level_noise_has_no_unit_of_a_step(run):
    one = privacies.silo("a", units=0, batch=0.0, attacked=None)
    (row,) = costs(of_silos(run, one, mode="silo", unit="silo", canaries=0))
    assert row[4:] == ["1e-05", NONE, NONE, "58", "2.507", NONE, ""]


def test_the_ledger_s_head_is_told_with_its_check(run, made):
    assert (
        f"The ledger ends with `{privacies.HEAD}`: "
        "`fairsilo ledger verify flights --head HASH`."
    ) in said(made)
    assert not any("ledger" in it for it in said(of_silos(run, ledger_head="")))


def test_a_page_has_it_where_anybody_is_protected_and_names_are_text(run):
    found = privacies.report([EVIL, *NAMES])
    page = page_of(dataclasses.replace(run, privacy=found))
    assert 'id="privacy"' in page
    assert EVIL not in page
    none = page_of(dataclasses.replace(run, privacy=PrivacyReport()))
    assert 'id="privacy"' not in none
    assert "epsilon" not in none
