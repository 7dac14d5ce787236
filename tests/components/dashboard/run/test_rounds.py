from __future__ import annotations

import math

from components.dashboard.run.rounds import MAX_LINES, rounds_data
from components.payloads.model_run import Dropped, RoundRecord, SiloRecord


def record(number: int, losses: dict[str, float], mean: float) -> RoundRecord:
    silos = tuple(
        SiloRecord(silo, 10, loss, loss, 1.0, 0.5) for silo, loss in losses.items()
    )
    return RoundRecord(number, mean, mean - 0.1, silos, (Dropped("z", "late"),))


def test_worst_and_worst_tenth_are_the_highest_losses():
    losses = {f"s{i:02}": 0.4 + i / 100 for i in range(15)}  # s14 is worst: 0.54
    (point,) = rounds_data([record(3, losses, 0.45)])["rounds"]
    assert point == {
        "round": 3,
        "worst": 0.54,
        "worstSilo": "s14",
        "worstTenth": 0.535,  # the mean of two of fifteen: 0.54 and 0.53
        "mean": 0.45,
        "after": 0.35,
        "numSilos": 15,
        "numDropped": 1,
    }


def test_rounds_without_a_finite_loss_are_left_out():
    empty = RoundRecord(1, math.nan, math.nan, ())
    assert rounds_data([empty, record(2, {"a": math.inf}, 0.5)]) == {
        "rounds": [],
        "silos": [{"silo": "a", "points": []}],
    }


def test_few_silos_have_a_line_of_their_own_and_many_have_none():
    few = rounds_data([record(1, {"a": 0.3, "b": 0.5}, 0.4)])
    assert few["silos"][1] == {"silo": "b", "points": [[1, 0.5]]}
    many = {f"s{i}": 0.5 for i in range(MAX_LINES + 1)}
    assert rounds_data([record(1, many, 0.5)])["silos"] == []
