"""Scalars in the TensorBoard log."""

from __future__ import annotations

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from components.federation import tensorboard
from components.payloads import model_run
from components.payloads.model_run import SiloRecord


def test_rounds_become_scalars(tmp_path):
    silos = [SiloRecord("öst 1", 3, 0.7, 0.5, 1.0, 1.0)]
    with tensorboard.writer(tmp_path) as write:
        for number in (1, 2):
            write(model_run.summarise(number, silos, {}))
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
