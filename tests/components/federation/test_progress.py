"""What is said of a round: on a terminal and in a log."""

from __future__ import annotations

import io
import logging

from rich.console import Console

from components.federation.progress import RoundProgress
from components.payloads import model_run
from components.payloads.model_run import SiloRecord

RECORD = model_run.summarise(
    2, [SiloRecord("a", 3, 0.71234, 0.5, 1.0, 1.0)], {"b": "its worker is gone"}
)


def test_log_has_one_line_a_round_and_one_a_drop(caplog):
    console = Console(file=io.StringIO(), force_terminal=False)
    with (
        caplog.at_level(logging.INFO),
        RoundProgress(4, 2, 1, console) as progress,
    ):
        progress.advance(RECORD, 61.0)
    assert [r.getMessage() for r in caplog.records] == [
        "round=2/4 loss=0.7123 silos=1/2 time_left=0:02:02",
        "round=2 silo=b dropped: its worker is gone",
    ]


def test_terminal_shows_round_loss_silos_and_time_left():
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, no_color=True)
    with RoundProgress(4, 2, 1, console) as progress:
        progress.advance(RECORD, 61.0)
    shown = screen.getvalue()
    for part in ("training", "2/4", "loss 0.7123", "silos 1/2", "0:02:02 left"):
        assert part in shown
