"""What is told of a round: on a terminal, in a log and to TensorBoard."""

from __future__ import annotations

import io
import logging

from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from components.federation import progress
from components.payloads import model_run
from components.payloads.model_run import SiloRecord

SILOS = [SiloRecord("öst 1", 3, 0.71234, 0.5, 1.0, 1.0)]
RECORD = model_run.summarise(2, SILOS, {"b": "its worker is gone"})


def test_log_has_one_line_a_round_and_one_a_drop(caplog):
    console = Console(file=io.StringIO(), force_terminal=False)
    with caplog.at_level(logging.INFO), progress.shown(4, 2, 1, console) as tell:
        tell(RECORD, 61.0)
    assert [r.getMessage() for r in caplog.records] == [
        "round=2/4 loss=0.7123 silos=1/2 time_left=0:02:02",
        "round=2 silo=b dropped: its worker is gone",
    ]


def test_losses_that_no_silo_tells_are_left_out(caplog, tmp_path):
    console = Console(file=io.StringIO(), force_terminal=False)
    silos = [SiloRecord("a", 3, None, None, 1.0, 1.0)]
    record = model_run.summarise(1, silos, {})
    with caplog.at_level(logging.INFO), progress.shown(4, 1, 0, console) as tell:
        tell(record, 1.0)
    assert "round=1/4 loss=not told silos=1/1" in caplog.text
    with progress.tensorboard(tmp_path) as write:
        write(record)
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    found = set(events.Tags()["tensors"])
    assert found == {"silos/alive", "silo/a/update_norm", "silo/a/cosine"}


def test_terminal_shows_round_loss_silos_and_time_left():
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, no_color=True)
    with progress.shown(4, 2, 1, console) as tell:
        tell(RECORD, 61.0)
    shown = screen.getvalue()
    for part in ("training", "2/4", "loss 0.7123", "silos 1/2", "0:02:02 left"):
        assert part in shown


def test_rounds_become_scalars(tmp_path):
    with progress.tensorboard(tmp_path) as write:
        for number in (1, 2):
            write(model_run.summarise(number, SILOS, {}))
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert set(events.Tags()["tensors"]) == {
        "loss/before",
        "loss/after",
        "silos/alive",
        "silo/öst 1/loss_before",
        "silo/öst 1/update_norm",
        "silo/öst 1/cosine",
    }
    assert [event.step for event in events.Tensors("silos/alive")] == [1, 2]
