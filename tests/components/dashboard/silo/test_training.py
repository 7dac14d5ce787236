"""A silo's part in a training is its own records and nothing else."""

from __future__ import annotations

from components.dashboard.silo import training
from components.dashboard.silo.training import MAX_POINTS, MAX_ROUNDS, Missed
from components.payloads.model_run import Dropped, RoundRecord, RunRecord, SiloRecord


def record(silo: str, norm: float, cosine: float = 0.5) -> SiloRecord:
    return SiloRecord(silo, 10, 0.7, 0.6, norm, cosine)


RUN = RunRecord(
    "fed_avg",
    rounds=(
        RoundRecord(1, 0.7, 0.6, (record("a", 4.0), record("b", 9.0))),
        RoundRecord(2, 0.7, 0.6, (record("b", 8.0),), (Dropped("a", "late"),)),
        RoundRecord(3, 0.7, 0.6, (record("b", 7.0),), (Dropped("a", "late"),)),
        RoundRecord(4, 0.7, 0.6, (record("a", 1.0), record("b", 6.0))),
        RoundRecord(5, 0.7, 0.6, (record("a", 3.0),), (Dropped("b", "died"),)),
        RoundRecord(6, 0.7, 0.6, (record("b", 5.0),), (Dropped("a", "late"),)),
    ),
    left_out=(Dropped("c", "no row with a label"),),
)


def test_rounds_taken_and_missed():
    found = training.parts(RUN, ["a", "b", "c"])
    assert [number for number, _ in found["a"].records] == [1, 4, 5]
    assert [one.update_norm for _, one in found["a"].records] == [4.0, 1.0, 3.0]
    assert found["a"].missed == (Missed("late", (2, 3, 6)),)
    assert found["a"].missed[0].ranges == "2 to 3, 6"
    assert found["b"].missed[0].ranges == "5"
    assert found["b"].num_rounds == 6
    assert found["c"].left_out == "no row with a label"
    assert not found["c"].records
    assert not found["a"].left_out


def test_a_curve_worked_by_hand():
    norms, cosines = training.parts(RUN, ["a"])["a"].curves
    assert norms.points == ((0.0, 0.0), (240.0, 60.0), (320.0, 20.0))
    assert norms.path == "0,0 240,60 320,20"
    assert (norms.first, norms.last, norms.low, norms.high) == (4.0, 3.0, 1.0, 4.0)
    assert [y for _, y in cosines.points] == [0.0, 0.0, 0.0]  # all alike


def test_one_round_is_no_curve():
    run = RunRecord("fed_avg", rounds=RUN.rounds[:1])
    assert training.parts(run, ["a"])["a"].curves == []


def test_many_rounds_are_thinned_out():
    rounds = tuple(
        RoundRecord(number, 0.7, 0.6, (record("a", float(number)),))
        for number in range(1, 301)
    )
    part = training.parts(RunRecord("fed_avg", rounds=rounds), ["a"])["a"]
    assert len(part.records) == 300
    assert [number for number, _ in part.latest] == [*range(301 - MAX_ROUNDS, 301)]
    norms = part.curves[0]
    assert len(norms.points) == MAX_POINTS + 1
    assert norms.points[0] == (0.0, 60.0)
    assert norms.points[-1] == (320.0, 0.0)
    assert (norms.low, norms.high) == (1.0, 300.0)
