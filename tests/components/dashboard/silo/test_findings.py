"""A silo's findings: what keeps it out first, and one way out for all that it mends."""

from __future__ import annotations

from components.dashboard.silo.findings import MAX_SENTENCES, findings
from components.payloads.findings import Finding, Group
from tests.components.dashboard.silo.made_runs import member

FEW = Finding("too few rows: 3", "export more history")


def test_what_keeps_it_out_comes_first():
    notes = (Finding("column `x` is new", "leave it out"), Finding("n"))
    found = findings(member("a", admitted=False, reasons=(FEW,), notes=notes))
    assert [(one.keeps_out, one.told) for one in found] == [
        (True, Group(FEW.hint, (FEW.sentence,))),
        (False, Group("leave it out", ("column `x` is new",))),
        (False, Group("", ("n",))),
    ]


def test_the_same_way_out_is_told_apart_where_only_one_finding_keeps_it_out():
    note = Finding("column `x` (split score)", FEW.hint)
    found = findings(member("a", admitted=False, reasons=(FEW,), notes=(note,)))
    assert [one.keeps_out for one in found] == [True, False]


def test_what_one_thing_mends_is_told_together_and_cut_where_it_is_long():
    columns = tuple(f"column `c{index}`: found none" for index in range(40))
    reasons = tuple(Finding(column, "export it") for column in columns)
    (found,) = findings(member("a", reasons=reasons))
    assert found.told == Group("export it", columns)
    assert found.shown == columns[:MAX_SENTENCES]
