"""Planted faults: what each does to rows, and that a seed decides all of them."""

from __future__ import annotations

import collections

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from components.payloads.manifest import TRAIN
from components.silos import split_files
from pipelines.benchmarks import audit_worlds as module
from pipelines.benchmarks.audit_worlds import DONOR, KINDS, LENDER, SPLITS, World
from pipelines.benchmarks.faults import CONTROLS, DATA, TINY_ROWS, Case, to_arrow

ROWS = pd.DataFrame(
    {
        "label": np.arange(1000) % 4 == 0,
        "height": np.arange(1000),
        "weight": np.arange(1000)[::-1].copy(),
        "share": np.linspace(0, 1, 1000),
        "sex": ["m"] * 700 + ["f"] * 250 + ["x"] * 50,
        "day": [f"2013-{number // 100:02d}" for number in range(1000)],
    }
).astype({"label": int})
OTHER = ROWS.assign(height=-1)


def changed(kind, rows=ROWS, numbers=("share", "height", "weight")):
    rng = np.random.default_rng(0)
    case = Case(rng, OTHER, "train", "label", numbers, "sex", "day")
    before = rows.copy()
    found = {**DATA, **CONTROLS}[kind](rows, case)
    pd.testing.assert_frame_equal(rows, before)  # which other kinds get too
    return to_arrow(
        found, pa.Schema.from_pandas(rows, preserve_index=False)
    ).to_pandas()


@pytest.mark.parametrize(("share", "moved"), [(100, 375), (50, 187), (20, 75)])
def test_random_labels_keep_the_base_rate(share, moved):
    # Of labels of which a quarter is 1, two drawn ones differ in 2 * 1/4 * 3/4.
    found = changed(f"random labels {share} %")
    assert found.label.sum() == 250
    assert (found.label != ROWS.label).sum() == pytest.approx(moved, rel=0.2)


def test_labels_that_are_inverted_or_one():
    assert (changed("inverted labels").label == 1 - ROWS.label).all()
    assert not changed("one label").label.any()


@pytest.mark.parametrize(("share", "copied"), [(100, 1000), (50, 500)])
def test_copied_rows(share, copied):
    found = changed(f"copied rows {share} %")
    assert len(found) == 1000
    assert (found.height == -1).sum() == copied
    assert len(changed(f"copied rows {share} %", pd.concat([ROWS] * 2))) == 2000 - (
        1000 if share == 100 else 0
    )


def test_features():
    constant = changed("constant features")
    assert constant.height.unique().tolist() == [500]  # whole, as all of its values
    assert constant.share.unique().tolist() == [pytest.approx(0.5)]
    assert (constant.sex == ROWS.sex).all()
    swapped = changed("swapped columns")  # of one type: `share` is no whole number
    assert (swapped.height == ROWS.weight).all()
    assert (swapped.weight == ROWS.height).all()
    assert (changed("other unit").share == 60 * ROWS.share).all()


def test_fewer_rows():
    assert len(changed("20 rows")) == 20
    assert changed("stale span").day.unique().tolist() == [
        "2013-00",
        "2013-01",
        "2013-02",
    ]
    assert len(changed("honest, tiny")) == 120
    assert changed("honest, rare group").sex.unique().tolist() == ["f"]
    other = changed("honest, other base rate")
    assert len(other[other.label == 0]) == 750
    assert other.label.sum() == pytest.approx(250 / 3, rel=0.2)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return module.prepare(module.SYNTHETIC, 0, tmp_path_factory.mktemp("synthetic"))


def test_a_seed_decides_who_rides_and_how(prepared):
    assert module.draw(prepared, 3, 8) == module.draw(prepared, 3, 8)
    assert module.draw(prepared, 3, 8).kinds != module.draw(prepared, 4, 8).kinds
    found = collections.Counter(
        kind
        for seed in range(5)
        for kind in module.draw(prepared, seed, 8).kinds.values()
    )
    without_spans = {kind for kind in KINDS if kind != "stale span"}
    assert {*found} - {*CONTROLS} == {*without_spans, LENDER, DONOR}
    assert {*module.draw(prepared, 0, 3).kinds.values()} >= {*CONTROLS}
    assert found["twin"] == found[LENDER]
    for seed in range(5):
        world = module.draw(prepared, seed, 8)
        assert sum(kind in KINDS for kind in world.kinds.values()) == 8
        for silo, kind in world.kinds.items():
            is_large = prepared.manifest[silo].rows(TRAIN) >= module.RIDER_ROWS
            assert is_large or kind == DONOR
            assert (silo in world.donors) is kind.startswith("copied")
        assert all(world.kinds[donor] == DONOR for donor in world.donors.values())


def test_riders_that_train_become_processes(prepared, tmp_path):
    kinds = {"s15": "turns", "s14": "twin", "s13": LENDER, "s12": "one label"}
    world = World(3, 4, kinds, {})
    found = module.riders(world, ["s15", "s13", "s12"], 12, tmp_path)
    assert {silo: (r.kind, r.turn) for silo, r in found.items()} == {
        "s15": ("turns", 7),
        "s13": ("lender", 1),
    }
    assert found["s13"].shared == str(tmp_path)
    assert module.riders(world, ["s15"], 12, tmp_path)["s15"] is not found["s15"]


def test_planted_silos_are_validated_as_they_are_now(prepared):
    kinds = {
        "s15": "20 rows",
        "s14": "one label",
        "s13": "inverted labels",
        "s12": "honest, tiny",
        "s11": "copied rows 100 %",
    }
    world = World(0, 4, kinds, {"s11": "s10"})
    ready = module.plant(prepared, world)
    planted = ready.manifest
    assert module.plant(prepared, world).manifest.entries == planted.entries
    found = {one.silo: one for one in ready.cohort.members}
    assert {silo for silo, one in found.items() if not one.admitted} == {"s14", "s15"}
    assert found["s12"].rows == TINY_ROWS
    assert ready.spec.digest != prepared.spec.digest
    for silo, entry in zip(planted.silos, planted, strict=True):
        same = entry.splits == prepared.manifest[silo].splits
        assert same is (silo not in kinds)
    donor, copy = (
        split_files.read(one.splits[TRAIN].paths)["row"].to_pylist()
        for one in (planted["s10"], planted["s11"])
    )
    assert {*copy} <= {*donor}
    assert len(copy) == planted["s10"].rows(TRAIN)  # which has fewer
    for name in SPLITS:
        before, after = (
            split_files.read(one["s13"].splits[name].paths)
            for one in (prepared.manifest, planted)
        )
        assert after.schema == before.schema
        total = np.add(before["label"].to_numpy(), after["label"].to_numpy())
        assert (total == 1).all()
