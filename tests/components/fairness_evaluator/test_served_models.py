"""Silos are judged by what serves them: their own weights, where these were chosen."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pyarrow as pa
import pytest
import sklearn.metrics

from components import temporary_faults
from components.fairness_evaluator import evaluation, served_models
from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches.rows import ScoredModel
from components.features import columnar
from components.payloads.benefit import BenefitReport, SiloBenefit
from components.payloads.decision import Baseline, Waiver
from components.payloads.interval import Interval
from components.scoring import model
from tests.components.fairness_evaluator.conftest import SPEC
from tests.support import models

OWN = {  # of the two silos that have some, by whose place they take
    ("candidate", "9E"): (np.array([-0.4, 0.3], "f4"), np.array([0, 2, -1, 0], "f4")),
    ("candidate", "HA"): (np.array([0.4, 0.1], "f4"), np.array([0, 1, 1, 0], "f4")),
    ("baseline", "F9"): (np.array([0.2, -0.1], "f4"), np.array([0, 1, -2, 1], "f4")),
}
GAINS = {  # base and served minus alone
    "9E": (Interval(-0.05, -0.08, -0.02), Interval(0.02, 0.01, 0.03)),
    "F9": (Interval(0.03, -0.04, 0.1), Interval(0.03, -0.04, 0.1)),
    "HA": (Interval(-0.3, -0.9, 0.3), Interval(0.0, 0.0, 0.0)),
}
FREEDOM = 3
SETTINGS = EvaluationSettings(thresholds=(0.25,))
GATES = GateSettings.model_validate(
    {
        "better_than_chance": None,
        "worse_than_alone": {"at_most_worse": 0.01},
        "base_worse_than_alone": {"at_most_worse": 0.01},
        "silo_change": {"at_most_worse": 0.9},
    }
)

WAIVED = ("worse_than_alone", "base_worse_than_alone")
WAIVERS = [Waiver(gate, "agreed", "A.", "2999-12-31", "", "r") for gate in WAIVED]


def linear(of, silo):
    floats, ids = OWN[of, silo]
    return models.Linear(floats, (ids,), -1.0)


@pytest.fixture(scope="module")
def reports(world, tmp_path_factory):
    """What serves each silo of both models; the weights lie in the silos' homes."""
    homes = tmp_path_factory.mktemp("homes")
    silos: dict[str, list[SiloBenefit]] = {"candidate": [], "baseline": []}
    for (of, name), weights in OWN.items():
        path = homes / name / "own" / f"{of}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        model.write_weights(path, weights)
        digest = model.digest_of(weights, SPEC)
        silos[of].append(
            SiloBenefit(name, "personal", digest, f"own/{of}.npz", "it is better")
        )
    silos["candidate"].insert(1, SiloBenefit("F9", reason="nobody can tell"))
    found = {
        of: BenefitReport(
            "ditto",
            world.models[of][1].digest,
            tuple(
                dataclasses.replace(
                    one,
                    gains={
                        kind: {"auc": gain}
                        for kind, gain in zip(
                            ("base", "served"), GAINS[one.silo], strict=True
                        )
                    },
                    freedom=FREEDOM,
                )
                for one in several
            ),
        )
        for of, several in silos.items()
    }
    entries = tuple(
        dataclasses.replace(
            entry, silo=dataclasses.replace(entry.silo, home=str(homes / entry.silo.id))
        )
        for entry in world.manifest
    )
    return found, dataclasses.replace(world.manifest, entries=entries), homes


def scored(world, name):
    folder, card = world.models[name]
    return ScoredModel(name, folder, card.digest)


def run(world, reports, folder, homes=None, *, baseline=True, waivers=(), **changes):
    found, examples, _ = reports
    if homes:
        entries = tuple(
            dataclasses.replace(
                entry,
                silo=dataclasses.replace(entry.silo, home=str(homes / entry.silo.id)),
            )
            for entry in examples
        )
        examples = dataclasses.replace(examples, entries=entries)
    before = scored(world, "baseline")
    given = {"benefit": found["candidate"], "baseline_benefit": found["baseline"]}
    return evaluation.evaluate(
        examples,
        world.cohort,
        scored(world, "candidate"),
        Baseline("2013-04", before.digest, before.folder) if baseline else None,
        "late",
        SETTINGS,
        GATES,
        waivers,
        folder,
        **given | changes,
    )


