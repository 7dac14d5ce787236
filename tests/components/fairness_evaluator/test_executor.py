"""The whole node on a small exported model, with figures recomputed by scikit-learn."""

from __future__ import annotations

import json
import pathlib

import pytest
import sklearn.metrics
from tfx.components.util import model_utils
from tfx.types import standard_artifacts

from components import artifacts
from components.fairness_evaluator.executor import Executor
from components.payloads import egress, table
from components.payloads.benefit import BenefitReport, SiloBenefit
from components.payloads.decision import Decision
from components.payloads.interval import Interval
from components.payloads.manifest import Split
from components.scoring.model import ModelCard

pytestmark = pytest.mark.beam

EVALUATION = {"slices": ["origin", "haul"], "thresholds": [0.25, 0.5]}
WORSE = {"at_most_worse": 0.01}
GATES = {
    "silo_floor": {"at_least": 0.6},
    "silo_gap": {"at_most": 0.3},
    "change": {"at_most_worse": 0.01},
}


def run(
    world,
    root: pathlib.Path,
    gates=GATES,
    baseline=False,
    model="",
    benefit=BenefitReport(),  # noqa: B008  immutable
    **properties,
):
    root.mkdir(parents=True, exist_ok=True)
    world.manifest.write(root)
    world.cohort.write(root)
    benefit.write(root)
    inputs = {
        "examples": artifacts.SiloExamples(),
        "cohort": artifacts.Cohort(),
        "model": standard_artifacts.Model(),
        "benefit": artifacts.BenefitReport(),
    }
    inputs["model"].uri = model or world.models["candidate"][0]
    inputs["model"].id = 17
    outputs = {
        "evaluation": standard_artifacts.ModelEvaluation(),
        "blessing": standard_artifacts.ModelBlessing(),
    }
    for name in ("examples", "cohort", "benefit"):
        inputs[name].uri = str(root)
    for name, artifact in outputs.items():
        artifact.uri = str(root / name)
    found = {
        "settings": json.dumps(EVALUATION),
        "gates": json.dumps(gates),
        "label": "late",
        "code": "",
        "use_case": "flights",
        "beam": "[]",
        "baseline_uri": world.models["baseline"][0] if baseline else "",
        "baseline_digest": world.models["baseline"][1].digest if baseline else "",
        "baseline_span": "2013-04" if baseline else "",
        "waivers": "[]",
        "attempt": "key/0",
    }
    properties = found | properties
    Executor().Do(
        {name: [artifact] for name, artifact in inputs.items()},
        {name: [artifact] for name, artifact in outputs.items()},
        properties,
    )
    return outputs["evaluation"], outputs["blessing"]


@pytest.fixture(scope="module")
def done(world, tmp_path_factory):
    return run(world, tmp_path_factory.mktemp("done"), baseline=True)


@pytest.fixture(scope="module")
def figures(done):
    return table.read(done[0].uri)


SLICES = [
    {},
    {"silo": "9E"},
    {"silo": "F9"},
    {"origin": "EWR"},
    {"silo": "9E", "origin": "EWR"},  # JFK's rows would tell the few of LGA
    {"silo": "9E", "haul": "missing"},
]


@pytest.mark.parametrize("model", ["candidate", "baseline"])
@pytest.mark.parametrize("which", SLICES, ids=str)
def test_figures_equal_those_of_scikit_learn_on_the_rows(world, figures, which, model):
    rows = world.of(**which)
    if "silo" not in which:  # AA is quarantined, HA too small to count
        rows = rows[rows.silo.isin(["9E", "F9"])]
    labels, scores = rows.late.astype(int), rows[model].astype("f4").astype(float)
    place = {"silo": which.get("silo", ""), "model": model}
    for column in ("origin", "haul"):
        if column in which:
            place |= {"slice": column, "group": which[column]}

    def value(metric, threshold=None):
        found = figures.metric(metric, threshold=threshold, **place)
        assert (found.rows, found.positives) == (len(rows), labels.sum())
        return found.value

    auc = sklearn.metrics.roc_auc_score(labels, scores)
    assert value("auc") == pytest.approx(auc, abs=5e-4)
    loss = sklearn.metrics.log_loss(labels, scores)
    assert value("log_loss") == pytest.approx(loss, abs=1e-6)
    brier = sklearn.metrics.brier_score_loss(labels, scores)
    assert value("brier") == pytest.approx(brier, abs=1e-6)
    assert value("calibration") == pytest.approx(scores.sum() / labels.sum(), rel=1e-6)
    assert value("rows") == len(rows)
    for threshold in (0.25, 0.5):
        above = scores > threshold
        tpr = above[labels == 1].mean()
        assert value("tpr", threshold) == pytest.approx(tpr)
        assert value("fnr", threshold) == pytest.approx(1 - tpr)
        assert value("fpr", threshold) == pytest.approx(above[labels == 0].mean())
        assert value("positive_rate", threshold) == pytest.approx(above.mean())


