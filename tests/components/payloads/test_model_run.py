"""Records survive writing, and their means are weighted by rows."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.payloads import model_run
from components.payloads.model_run import Dropped, RunRecord, SiloRecord

SILOS = (
    SiloRecord("west", 30, 0.7, 0.5, 1.5, 0.9),
    SiloRecord("öst", 10, 0.3, 0.1, 0.5, -0.2),
)


def test_means_are_weighted_by_rows():
    record = model_run.summarise(2, SILOS, {"süd": "its worker is gone"})
    assert record.loss_before == pytest.approx(0.6)
    assert record.loss_after == pytest.approx(0.4)
    assert record.round == 2
    assert record.dropped == (Dropped("süd", "its worker is gone"),)


def test_silos_may_keep_their_losses_to_themselves(tmp_path):
    silos = [
        dataclasses.replace(one, loss_before=None, loss_after=None) for one in SILOS
    ]
    record = model_run.summarise(1, silos, {})
    assert record.loss_before is record.loss_after is None
    run = RunRecord("fed_avg", rounds=(record,))
    run.write(tmp_path)
    assert RunRecord.read(tmp_path) == run


@given(st.permutations(SILOS))
@settings(deadline=None)
def test_silos_are_sorted(silos):
    found = model_run.summarise(1, silos, {"b": "", "a": ""})
    assert [silo.silo for silo in found.silos] == ["west", "öst"]
    assert [drop.silo for drop in found.dropped] == ["a", "b"]


def test_who_is_admitted_and_in_no_round_did_not_train():
    run = RunRecord(
        "fed_avg",
        rounds=(
            model_run.summarise(1, SILOS, {"süd": "late", "ost": "gone"}),
            model_run.summarise(
                2,
                SILOS[:1],
                {"süd": "the worker of silo `süd`: still late", "öst": "x"},
            ),
        ),
        left_out=(Dropped("nord", "no rows"),),
    )
    admitted = ["nord", "ost", "süd", "west", "öst", "idle"]
    assert run.untrained(admitted) == (
        Dropped("idle", "silo `idle`: took part in no round"),
        Dropped("nord", "silo `nord`: no rows"),
        Dropped("ost", "silo `ost`: gone"),
        Dropped("süd", "the worker of silo `süd`: still late"),
    )
    assert run.untrained(["west", "öst"]) == ()
    refused = dataclasses.replace(run, refusal="1 of 3")
    assert refused.untrained(admitted) == ()


def test_run_survives_writing(tmp_path):
    run = RunRecord(
        "fed_avg",
        "own user ids",
        rounds=(model_run.summarise(1, SILOS, {"süd": "x"}),),
        left_out=(Dropped("nord", "no rows"),),
        resumed_from=1,
    )
    run.write(tmp_path)
    assert RunRecord.read(tmp_path) == run
    empty = RunRecord("fed_avg", refusal="1 of 3")
    empty.write(tmp_path)
    assert RunRecord.read(tmp_path) == empty


def test_number_that_is_not_finite_is_not_written(tmp_path):
    silo = dataclasses.replace(SILOS[0], cosine=float("nan"))
    run = RunRecord("fed_avg", rounds=(model_run.summarise(1, [silo], {}),))
    with pytest.raises(ValueError, match="Out of range float"):
        run.write(tmp_path)
