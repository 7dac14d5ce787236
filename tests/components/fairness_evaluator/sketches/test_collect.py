from __future__ import annotations

import dataclasses

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn import metrics

from components import digests
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches import collect
from components.fairness_evaluator.sketches.collect import Key
from components.fairness_evaluator.sketches.rows import ScoredModel
from components.payloads.manifest import Manifest, SiloEntry, Split
from components.payloads.silo import Silo

pytestmark = pytest.mark.beam

BOTH = ("candidate", "baseline")
SETTINGS = EvaluationSettings(
    slices=("origin", "haul"),
    intersections=(("origin", "haul"),),
    thresholds=(0.25, 0.5),
)


def models_of(world, *names):
    return [
        ScoredModel(name, world.models[name][0], world.models[name][1].digest)
        for name in names
    ]


@pytest.fixture(scope="module")
def found(world):
    both = models_of(world, *BOTH)
    return collect.collect(world.manifest, "eval", both, "late", SETTINGS)


def counted(world, split="eval", **wanted) -> pd.DataFrame:
    """Return rows that count over all silos; the one small silo doesn't."""
    rows = world.of(split, **wanted)
    return rows[rows.silo != "HA"]


def of_key(world, key: Key) -> pd.DataFrame:
    wanted = dict(zip(key.columns, key.values, strict=True))
    return world.of(silo=key.silo, **wanted) if key.silo else counted(world, **wanted)


def test_every_whole_slice_is_what_pandas_finds(world, found):
    whole = 0
    for key, cell in found.cells["baseline"].items():
        rows = of_key(world, key) if not cell.too_few else None
        if rows is None or cell.rows < len(rows):
            continue  # part of its rows is told as too few; see below
        whole += 1
        assert (cell.rows, cell.positives) == (len(rows), int(rows.late.sum()))
        errors = (rows.baseline - rows.late) ** 2
        assert cell.brier == pytest.approx(errors.sum(), 1e-5)
        products = errors * (rows.candidate - rows.late) ** 2
        assert cell.brier_products == pytest.approx(products.sum(), 1e-5)
        losses = metrics.log_loss(rows.late, rows.baseline, normalize=False)
        assert cell.log_loss == pytest.approx(losses, 1e-5)
        assert cell.above[:, 0].sum() == (rows.baseline > 0.25).sum()
        assert bool(cell.exact) == bool(key.silo)
        assert bool(cell.bins.size) == (not key.silo)
    assert whole > 15


@pytest.mark.parametrize("family", SETTINGS.families)
def test_all_rows_are_in_shown_values_or_too_few(world, found, family):
    cells = found.cells["candidate"]
    for silo in ("", "9E", "AA", "F9", "HA"):
        told = {k: c for k, c in cells.items() if (k.silo, k.columns) == (silo, family)}
        assert sum(cell.rows for cell in told.values()) == cells[Key(silo)].rows
        missing = sum(
            len(of_key(world, key)) - cell.rows
            for key, cell in told.items()
            if not cell.too_few and not silo
        )
        few = told.get(Key(silo, family, ("too few",)))
        assert missing <= (few.rows if few else 0)


def without(manifest, silo):
    entries = tuple(entry for entry in manifest if entry.silo.id != silo)
    return dataclasses.replace(manifest, entries=entries)


def test_what_is_small_in_silos_is_whole_over_all_where_it_is_enough(world):
    settings = SETTINGS.model_copy(update={"min_slice_rows": 40})
    silos, both = without(world.manifest, "HA"), models_of(world, *BOTH)
    found = collect.collect(silos, "eval", both, "late", settings)
    rows = counted(world, haul="missing")
    assert rows.groupby("silo").size().max() < 40
    cell = found.cells["baseline"][Key("", ("haul",), ("missing",))]
    assert (cell.rows, cell.positives) == (len(rows), int(rows.late.sum()))
    errors = (rows.candidate - rows.late) ** 2, (rows.baseline - rows.late) ** 2
    assert cell.brier == pytest.approx(errors[1].sum(), 1e-5)
    assert cell.brier_products == pytest.approx((errors[0] * errors[1]).sum(), 1e-5)


def test_a_key_is_written_as_the_tidy_table_writes_it():
    key = Key("north", ("sex", "race"), ("Female", "White"))
    assert (key.slice, key.group) == ("sex x race", "Female x White")
    assert (Key().slice, Key().group) == ("", "")


def test_where_nobody_counts_the_total_has_too_few_rows(world):
    only = models_of(world, "candidate")
    everyone = {"9E", "AA", "F9", "HA"}
    found = collect.collect(world.manifest, "eval", only, "late", SETTINGS, everyone)
    total = found.cells["candidate"][Key()]
    assert (total.rows, total.too_few) == (0, True)


def test_of_a_silo_with_too_few_rows_their_number_alone_is_told(world, found):
    for of_model in found.cells.values():
        small = of_model[Key("HA")]
        assert (small.rows, small.too_few) == (len(world.of(silo="HA")), True)
        assert small.both_above.size == 0