def test_the_following_span_has_figures_overall_and_by_silo_alone(world, figures):
    rows = world.of("next", silo="9E")
    auc = sklearn.metrics.roc_auc_score(rows.late, rows.candidate)
    found = figures.metric("auc", silo="9E", split="next")
    assert found.value == pytest.approx(auc, abs=5e-4)
    assert found.low < found.value < found.high
    assert not [figure for figure in figures if figure.split == "next" and figure.slice]


def test_totals_are_exact_while_small_slices_are_hidden(world, figures):
    assert len(world.of(silo="9E", origin="LGA")) < 30
    for silo in ("", "9E", "AA", "F9"):
        for column in ("origin", "haul"):
            parts = [
                figure.rows
                for figure in figures
                if (figure.model, figure.split) == ("candidate", "eval")
                and (figure.silo, figure.slice, figure.metric) == (silo, column, "rows")
            ]
            whole = figures.metric("rows", silo=silo)
            assert sum(parts) == whole.rows
            # AA is quarantined, HA too small to count over all silos.
            counted = [silo] if silo else ["9E", "F9"]
            assert whole.rows == world.of().silo.isin(counted).sum()


def test_what_is_too_few_is_a_number_nowhere(world, figures, done):
    small = [figure for figure in figures if figure.note == "too few"]
    assert {(f.silo, f.slice, f.group) for f in small if f.split == "eval"} >= {
        ("HA", "", ""),
        ("9E", "origin", "too few"),
        ("", "origin", "too few"),
    }
    for figure in small:
        assert figure.metric == "rows"
        assert (figure.value, figure.low, figure.positives) == (None, None, None)
    assert not [figure for figure in figures if figure.group == "LGA"]
    assert b"LGA" not in b"".join(
        path.read_bytes()
        for path in pathlib.Path(done[0].uri).rglob("*")
        if path.is_file()
    )
    import tensorflow_model_analysis as tfma

    shown = {key for key, _ in tfma.load_eval_result(done[0].uri).slicing_metrics}
    assert (("silo_id", "HA"),) not in shown
    assert not [key for key in shown if "too few" in str(key)]


def test_tfma_opens_candidate_and_baseline(done):
    import tensorflow_model_analysis as tfma

    for folder in (done[0].uri, f"{done[0].uri}/baseline"):
        result = tfma.load_eval_result(folder)
        metrics = dict(result.slicing_metrics)[("silo_id", "9E"), ("origin", "EWR")]
        assert {"auc", "calibration", "log_loss", "example_count"} <= set(
            metrics[""][""]
        )
        keys = {tuple(spec.feature_keys) for spec in result.config.slicing_specs}
        assert keys == {
            (),
            ("silo_id",),
            ("origin",),
            ("silo_id", "origin"),
            ("haul",),
            ("silo_id", "haul"),
        }


def test_a_blessed_model_has_tfx_s_own_mark_and_ours(world, done):
    _, blessing = done
    assert pathlib.Path(blessing.uri, "BLESSED").exists()
    assert not pathlib.Path(blessing.uri, "NOT_BLESSED").exists()
    assert model_utils.is_model_blessed(blessing)
    assert blessing.get_int_custom_property("current_model_id") == 17
    folder, card = world.models["candidate"]
    for name, value in {
        "current_model": folder,
        "model_uri": folder,
        "model_digest": card.digest,
        "use_case": "flights",
        "span": "2013-05",
        "benefit_uri": str(pathlib.Path(blessing.uri).parent),
    }.items():
        assert blessing.get_string_custom_property(name) == value
    found = Decision.read(blessing.uri)
    assert found.blessed
    assert found.reasons == ()
    assert [gate.gate for gate in found.gates] == [
        "minimum_data",
        "better_than_chance",
        "silo_floor",
        "silo_gap",
        "change",
    ]
    assert found.baseline.span == "2013-04"
    assert {silo.silo: silo.reason for silo in found.not_judged} == {
        "AA": "quarantined: its labels are shifted",
        "HA": "20 evaluation rows, 100 are needed",
        "ZZ": "no file of the span",
    }


def test_the_account_tells_what_left_each_silo(done):
    left = egress.read(done[0].uri)
    assert sorted(left) == ["9E", "AA", "F9", "HA"]
    assert len(left["9E"]) == 2  # two splits, in each both models at once
    assert {item.kind for item in left["9E"]} == {"score sketches"}
    assert all(item.count and item.bytes for item in left["9E"])


def test_a_refused_model_has_reasons_and_the_node_still_ends(world, tmp_path):
    _, blessing = run(world, tmp_path, {"silo_floor": {"at_least": 0.95}})
    assert pathlib.Path(blessing.uri, "NOT_BLESSED").exists()
    assert not model_utils.is_model_blessed(blessing)
    [reason] = Decision.read(blessing.uri).reasons
    assert reason.startswith("Not blessed: silo ")
    assert "needed at least 0.950. Missed too by silo " in reason
    assert reason.endswith(
        "Judged: 2 of 5 silos; the others have too few rows or are left out."
    )


