"""The tables for people, as they are printed."""

import io

import pytest
from rich.console import Console

from components.errors import FairSiloError
from pipelines import summary
from pipelines.cli import silo, tables


def printed(table) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=160).print(table)
    return [" ".join(line.split()) for line in out.getvalue().splitlines()]


def told(run_id, **more):
    failed = summary.of_failure(run_id, "flights", "2013-05", FairSiloError("x"), {})
    return {**failed, "reasons": [], **more}


def test_the_log_of_decisions_tells_gates_worst_silo_and_baseline():
    refused = told(
        "a",
        status="not_blessed",
        reasons=["Not blessed: one.", "Not blessed: two."],
        metrics={"auc": 0.7126, "auc_next_span": None},
        gates=[
            {"gate": "silo_floor", "passed": False, "waived": False},
            {"gate": "silo_gap", "passed": True, "waived": False},
            {"gate": "change", "passed": False, "waived": True},
        ],
        worst_silo={"silo": "F9", "auc": 0.6124},
        baseline={"span": "2013-04", "digest": "b" * 64},
    )
    spanless = told(
        "b",
        status="blessed",
        span="",
        gates=[
            {"gate": "change", "passed": False, "waived": True, "waived_by": "[b]A.[/]"}
        ],
        baseline={"span": "", "digest": "c" * 64},
    )
    lines = printed(tables.runs([refused, spanless]))
    assert lines[0] == "run span status AUC worst silo against"
    assert lines[1] == "a 2013-05 not blessed 0.713 F9 0.612 2013-04"
    assert lines[2] == "b - blessed, 1 gate waived by [b]A.[/] - - cccccccccccc"
    assert tables.reasons([refused, spanless]) == [
        "a: silo_floor, change (waived): Not blessed: one.",
        "b: change (waived)",
    ]


def test_a_long_silo_name_takes_one_line_and_is_whole_as_json():
    name = "north-" + "x" * 240 + "-east"
    short = "north-xxxxxxxxxxxxxxxxxx…xxxxxxxxxx-east"
    item = {"silo": name, "rows_train": 1, "rows_eval": 2, "admitted": True}
    item |= {"reasons": [], "auc": 0.5, "auc_low": None, "auc_high": None}
    lines = printed(tables.silos(told("a", silos=[item])))
    assert lines[1:] == [f"{short} 1 2 yes 0.500"]
    log = tables.runs([told("a", worst_silo={"silo": name, "auc": 0.5})])
    assert printed(log)[1:] == [f"a 2013-05 failed - {short} 0.500 -"]
    listed = {"silo": name, "files": 1, "spans": "", "error": "", "quarantined": ""}
    assert silo._line(listed).split() == [short, "1", "files"]
    known = {"silo": name, "admitted": True, "reasons": [], "quarantined": ""}
    assert silo._line(known).split() == [short, "admitted"]
    for plain in ("F9", "süd-銀行", "y" * 40):
        assert tables.short(plain) == plain


@pytest.mark.parametrize("status", ["failed", "running"])
def test_a_run_that_came_to_nothing_tells_nothing(status):
    assert tables.outcome(told("a", status=status)) == []


def test_a_run_tells_its_page_where_it_has_one():
    lines = tables.outcome(told("a", status="below_quorum", dashboard="/x/index.html"))
    assert lines == [
        "AUC - on held-out rows",
        "0 rows scored, 0 dead letters",
        "model none",
        "page  /x/index.html",
    ]
    lines = tables.outcome(told("a", status="blessed"))
    assert lines[-1] == "model none"


def test_runs_of_earlier_versions_are_listed_too():
    old = told("a", status="blessed")
    for key in ("gates", "worst_silo", "baseline"):
        del old[key]
    assert printed(tables.runs([old]))[1] == "a 2013-05 blessed - - -"


@pytest.mark.parametrize(
    "reasons",
    [
        [{"sentence": "too few rows", "hint": "get more"}, {"sentence": "by hand"}],
        ["too few rows", "by hand"],  # as earlier versions wrote them
    ],
)
def test_a_silo_that_was_not_admitted_says_why(reasons):
    silo = {"silo": "süd", "rows_train": 3, "rows_eval": 1, "admitted": False}
    aucs = {"auc": None, "auc_low": None, "auc_high": None}
    table = tables.silos(told("a", silos=[{**silo, **aucs, "reasons": reasons}]))
    assert printed(table)[1] == "süd 3 1 too few rows; by hand -"


def test_an_auc_has_its_interval_where_there_is_one():
    assert tables.auc(0.7126, 0.7, 0.725) == "0.713 (0.700 to 0.725)"
    assert tables.auc(0.7126, None, None) == "0.713"
    assert tables.auc(None, None, None) == "-"
