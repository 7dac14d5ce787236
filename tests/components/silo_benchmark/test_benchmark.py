"""The node's work on silos of unequal kind, with the engine that runs tasks."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from components import temporary_faults
from components.payloads.benefit import ALONE, BASE, PERSONAL, BenefitReport
from components.payloads.manifest import CHOOSE, EVAL, TRAIN, SiloEntry
from components.payloads.model_run import MEAN_OF_SILOS, RunRecord
from components.scoring import model, served
from components.scoring.model import ModelCard
from components.silo_benchmark import benchmark
from tests.components.federated_trainer import support as trained
from tests.components.silo_benchmark.support import (
    LABEL,
    SPEC,
    base_weights,
    entry,
    make_case,
    sizes,
    table,
)

MANY = sizes(400, 150, 200)
BASE_DIGEST = model.digest_of(base_weights(), SPEC)


def one_class(found: SiloEntry, split: str) -> SiloEntry:
    """Return the silo with label 0 alone in a split."""
    content = pq.read_table(found.splits[split].paths[0])
    place = content.schema.get_field_index(LABEL)
    zeros = np.zeros(content.num_rows, np.int64)
    content = content.set_column(place, LABEL, [zeros])
    splits = found.splits | {split: trained.write_split(found.silo, content, split)}
    return dataclasses.replace(found, splits=splits)


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """East does not fit the base model, north does, and the others have little."""
    folder = tmp_path_factory.mktemp("case")
    homes = folder / "homes"
    return make_case(
        folder,
        entry(homes, "east", -0.5, MANY),
        entry(homes, "few", 0.5, sizes(20, 8, 9), 9),
        entry(homes, "north", 0.5, MANY, 7),
        entry(homes, "one", 0.5, sizes(1, 1, 1), 11),
        entry(homes, "unchosen", 0.5, sizes(60, 0, 30), 13),
        one_class(entry(homes, "west-choose", 0.5, sizes(60, 40, 30), 17), CHOOSE),
        one_class(entry(homes, "west-train", 0.5, sizes(60, 60, 40), 19), TRAIN),
    )


@pytest.fixture(scope="module")
def report(case):
    return case.run()


def test_each_silo_is_served_by_what_is_surely_better(report):
    assert (report.method, report.base, report.refusal) == ("ditto", BASE_DIGEST, "")
    assert [one.silo for one in report.silos] == sorted(
        one.silo for one in report.silos
    )
    assert {one.silo: one.served for one in report.silos if one.served != BASE} == {
        "east": PERSONAL
    }
    assert all(one.failure == "" for one in report.silos)
    east = report.get("east")
    assert east.rows == {TRAIN: 400, CHOOSE: 150, EVAL: 200}
    assert "surely lower than that of the base model" in east.reason
    assert east.choice[PERSONAL].low > 0
    assert east.figures[PERSONAL]["auc"].value > east.figures[BASE]["auc"].value + 0.2
    assert east.gains["served"] == east.gains[PERSONAL]
    assert east.passes[PERSONAL] >= 1
    assert east.freedom == min(east.positives, 200 - east.positives) - 1
    assert report.get("north").gain == report.get("north").gains[BASE]["auc"]


@pytest.mark.parametrize(
    ("silo", "reason"),
    [
        ("few", r"can't tell: \d of its 8 rows to choose by are of the rarer label"),
        ("one", "can't tell: it has 1 row to choose by, at least 5 are needed"),
        ("unchosen", "it has no rows to choose by"),
        ("west-choose", "can't tell: its 40 rows to choose by have one label"),
        ("west-train", r"(can't tell whether|none of its own is noticeably better)"),
    ],
)
def test_a_silo_that_cannot_tell_is_served_by_the_base_model(report, silo, reason):
    found = report.get(silo)
    assert (found.served, found.digest, found.weights) == (BASE, BASE_DIGEST, "")
    assert re.search(reason, found.reason)
    models = {BASE, PERSONAL, ALONE} if found.rows[EVAL] >= 5 else set()
    assert {*found.figures} == models


def test_what_serves_is_found_by_its_digest_in_the_home_alone(case, report):
    east = next(one for one in case.entries if one.silo.id == "east")
    found = served.of_silo(east.silo, BASE_DIGEST, SPEC, report)
    assert (found.model, found.lost) == (PERSONAL, "")
    assert pathlib.Path(found.weights).is_relative_to(east.silo.home)
    assert found.digest not in (BASE_DIGEST, "")


def test_the_report_is_the_same_again_and_nothing_is_trained_twice(case, report):
    paths = [
        path
        for one in case.entries
        for folder in ("alone", "personal")
        for path in one.silo.path(folder).rglob("*.npz")
    ]
    before = {path: path.stat().st_mtime_ns for path in paths}
    assert len(before) == 12  # two a silo, but the one with too few rows
    assert case.run() == report
    assert {path: path.stat().st_mtime_ns for path in paths} == before


def test_new_weights_of_the_same_rows_are_the_same(case, report):
    for one in case.entries:
        for folder in ("alone", "personal"):
            shutil.rmtree(one.silo.path(folder), ignore_errors=True)
    assert case.run() == report


def test_each_byte_that_leaves_is_counted(case):
    found, left = benchmark.run(case.request("one"))
    assert (
        {*left}
        == {one.silo for one in found.silos}
        == {one.silo.id for one in case.entries if one.silo.id != "one"}
    )
    for (item,) in left.values():
        assert (item.kind, item.count) == ("benefit figures", 1)
        assert 500 < item.bytes < 5_000


def test_report_survives_its_file(report, tmp_path):
    report.write(tmp_path)
    assert BenefitReport.read(tmp_path) == report


@pytest.mark.parametrize("method", ["fine_tune", "mr_mtl"])
def test_other_methods_lift_the_silo_that_the_base_does_not_fit(case, method):
    found = case.run(method=method)
    assert (found.method, found.get("east").served) == (method, PERSONAL)


def test_without_personal_models_base_and_alone_are_compared_and_base_serves(case):
    found = case.run(method="none")
    assert {one.served for one in found.silos} == {BASE}
    east = found.get("east")
    assert {*east.figures} == {BASE, ALONE}
    assert east.gain.high < 0
    assert "personal.method is none" in east.reason


def test_pooled_model_is_compared_where_the_settings_allow_it(case, report):
    found = case.run(pooled=True)
    assert found.pooled.startswith("the 1,001 training rows of `east`, `few`, `north`")
    assert found.pooled.endswith(" met in one process")
    for one in found.silos:
        assert ("pooled" in one.figures) == (one.rows[EVAL] >= 5)
        if not one.figures:
            continue
        assert one.figures[ALONE] == report.get(one.silo).figures[ALONE]
        assert one.served == report.get(one.silo).served
    assert report.pooled == ""
    assert all("pooled" not in one.figures for one in report.silos)


def test_of_fewer_rows_than_may_be_told_only_their_number_leaves(report):
    one = report.get("one")
    assert one.rows == {TRAIN: 1, CHOOSE: 1, EVAL: 1}
    assert (one.positives, one.figures, one.gains, one.choice) == (None, {}, {}, {})
    assert one.freedom == 0


def test_personal_training_that_diverges_falls_back_to_base(case):
    found = case.run(learning_rate=100.0, strength=1.0, passes=30)
    assert found.get("north").served == BASE
    for one in found.silos:
        assert one.served != PERSONAL
        if one.silo == "one":
            continue  # it has too few rows to train on
        assert one.reason.startswith(
            "the training of its personal model gave numbers that are not finite; "
        )


def test_alone_serves_where_only_it_is_surely_better(case):
    found = case.run(method="fine_tune", learning_rate=1e-9).get("east")
    assert found.served == ALONE
    assert found.weights.startswith("alone/")
    assert found.gain == (0.0, 0.0, 0.0)


def test_silo_whose_rows_are_gone_is_served_by_base_and_the_others_go_on(
    tmp_path,
):
    case = make_case(
        tmp_path,
        entry(tmp_path / "homes", "east", -0.5, MANY),
        entry(tmp_path / "homes", "north", 0.5, MANY, 7),
    )
    shutil.rmtree(case.entries[0].silo.home)
    with temporary_faults.collected() as noted:
        found, left = benchmark.run(case.request())
    east, north = found.silos
    assert (east.served, east.digest) == (BASE, BASE_DIGEST)
    assert "silo `east`" in east.failure
    assert east.figures == {}
    assert left["east"][0].kind == "findings"
    assert north.figures[ALONE]
    assert noted, "it may be there again"


def test_labels_that_are_none_are_a_failure_of_the_silo(tmp_path):
    case = make_case(
        tmp_path,
        entry(tmp_path / "homes", "east", -0.5, MANY),
        entry(tmp_path / "homes", "north", 0.5, MANY, 7),
    )
    broken = trained.write_split(
        case.entries[0].silo, table(30, 1, 0.5).drop([LABEL]), EVAL
    )
    splits = case.entries[0].splits | {EVAL: broken}
    changed = dataclasses.replace(case.entries[0], splits=splits)
    case = dataclasses.replace(case, entries=(changed, case.entries[1]))
    east, north = case.run().silos
    assert "label `late` of its eval split: found no such column" in east.failure
    assert north.failure == ""


def test_without_a_model_nothing_is_compared(case, tmp_path):
    ModelCard(refusal="1 of 3 silos were admitted").write(tmp_path)
    request = dataclasses.replace(case.request(), model=str(tmp_path))
    found, left = benchmark.run(request)
    assert found.refusal == "no model was trained: 1 of 3 silos were admitted"
    assert (found.silos, left) == ((), {})


def test_without_rows_to_choose_by_nothing_is_compared(tmp_path):
    case = make_case(
        tmp_path,
        entry(tmp_path / "homes", "east", -0.5, sizes(90, 0, 20)),
        entry(tmp_path / "homes", "north", 0.5, sizes(90, 0, 20)),
    )
    found = case.run(method="none")
    assert found.refusal == "no silo has rows to choose by (rows.choose_share)"


def test_mr_mtl_without_the_silos_mean_is_refused(tmp_path):
    case = make_case(tmp_path, entry(tmp_path / "homes", "east", -0.5, MANY))
    (tmp_path / "run" / MEAN_OF_SILOS).unlink()
    found = case.run(method="mr_mtl")
    assert "mean_of_silos.npz: found no file" in found.refusal
    assert "train again" in found.refusal


def test_silo_that_no_round_trained_is_compared_as_well(case, report):
    request = case.request()
    run = RunRecord("fed_avg", tensors=request.run.tensors)
    assert {drop.silo for drop in run.untrained(request.cohort.admitted)} == {
        one.silo for one in report.silos
    }
