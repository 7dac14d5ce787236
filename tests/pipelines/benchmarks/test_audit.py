"""`bench audit`: its tables from rows that are made up, and a world for real."""

from __future__ import annotations

import dataclasses

import pytest

from components.payloads.contribution import CONTRIBUTES, RIDES, UNKNOWN
from pipelines.benchmarks import audit, audit_worlds
from pipelines.benchmarks.audit_worlds import LENDER, World


def cost(rounds, trainer, audit):
    seconds = {"rounds": rounds, "trainer": trainer, "benchmark": 5.0, "audit": audit}
    return {"source": "flights", **seconds}


def row(kind="", verdict=UNKNOWN, signs=(), admitted=True, notes=()):
    return {
        "source": "flights",
        "kind": kind,
        "verdict": verdict,
        "signs": signs,
        "admitted": admitted,
        "validation_notes": notes,
        "audit_notes": (),
    }


def test_the_innocent_and_the_planted_are_counted_apart():
    found = audit.summary(
        [
            row(verdict=CONTRIBUTES),
            row("honest, tiny", notes=["few rows"]),
            row("zero", RIDES, ["zero"]),
            row("zero", signs=["zero"]),
            row("20 rows", admitted=False),
            row(LENDER),
        ],
        [cost(10.0, 20.0, 1.0), cost(30.0, 80.0, 4.0)],
    )
    assert found["passed"]
    assert found["hard"] == "3 of 3"
    counts = {"quarantined": 0, "noted by validation": 1, "hard sign": 0}
    counts |= {"noted by audit": 0, "rider": 0}
    assert [*found["cost"][0]][:3] == ["source", "worlds", "rounds"]
    assert found["clean"] == [
        {"source": "flights", "silo-runs": 3, **counts, "contributes": 1}
        | {"can't tell": 2}
    ]
    zero, few = found["kinds"]
    assert (zero["kind"], zero["silo-runs"], zero["hard sign"]) == ("zero", 2, 2)
    assert (zero["rider"], zero["can't tell"]) == (1, 1)
    assert (few["kind"], few["quarantined"], few["can't tell"]) == ("20 rows", 1, 0)
    assert found["cost"] == [
        {"source": "flights", "worlds": 2, "rounds": 20.0, "trainer": 50.0}
        | {"benchmark": 5.0, "audit": 2.5}
        | {"audit of rounds": 0.125, "audit of trainer": 0.05}
    ]


COST = cost(1.0, 1.0, 1.0)


@pytest.mark.parametrize("kind", ["", LENDER, "honest, tiny"])
def test_one_innocent_with_a_sign_fails_the_bench(kind):
    assert not audit.summary([row(kind, signs=["copy"])], [COST])["passed"]


def test_a_rider_of_a_hard_kind_without_a_sign_fails_the_bench():
    found = [row("zero", signs=["zero"]), row("delta")]
    assert not audit.summary(found, [COST])["passed"]
    assert audit.summary([row("twin")], [COST])["passed"]


@pytest.mark.tff
@pytest.mark.slow
def test_a_world_is_trained_with_its_riders(tmp_path):
    prepared = audit_worlds.prepare(audit_worlds.SYNTHETIC, 0, tmp_path)
    settings = prepared.chosen.settings
    few = {"rounds": 3, "quorum_per_round": 2}
    settings = settings.model_copy(
        update={"training": settings.training.model_copy(update=few)}
    )
    prepared = dataclasses.replace(
        prepared,
        chosen=dataclasses.replace(prepared.chosen, settings=settings),
        manifest=dataclasses.replace(
            prepared.manifest, entries=prepared.manifest.entries[-6:]
        ),
    )
    kinds = {"s15": "zero", "s14": "random labels 100 %", "s13": "one label"}
    world = World(0, 3, kinds, {})
    rows, seconds = audit.run_world(prepared, world)
    by_silo = {one["silo"]: one for one in rows}
    assert by_silo["s15"]["update_norm"] == [0.0] * 3
    assert not by_silo["s13"]["admitted"]
    assert by_silo["s13"]["update_norm"] == []
    assert by_silo["s14"]["measures"]["rank_z"] < by_silo["s12"]["measures"]["rank_z"]
    assert by_silo["s13"]["measures"] == {}
    assert seconds["trainer"] > seconds["rounds"] > 0
