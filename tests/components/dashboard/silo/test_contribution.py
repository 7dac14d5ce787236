"""What a silo's owner reads of the audit: its own row, and how to appeal."""

from __future__ import annotations

import dataclasses

import pytest

from components.dashboard.silo import contribution, own
from components.payloads import table
from components.payloads.contribution import ContributionReport
from tests.components.dashboard.conftest import said, table_of, texts
from tests.components.dashboard.silo import made_runs
from tests.components.dashboard.silo.made_runs import member
from tests.support import contributions

NAMES = [f"o{number}" for number in range(7)]


def of(silo, names=NAMES, found=None):
    """Return what a silo reads."""
    run = made_runs.report([*map(member, names)], table.make_table([]))
    audit = contributions.report(names) if found is None else found
    run = dataclasses.replace(run, contribution=audit)
    (report,) = (it for it in own.reports(run) if it.silos[0].member.silo == silo)
    return contribution.section(report, silo)


def test_its_verdict_evidence_and_figures_are_its_own():
    made = of("o1")
    (row,) = table_of(made, "Verdicts").rows
    assert (row.cells[1].text, row.cells[1].mood) == ("rides free", "bad")
    assert row.cells[2].text == "-0.009 (-0.031 to +0.012)"
    assert contributions.ECHOES.sentence in row.cells[-1].findings[0].sentences[0]
    for part in made.parts:
        if part.part == "table":
            assert [row[0] for row in texts(part)] in (["o1"], [])
    assert said(made)[-1].startswith("If this is wrong, say so")
    assert "`fairsilo audit appeal RUN o1 --use-case census" in said(made)[-1]


def test_its_report_holds_no_effect_on_another():
    run = made_runs.report([*map(member, NAMES)], table.make_table([]))
    run = dataclasses.replace(run, contribution=contributions.report(NAMES))
    for report in own.reports(run):
        (one,) = report.contribution.silos
        assert one.helps == {}


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (contributions.refused(), f"You were not audited: {contributions.REFUSAL}."),
        (ContributionReport(), "You were not audited: you did not train in this run."),
    ],
)
def test_without_an_audit_it_reads_why(found, sentence):
    assert said(of("o1", found=found)) == [sentence]


def test_it_reads_which_signals_the_audit_lacks():
    made = of("o4", found=contributions.without_help(NAMES))
    (note,) = (part for part in made.parts if part.part == "note")
    assert note.items == (f"Help: {contributions.WHY}",)
