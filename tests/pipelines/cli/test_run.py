"""What `run` and `predict` print, and how they exit."""

import pytest

from components.errors import FairSiloError
from pipelines import summary
from pipelines.cli import run

LACK = "silo `west`: score.parquet: found no file, expected a Parquet file"


def told(**more):
    failed = summary.of_failure("r", "flights", "2013-05", FairSiloError("x"), {})
    silo = {
        "silo": "west",
        "rows_train": 9,
        "rows_eval": 3,
        "admitted": True,
        "auc": None,
        "auc_low": None,
        "auc_high": None,
    }
    return {**failed, "silos": [silo], **more}


def test_silos_that_the_run_did_not_reach_come_first_and_last(capsys):
    reasons = [f"not scored: {LACK}"]
    run.show(told(status="incomplete", reasons=reasons), as_json=False)
    lines = capsys.readouterr().out.splitlines()
    head = ["flights 2013-05: blessed, incomplete", *reasons]
    assert lines[:2] == head
    last = len(lines) - lines[::-1].index(head[0]) - 1
    assert last > lines.index("")
    assert lines[last : last + 2] == head


def test_a_complete_run_begins_with_its_silos(capsys):
    run.show(told(status="blessed", reasons=[]), as_json=False)
    assert capsys.readouterr().out.startswith("silo ")


@pytest.mark.parametrize(
    ("status", "unscored", "exit_status"),
    [
        ("done", [], 0),
        ("nothing to score", [], 0),
        ("done", [{"silo": "west", "reason": LACK}], 5),
        ("nothing to score", [{"silo": "west", "reason": LACK}], 5),
        ("failed", [{"silo": "west", "reason": LACK}], 5),
        ("skipped", [], 4),
    ],
)
def test_predict_exits_as_a_run_does(status, unscored, exit_status):
    assert run.exit_status({"status": status, "unscored": unscored}) == exit_status
