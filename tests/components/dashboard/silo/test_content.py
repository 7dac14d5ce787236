"""What a silo's owner reads is of that silo alone, and says what is its own."""

from __future__ import annotations

import dataclasses

import pytest

from components.dashboard.silo import content
from components.payloads.findings import Finding
from components.payloads.model_run import Dropped, RoundRecord, RunRecord
from components.payloads.table import Table
from tests.components.dashboard.silo import made_runs
from tests.components.dashboard.silo.made_runs import member

NAMES = [f"Zq{index}" for index in range(6)]


def pages(report, figures):
    return {page.line.member.silo: page for page in content.pages(report, figures)}


def some(num, **how):
    names = NAMES[:num]
    figures = made_runs.tables({silo: {"auc": 0.7, "brier": 0.2} for silo in names})
    return made_runs.report([member(silo) for silo in names], figures, **how), figures


def test_each_silo_has_a_page_in_the_report_s_order():
    report, figures = some(3)
    assert list(pages(report, figures)) == NAMES[:3]


@pytest.mark.parametrize(("num", "told"), [(5, None), (6, 0.1234)])
def test_the_share_of_the_rows_is_told_where_enough_others_have_rows(num, told):
    assert pages(*some(num))[NAMES[0]].share == told


def test_without_an_evaluation_there_are_findings_and_a_part_only():
    report, _ = some(2, refusals=("1 of 2 admitted",))
    page = pages(report, Table())[NAMES[0]]
    assert (page.figures, page.bounds) == (None, ())
    assert not page.judgement.is_judged
    assert page.part.num_rounds == 3


def test_what_was_written_about_a_silo_is_told_without_the_other_s_name():
    report, figures = some(2)
    one, other = NAMES[:2]
    told = (f"has user id 7 of silo `{other}`", f"the same label as `{other}`")
    run = RunRecord(
        "fed_avg",
        rounds=(RoundRecord(1, 0.7, 0.6, (), (Dropped(one, told[0]),)),),
        left_out=(Dropped(one, told[1]),),
    )
    note = Finding(f"{other}.csv: a corrupt file", f"ask `{other}` for its own")
    report = made_runs.with_members(report, member(one, notes=(note,)))
    report = dataclasses.replace(report, run=run)
    page = pages(report, figures)[one]
    (missed,) = page.part.missed
    assert missed.reason == "has user id 7 of silo `another silo`"
    assert page.part.left_out == "the same label as `another silo`"
    (found,) = page.findings
    assert found.told.sentences == ("another silo.csv: a corrupt file",)
    assert found.told.hint == "ask `another silo` for its own"
