"""What `run`, `report list` and `report show` print, and how commands exit."""

import io
import logging

import pytest
from rich.console import Console

from components.dashboard.gains import Gains
from components.payloads.findings import Finding
from components.payloads.interval import Interval
from components.payloads.ledger import Ledger, NotScored, SiloLine, Speed
from pipelines.cli import console, run, silo, tables
from pipelines.summary import (
    Baseline,
    Gate,
    Metrics,
    ModelFiles,
    Silo,
    Summary,
    WorstSilo,
)

LACK = "silo `west`: score.parquet: found no file, expected a Parquet file"


def printed(table) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=160).print(table)
    return [" ".join(line.split()) for line in out.getvalue().splitlines()]


def ended(run_id, status="failed", span="2013-05", **more) -> Summary:
    return Summary(run_id, "flights", span, status, **more)


def test_the_log_of_decisions_lists_gates_worst_silo_and_baseline():
    refused = ended(
        "a",
        "not_blessed",
        reasons=("Not blessed: one.", "Not blessed: two."),
        metrics=Metrics(0.7126),
        gates=(
            Gate("silo_floor", False),
            Gate("silo_gap", True),
            Gate("change", False, True),
        ),
        worst_silo=WorstSilo("F9", 0.6124),
        baseline=Baseline("2013-04", "b" * 64),
    )
    spanless = ended(
        "b",
        "blessed",
        "",
        gates=(Gate("change", False, True, "[b]A.[/]"),),
        baseline=Baseline("", "c" * 64),
    )
    lines = printed(tables.runs([refused, spanless]))
    assert lines[0] == "run span status AUC worst silo against"
    assert lines[1] == "a 2013-05 not blessed 0.713 F9 0.612 2013-04"
    assert lines[2] == "b - blessed, 1 gate waived by [b]A.[/] - - cccccccccccc"
    assert tables.reasons([refused, spanless]) == [
        "a: silo_floor, change (waived): Not blessed: one.",
        "b: change (waived)",
    ]


def test_a_run_says_how_many_silos_gain():
    served = {"base": 25, "personal": 13, "alone": 1}
    benefit = Gains(39, 9, 1, 30, 10, None, served)
    assert tables.outcome(ended("a", "blessed", benefit=benefit))[1] == (
        "against going alone, of 39 judged silos 9 surely gain, 1 surely lose; 14 are "
        "served by a model of their own"
    )
    nothing = Gains(0, 0, 0, 0, 0, None, {})
    assert tables.gained(nothing) == tables.gained(None) == []


def test_a_long_silo_name_takes_one_line():
    name = "north-" + "x" * 240 + "-east"
    short = "north-xxxxxxxxxxxxxxxxxx…xxxxxxxxxx-east"
    reasons = (Finding("too few rows", "get more"), Finding("quarantined"))
    both = (Silo(name, 1, 2, True, auc=0.5), Silo("süd", 3, 1, False, reasons))
    assert printed(tables.silos(ended("a", silos=both)))[2:] == [
        f"{short} 1 2 yes 0.500 - -",
        "süd 3 1 too few rows; quarantined - - -",
    ]
    log = tables.runs([ended("a", worst_silo=WorstSilo(name, 0.5))])
    assert printed(log)[1:] == [f"a 2013-05 failed - {short} 0.500 -"]
    listed = {"silo": name, "files": 1, "spans": "", "error": "", "quarantined": ""}
    assert silo._line(listed).split() == [short, "1", "files"]
    known = {"silo": name, "admitted": True, "reasons": [], "quarantined": ""}
    assert silo._line(known).split() == [short, "admitted"]
    for plain in ("F9", "süd-銀行", "y" * 40):
        assert tables.short(plain) == plain


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(0.001, 0.02, "+0.012"), (-0.003, 0.02, "+0.012?"), (-0.3, -0.2, "+0.012")],
)
def test_a_gain_that_may_be_chance_has_a_question_mark(low, high, shown):
    assert tables.gain(Interval(-0.0001, -0.1, 0.1)) == "+0.000?"
    gain = Interval(0.012, low, high)
    own = Silo("F9", 1, 2, True, auc=0.5, served="personal", gain=gain)
    run = ended("a", silos=(own,), model=ModelFiles(digest="d"))
    assert printed(tables.silos(run))[2:] == [
        f"F9 1 2 yes 0.500 personal {shown}",
        "gain in AUC; ?: it may be chance",
    ]