def test_a_baseline_whose_folder_is_gone_refuses_the_change_and_not_the_run(
    world, tmp_path, caplog
):
    gone = {
        "baseline_span": "2013-04",
        "baseline_digest": "0123456789abcdef",
        "baseline_gone": "/models/4",
    }
    evaluation, blessing = run(world, tmp_path, **gone)
    found = Decision.read(blessing.uri)
    [reason] = found.reasons
    assert reason.startswith(
        "Not blessed: gate change could not be computed: the folder of the model of "
        "2013-04 (digest 0123456789ab) is gone, looked for at /models/4"
    )
    assert (found.baseline, found.baseline_gone.uri) == (None, "/models/4")
    assert {figure.model for figure in table.read(evaluation.uri)} == {"candidate"}
    assert any(
        "nothing is compared" in message and "/models/4" in message
        for message in caplog.messages
    )


GAIN = {"auc": Interval(-0.1, -0.12, -0.08)}
BY_BENEFIT = {"better_than_chance": None, "base_worse_than_alone": WORSE}


def test_what_a_silo_gains_is_read_from_the_report(world, tmp_path):
    one = SiloBenefit("9E", gains={"base": GAIN, "served": GAIN})
    digest = world.models["candidate"][1].digest
    lost = SiloBenefit("F9", "personal", "d", "w.npz")
    report = BenefitReport(base=digest, silos=(one, lost))
    evaluation, blessing = run(world, tmp_path, BY_BENEFIT, benefit=report)
    told = {
        name: blessing.get_string_custom_property(name)
        for name in ("model_digest", "served_digest")
    }
    assert told == {"model_digest": digest, "served_digest": report.served_digest}
    gain = table.read(evaluation.uri).metric("gain_auc", silo="9E", model="base")
    assert (gain.value, gain.low, gain.high) == GAIN["auc"]
    [reason] = Decision.read(blessing.uri).reasons
    assert reason.startswith(
        "Not blessed: gate base_worse_than_alone could not be computed: the gain in "
        "AUC over training alone is not known for silo F9"
    )


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ("whole", "silo `9E`: own/x.npz: found no file, expected"),
        (None, "{}: found no file, expected what SiloBenchmark wrote; each"),
        ("{", "{}: found a file that is cut or of another form, expected"),
    ],
    ids=["there", "gone", "damaged"],
)
def test_what_served_silos_beside_the_baseline_is_read_from_its_own_report(
    world, tmp_path, caplog, report, said
):
    """Whose weights are lost here, which is how the test knows that it was read."""
    digest = world.models["baseline"][1].digest
    one = SiloBenefit("9E", "personal", "d", "own/x.npz")
    whole = BenefitReport(base=digest, silos=(one,)).to_json()
    path = tmp_path / BenefitReport.FILE_NAME
    if report:
        path.write_text(whole if report == "whole" else report)
    below = tmp_path / "run"
    _, blessing = run(world, below, baseline=True, baseline_benefit=str(tmp_path))
    decided = Decision.read(blessing.uri)
    assert decided.not_as_chosen == {}
    [found] = decided.baseline_not_as_served
    assert found.startswith(f"the baseline, {said.format(path)}")
    assert any(found in message for message in caplog.messages)


def test_a_model_that_was_not_trained_is_refused_with_its_reason(world, tmp_path):
    ModelCard(refusal="2 of 5 silos were admitted; the quorum is 3").write(tmp_path)
    evaluation, blessing = run(world, tmp_path, model=str(tmp_path))
    found = Decision.read(blessing.uri)
    assert found.reasons == (
        "Not blessed: 2 of 5 silos were admitted; the quorum is 3",
    )
    assert not model_utils.is_model_blessed(blessing)
    assert len(table.read(evaluation.uri)) == 0
    assert egress.read(evaluation.uri) == {}


def test_a_silo_that_fails_is_not_judged_and_says_why(world, tmp_path):
    import dataclasses

    entries = list(world.manifest.entries)
    path = tmp_path / "broken.parquet"
    path.write_bytes(b"PAR1 not really")
    split = Split.of(str(path), "d" * 64, entries[2].rows("eval"))
    entries[2] = dataclasses.replace(entries[2], splits={"eval": split})
    broken = dataclasses.replace(
        world, manifest=dataclasses.replace(world.manifest, entries=tuple(entries))
    )
    evaluation, blessing = run(broken, tmp_path)
    found = {silo.silo: silo.reason for silo in Decision.read(blessing.uri).not_judged}
    assert "bytes that were changed or damaged" in found["F9"]
    assert table.read(evaluation.uri).metric("auc", silo="F9") is None
    # A split is not to change, so the next run evaluates again.
    assert evaluation.get_string_custom_property("attempt") == "key/0"