@pytest.fixture(scope="module")
def served(world, reports, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    return *run(world, reports, folder), folder


def expected(world, of, silo, own=True):
    """Return labels and scores of a silo's rows by what serves it."""
    rows = world.of(silo=silo)
    if own and (of, silo) in OWN:
        arrow = pa.Table.from_pandas(rows.drop(columns="silo"), preserve_index=False)
        return rows.late, linear(of, silo).score(columnar.encode(arrow, SPEC))
    return rows.late, rows[of]


@pytest.mark.beam
@pytest.mark.parametrize(
    ("name", "of", "own"),
    [
        ("candidate", "candidate", True),
        ("base", "candidate", False),
        ("baseline", "baseline", True),
    ],
)
def test_each_silo_is_scored_by_what_serves_it_and_the_base_model_beside_it(
    world, served, name, of, own
):
    figures = served[0].figures
    every = []
    for silo in ("9E", "F9", "AA"):
        labels, scores = expected(world, of, silo, own)
        auc = sklearn.metrics.roc_auc_score(labels, scores)
        brier = sklearn.metrics.brier_score_loss(labels, scores)
        found = figures.metric("auc", silo=silo, model=name)
        assert found.value == pytest.approx(auc, abs=1e-5)
        assert figures.metric("brier", silo=silo, model=name).value == pytest.approx(
            brier, abs=1e-6
        )
        if silo != "AA":  # it is quarantined
            every.append(((scores - labels) ** 2).sum())
    whole = figures.metric("brier", model=name)
    assert whole.value == pytest.approx(sum(every) / whole.rows, abs=1e-6)


@pytest.mark.beam
def test_served_and_base_differ_where_the_silo_has_its_own_weights_alone(served):
    figures = served[0].figures
    for name, other in itertools.pairwise(("candidate", "base")):
        one = {f.silo: f.value for f in figures.by_silo("log_loss", model=name)}
        two = {f.silo: f.value for f in figures.by_silo("log_loss", model=other)}
        assert {silo for silo in one if one[silo] != two[silo]} == {"9E"}
    assert {f.model for f in figures} == {"candidate", "baseline", "change", "base"}
    change = figures.metric("auc", silo="9E", model="change").value
    now, before = (
        figures.metric("auc", silo="9E", model=of).value
        for of in ("candidate", "baseline")
    )
    assert change == pytest.approx(now - before)


@pytest.mark.beam
def test_tfma_opens_the_base_model_s_figures_too(served):
    import tensorflow_model_analysis as tfma

    result = tfma.load_eval_result(str(served[2] / "base"))
    stored = dict(result.slicing_metrics)[(("silo_id", "9E"),)][""][""]
    figure = served[0].figures.metric("auc", silo="9E", model="base")
    assert stored["auc"]["boundedValue"]["value"] == figure.value


@pytest.mark.beam
def test_the_gains_of_served_and_base_are_in_the_table_of_silos_with_enough_rows(
    world, served
):
    figures = served[0].figures
    for name, place in (("base", 0), ("candidate", 1)):
        found = figures.by_silo("gain_auc", model=name)
        assert {f.silo: (f.value, f.low, f.high) for f in found} == {
            silo: GAINS[silo][place] for silo in ("9E", "F9")
        }
        assert {f.freedom for f in found} == {FREEDOM}
        rows = world.of(silo="9E")
        assert (found[0].rows, found[0].positives) == (len(rows), rows.late.sum())
        values = [GAINS[silo][place].value for silo in ("9E", "F9")]
        where = {"slice": "silo_id", "model": name}
        worst = figures.metric("worst_gain_auc", **where)
        assert (worst.value, worst.about) == (min(values), "9E")
        mean = figures.metric("mean_gain_auc", **where)
        assert mean.value == pytest.approx(np.mean(values))
    # Shares of a sum with losses in it mean nothing.
    assert figures.metric("gini_gain_auc", slice="silo_id", model="base") is None


@pytest.mark.beam
def test_the_gates_tell_what_is_served_from_the_base_model(served):
    gates = {gate.gate: gate for gate in served[1].gates}
    assert gates["worse_than_alone"].passed
    assert not gates["base_worse_than_alone"].passed
    assert "silo 9E loses 0.050 AUC with the base model" in served[1].reasons[0]
    assert (served[1].not_as_chosen, served[1].baseline_not_as_served) == ({}, ())


@pytest.mark.beam
def test_nothing_else_leaves_a_silo_than_score_sketches(served):
    for items in served[0].egress.values():
        assert {item.kind for item in items} == {"score sketches"}


@pytest.mark.beam
def test_the_same_evaluation_gives_the_same_bytes(world, reports, served, tmp_path):
    assert run(world, reports, tmp_path) == served[:2]


def damage(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"no weights")


@pytest.mark.beam
def test_a_silo_whose_weights_are_lost_is_served_by_the_base_model_and_that_is_said(
    world, reports, tmp_path, caplog
):
    homes = tmp_path / "homes"
    damage(homes / "HA" / "own" / "candidate.npz")
    with temporary_faults.collected() as faults:
        measured, decided = run(
            *(world, reports, tmp_path, homes),
            **{"baseline": False, "baseline_benefit": None, "waivers": WAIVERS},
        )
    figures = measured.figures
    labels, scores = expected(world, "candidate", "9E", own=False)
    auc = sklearn.metrics.roc_auc_score(labels, scores)
    assert figures.metric("auc", silo="9E").value == pytest.approx(auc, abs=1e-5)
    # So what it gains is what it gains by the base model, which is all that is left.
    assert figures.metric("gain_auc", silo="9E").value == GAINS["9E"][0].value
    assert figures.metric("auc", model="base") is None
    assert [*decided.not_as_chosen] == ["9E", "HA"]
    gone, damaged = decided.not_as_chosen.values()
    assert gone.startswith("silo `9E`: own/candidate.npz: found no file, expected")
    assert damaged.startswith("silo `HA`: own/candidate.npz: found a damaged file")
    assert all(
        any(sentence in one for one in caplog.messages) for sentence in (gone, damaged)
    )
    assert faults == [gone, damaged]  # so the next run evaluates again
    gates = {gate.gate: gate for gate in decided.gates}
    for name in WAIVED:
        assert not gates[name].passed
        # They are waived for what was chosen, which is not what was judged.
        assert gates[name].waiver is None


@pytest.mark.beam
def test_a_baseline_s_lost_weights_are_said_and_repeat_nothing(
    world, reports, tmp_path
):
    with temporary_faults.collected() as faults:
        measured, decided = run(
            world, reports, tmp_path, tmp_path / "homes", benefit=None
        )
    labels, scores = expected(world, "baseline", "F9", own=False)
    auc = sklearn.metrics.roc_auc_score(labels, scores)
    found = measured.figures.metric("auc", silo="F9", model="baseline")
    assert found.value == pytest.approx(auc, abs=1e-5)
    assert decided.not_as_chosen == {}
    [sentence] = decided.baseline_not_as_served
    assert sentence.startswith("the baseline, silo `F9`: own/baseline.npz: found no")
    assert faults == []
    # Nothing was compared with models trained alone, so these gates can't say.
    reasons = [reason for reason in decided.reasons if "alone" in reason]
    assert len(reasons) == 2
    assert all("could not be computed" in reason for reason in reasons)


def test_a_report_of_another_base_model_counts_for_nothing(world, reports):
    found, examples, _ = reports
    candidate = scored(world, "candidate")
    other = dataclasses.replace(candidate, digest="another")
    assert served_models.as_served(other, examples, found["candidate"]) == (other, {})
    gains = served_models.gains(other, found["candidate"])
    assert gains == {"candidate": {}, "base": {}}


def test_where_all_are_served_by_the_base_model_its_gain_is_both(world, reports):
    _, examples, _ = reports
    candidate = scored(world, "candidate")
    one = SiloBenefit("9E", gains={"base": {"auc": Interval(0.1, 0.0, 0.2)}})
    report = BenefitReport("none", candidate.digest, (one, SiloBenefit("F9")))
    assert served_models.as_served(candidate, examples, report) == (candidate, {})
    assert served_models.gains(candidate, report) == {
        "candidate": {"9E": (Interval(0.1, 0.0, 0.2), None)},
        "base": {"9E": (Interval(0.1, 0.0, 0.2), None)},
    }


def test_what_is_sent_to_a_silo_names_no_other_silo(world, reports):
    found, examples, homes = reports
    model_, _ = served_models.as_served(
        scored(world, "candidate"), examples, found["candidate"]
    )
    assert sorted(model_.own) == ["9E", "HA"]
    for silo in ("9E", "F9"):
        sent = str(dataclasses.asdict(model_.of_silo(silo)))
        assert "HA" not in sent
        assert (str(homes / "9E") in sent) == (silo == "9E")