def test_a_run_lists_what_it_came_to():
    for status in ("failed", "running"):
        assert tables.outcome(ended("a", status)) == []
    lines = tables.outcome(ended("a", "below_quorum", dashboard="/x/index.html"))
    assert lines == [
        "AUC - on held-out rows",
        "0 rows scored, 0 dead letters",
        "model none",
        "page  /x/index.html",
    ]
    metrics = Metrics(0.7126, 0.7)
    (first, *_) = tables.outcome(ended("a", "blessed", metrics=metrics))
    assert first == "AUC 0.713 on held-out rows, 0.700 on the following span"
    assert tables.auc(0.7126, 0.7, 0.725) == "0.713 (0.700 to 0.725)"


def test_silos_that_the_run_did_not_reach_come_first_and_last(capsys):
    west, reason = (Silo("west", 9, 3, True),), f"not scored: {LACK}"
    run.show(ended("r", "incomplete", silos=west, reasons=(reason,)), as_json=False)
    lines = capsys.readouterr().out.splitlines()
    head = ["flights 2013-05: blessed, incomplete", reason]
    assert lines[:2] == head
    last = len(lines) - lines[::-1].index(head[0]) - 1
    assert last > lines.index("")
    assert lines[last : last + 2] == head
    run.show(ended("r", "blessed", silos=west), as_json=False)
    assert capsys.readouterr().out.splitlines()[1].startswith("silo ")


@pytest.mark.parametrize(
    ("status", "reason", "exit_status"),
    [
        ("done", "", 0),
        ("nothing to score", "", 0),
        ("done", LACK, 5),
        ("failed", LACK, 5),
        ("skipped", "", 4),
    ],
)
def test_predict_exits_as_a_run_does(status, reason, exit_status):
    not_scored = (NotScored("west", reason),) if reason else ()
    assert run.exit_status(Ledger(status, silos_not_scored=not_scored)) == exit_status


def test_a_failed_inference_never_exits_as_if_all_were_well():
    assert run.exit_status(Ledger("failed", "nothing is published")) == 5


def test_predict_tells_first_what_is_not_as_it_should_be():
    south = SiloLine("süd", "/süd", 95, 5, "p", 1, 9, lost="its file is gone")
    south.reasons.update({"`hours` is infinite": 4, "`age` is infinite": 1})
    scored = Ledger(
        "done",
        rows=1_095,
        dead_letters=5,
        resumed=2,
        unchanged=1_000,
        silos=(SiloLine("nord", "/nord", 1_000, 0, "p", 1, 9), south),
        silos_not_scored=(NotScored("west", LACK),),
        speed=Speed(95, 0.001, 0.00019),
    )
    assert tables.predicted(scored, "/out/{silo}") == [
        f"not scored: {LACK}",
        "scored by the base model: its file is gone",
        "dead letters: silo `süd`: 5 of 100 rows: `hours` is infinite (4), "
        "`age` is infinite (1)",
        "1,095 rows scored (1,000 before, unchanged; 2 pieces of work by a run that "
        "was ended), 5 dead letters: /out/{silo}",
        "95,000 rows a second, 2.00 CPU seconds a million rows",
    ]
    assert tables.predicted(Ledger("skipped", "no model"), "") == [
        "0 rows scored (0 before, unchanged), 0 dead letters: no model"
    ]


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("tensorflow", logging.ERROR),
        ("apache_beam.runners", logging.CRITICAL),
        ("any.other", logging.ERROR),
        ("components.silos.tasks", logging.INFO),
        ("pipelines.runners.job", logging.WARNING),
        ("components.federation.training", logging.INFO),
    ],
)
def test_engines_are_quiet_and_our_own_warnings_are_heard(name, level):
    with console.engines():
        assert logging.getLogger(name).getEffectiveLevel() == level
