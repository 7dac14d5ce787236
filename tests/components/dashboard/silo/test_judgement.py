"""Why a silo was not judged, and what would change it."""

from __future__ import annotations

import dataclasses

import pytest

from components.dashboard.report import SiloLine
from components.dashboard.silo import judgement
from components.dashboard.silo.judgement import Judgement
from components.payloads.minimum_data import MinimumData
from components.payloads.table import Figure
from tests.components.dashboard.silo.made_runs import figure, member

NEEDED = MinimumData(rows=100, rows_of_each_label=10)
AUC = Figure(*("candidate", "eval", "a", "", "", "auc", None, 0.7, 0.6, 0.8, 500))
LINE = SiloLine(member("a"), AUC, None, None, (), not_evaluated="41 rows")


def judge(line=LINE, rows=None, **change) -> Judgement:
    asked = {"is_trained": True, "has_gates": True} | change
    return judgement.judge(line, rows, NEEDED, **asked)


def test_a_judged_silo_needs_no_reason():
    line = dataclasses.replace(LINE, not_evaluated="")
    assert judge(line) == Judgement(True, "", "")


@pytest.mark.parametrize(
    ("rows", "reason", "change"),
    [
        (None, "It has no labelled evaluation rows.", "At least 100 are needed."),
        (
            figure("a", "rows", None, rows=41, positives=None, note="too few"),
            "It has 41 labelled evaluation rows, and 100 are needed",
            "59 more would do.",
        ),
        (
            figure("a", "rows", 1500.0, rows=1500, positives=7),
            "Of its 1,500 labelled evaluation rows, 7 are with the outcome, and 10",
            "3 more rows with the outcome would do.",
        ),
        (
            figure("a", "rows", 150.0, rows=150, positives=146),
            "Of its 150 labelled evaluation rows, 4 are without the outcome, and 10",
            "6 more rows without the outcome would do.",
        ),
        (figure("a", "rows", 150.0, rows=150, positives=75), "41 rows.", ""),
        (figure("a", "rows", 150.0, rows=150, positives=None), "41 rows.", ""),
    ],
)
def test_too_little_data(rows, reason, change):
    found = judge(rows=rows)
    assert not found.is_judged
    assert found.reason.startswith(reason)
    assert found.change.startswith(change)


def test_a_silo_that_was_not_admitted():
    line = dataclasses.replace(LINE, member=member("a", admitted=False))
    found = judge(line)
    assert found.reason.startswith("It was not admitted")
    assert "findings" in found.change


def test_nothing_to_judge():
    assert "Nothing was trained" in judge(is_trained=False).reason
    assert "no gate was asked" in judge(has_gates=False).reason