def test_a_silo_left_out_of_training_is_shown_and_counts_nowhere_else(world):
    only = models_of(world, "candidate")
    found = collect.collect(world.manifest, "eval", only, "late", SETTINGS, {"9E"})
    cells = found.cells["candidate"]
    assert cells[Key("9E")].rows == len(world.of(silo="9E"))
    rows = counted(world)
    assert cells[Key()].rows == len(rows[rows.silo != "9E"])
    by_origin = sum(
        cell.rows
        for key, cell in cells.items()
        if (key.silo, key.columns) == ("", ("origin",))
    )
    assert by_origin == cells[Key()].rows


def test_what_left_each_silo_is_accounted(found):
    assert set(found.egress) == {"9E", "AA", "F9", "HA"}
    for item in found.egress.values():
        assert item.kind == "score sketches"
        assert item.count > 6
        assert item.bytes > 2_000
    assert found.failures == {}


def test_of_the_following_span_no_group_leaves(world):
    only = models_of(world, "candidate")
    found = collect.collect(world.manifest, "next", only, "late", SETTINGS)
    cells = found.cells["candidate"]
    assert list(cells) == [Key(), Key("9E"), Key("AA"), Key("F9"), Key("HA")]
    assert cells[Key()].rows == len(counted(world, "next"))


def test_a_silo_that_fails_is_told_and_the_others_go_on(world, tmp_path):
    lost = SiloEntry(
        Silo("AB", str(tmp_path)), splits={"eval": Split.of(str(tmp_path / "x"), "", 5)}
    )
    manifest = dataclasses.replace(
        world.manifest, entries=(lost, *world.manifest.entries)
    )
    only = models_of(world, "candidate")
    found = collect.collect(manifest, "eval", only, "late", SETTINGS)
    assert list(found.failures) == ["AB"]
    assert "found no file" in found.failures["AB"]
    assert found.cells["candidate"][Key()].rows == len(counted(world))
    assert found.egress["AB"].kind == "findings"
    assert found.egress["AB"].bytes > len(found.failures["AB"])


@pytest.fixture
def scored_elsewhere(world, tmp_path) -> Manifest:
    """The silos' rows with the candidate's scores; one silo without `delay`."""
    entries = []
    for entry in world.manifest.readable("eval"):
        rows = world.rows[(world.rows.silo == entry.silo.id)]
        rows = rows[rows.split == "eval"].drop(columns=["silo", "split", "baseline"])
        if entry.silo.id == "F9":
            rows["delay"] = "late"
        path = tmp_path / f"{entry.silo.id}.parquet"
        pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), path)
        split = Split.of(str(path), digests.of_file(path), len(rows))
        entries.append(SiloEntry(Silo(entry.silo.id, ""), splits={"eval": split}))
    return Manifest("flights", "", tuple(entries))


def test_scores_made_elsewhere_give_the_figures_of_the_model_that_made_them(
    world, found, scored_elsewhere
):
    elsewhere = ScoredModel("candidate", "", "", "candidate")
    again = collect.collect(scored_elsewhere, "eval", [elsewhere], "late", SETTINGS)
    for key, cell in found.cells["candidate"].items():
        other = again.cells["candidate"][key]
        assert other.rows == cell.rows
        assert other.log_loss == pytest.approx(cell.log_loss, 1e-5)


def test_a_silo_where_the_baseline_fails_is_evaluated_and_left_out_of_the_comparison(
    world, scored_elsewhere, caplog
):
    both = [
        ScoredModel("candidate", "", "", "candidate"),
        *models_of(world, "baseline"),
    ]
    found = collect.collect(scored_elsewhere, "eval", both, "late", SETTINGS)
    assert found.failures == {}
    candidate, baseline = (found.cells[model] for model in BOTH)
    assert Key("F9") in candidate
    assert Key("F9") not in baseline
    assert any("silo=F9" in one and "delay" in one for one in caplog.messages)
    everyone = len(counted(world))
    compared = everyone - len(world.of(silo="F9"))
    assert candidate[Key()].rows == everyone
    assert candidate[Key(rows_of="compared with baseline")].rows == compared
    for key, cell in baseline.items():
        same = key if key.silo else key._replace(rows_of="compared with baseline")
        assert cell.rows == candidate[same].rows


def test_the_order_of_silos_changes_nothing(world, found):
    turned = dataclasses.replace(
        world.manifest, entries=tuple(reversed(world.manifest.entries))
    )
    both = models_of(world, *BOTH)
    again = collect.collect(turned, "eval", both, "late", SETTINGS)
    for key, cell in found.cells["baseline"].items():
        other = again.cells["baseline"][key]
        assert other.scores == cell.scores
        assert other.bins.tobytes() == cell.bins.tobytes()
        assert other.log_loss == cell.log_loss
        assert other.brier_products == cell.brier_products
