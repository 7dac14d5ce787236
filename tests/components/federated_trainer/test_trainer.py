"""The node's work on Parquet splits, over real workers."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import shutil

import pytest

from components import circumstances
from components.errors import SettingsError
from components.federated_trainer import trainer
from components.federated_trainer.settings import TrainingSettings
from components.federation import silo_registry
from components.payloads import egress, model_run
from components.payloads.model_run import RunRecord
from components.scoring import model as scoring
from tests.components.federated_trainer import support

pytestmark = [pytest.mark.tff, pytest.mark.beam]
SETTINGS = TrainingSettings(rounds=2, batch_size=32)


def request(folder: pathlib.Path, **changes) -> trainer.Request:
    settings = SETTINGS.model_copy(update=changes)
    checkpoints = str(folder / "checkpoints")
    return trainer.Request(
        settings, support.LABEL, str(support.MODEL), checkpoints, "code"
    )


def outputs(folder: pathlib.Path) -> trainer.Outputs:
    return trainer.Outputs(folder / "model", folder / "run")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return manifest, card and outputs of a training with one silo refused."""
    folder = tmp_path_factory.mktemp("trained")
    manifest = support.make_manifest(folder / "homes")
    cohort = support.make_cohort(manifest, "south")
    out = outputs(folder)
    card = trainer.run(request(folder), manifest, cohort, support.SPEC, out)
    return manifest, card, out


def test_only_admitted_silos_train(trained):
    manifest, card, out = trained
    run = RunRecord.read(out.run)
    assert run.refusal == ""
    assert [r.round for r in run.rounds] == [1, 2]
    for record in run.rounds:
        found = {silo.silo: silo.examples for silo in record.silos}
        assert found == {"north": 200, "west": 41}
        assert record.dropped == ()
    assert not manifest["south"].silo.path("training").exists()
    assert scoring.read_card(out.model) == card
    assert len(card.digest) == 64
    assert not card.refusal


def test_egress_counts_updates_and_metrics_a_round(trained):
    _, _, out = trained
    left = egress.read(out.run)
    assert set(left) == {"north", "west"}
    encoded, updates, metrics = left["north"]
    assert (encoded.kind, encoded.count) == ("counts and digests", 1)
    parameters = (4 + 4 + 4) * 6 + 6 + 6 + 1  # two columns of four ids each
    assert updates.kind == "model updates"
    assert updates.count == 2
    assert updates.bytes == 2 * 4 * (parameters + 1)
    assert (metrics.kind, metrics.count) == ("training metrics", 2)


def test_timings_lie_beside_the_record(trained):
    _, _, out = trained
    timings = json.loads((out.run / model_run.TIMINGS_FILE_NAME).read_text())
    assert len(timings["round_seconds"]) == 2
    assert list((out.run / model_run.TENSORBOARD).glob("events.*"))


def test_finished_training_resumes_to_the_same_model(trained, tmp_path):
    manifest, card, first = trained
    again = outputs(tmp_path)
    cohort = support.make_cohort(manifest, "south")
    asked = request(first.model.parent)
    assert trainer.run(asked, manifest, cohort, support.SPEC, again) == card
    run = RunRecord.read(again.run)
    assert run.resumed_from == 2
    assert run.rounds == RunRecord.read(first.run).rounds


def test_model_is_the_same_wherever_the_silos_workers_run(trained, tmp_path):
    manifest, card, first = trained
    path = tmp_path / "silos.json"
    path.write_text('{"north": "north:8000", "west": "west:8000"}')
    cohort = support.make_cohort(manifest, "south")
    out = outputs(tmp_path)
    asked = request(first.model.parent, silo_registry=str(path))
    assert trainer.run(asked, manifest, cohort, support.SPEC, out) == card
    run = RunRecord.read(out.run)
    assert run.resumed_from == 2  # the same checkpoints
    assert run.isolation == silo_registry.OWN_PODS


def test_broken_silo_registry_is_refused_before_any_work(trained, tmp_path):
    manifest, _, _ = trained
    cohort = support.make_cohort(manifest)
    asked = request(tmp_path, silo_registry=str(tmp_path / "silos.json"))
    with pytest.raises(SettingsError, match=r"silos.json: found that it can't be read"):
        trainer.run(asked, manifest, cohort, support.SPEC, outputs(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_cohort_below_quorum_trains_nothing(trained, tmp_path):
    manifest, _, _ = trained
    cohort = support.make_cohort(manifest, "south", "west")
    out = outputs(tmp_path)
    card = trainer.run(request(tmp_path), manifest, cohort, support.SPEC, out)
    assert card.refusal == "1 of 3 silos were admitted; the quorum is 2"
    assert card.digest == ""
    assert scoring.read_card(out.model) == card
    assert RunRecord.read(out.run) == model_run.RunRecord(
        "fed_avg", refusal=card.refusal
    )
    assert not (tmp_path / "checkpoints").exists()
    assert not scoring.serving_path(out.model).exists()


def test_silo_whose_rows_cannot_be_encoded_is_left_out(tmp_path):
    manifest = support.make_manifest(tmp_path / "homes")
    entries = list(manifest.entries)
    broken = support.table(50, 1).drop([support.LABEL])
    split = support.write_split(entries[1].silo, broken, "broken")
    entries[1] = dataclasses.replace(entries[1], splits={"train": split})
    manifest = dataclasses.replace(manifest, entries=tuple(entries))
    cohort = support.make_cohort(manifest)
    out = outputs(tmp_path)
    asked = request(tmp_path, rounds=1)
    card = trainer.run(asked, manifest, cohort, support.SPEC, out)
    (left_out,) = RunRecord.read(out.run).left_out
    assert left_out.silo == "south"
    assert "found no such column" in left_out.reason
    assert card.digest

    asked = request(tmp_path, rounds=1, quorum_per_round=3)
    card = trainer.run(asked, manifest, cohort, support.SPEC, out)
    assert card.refusal.startswith(
        "2 of 3 admitted silos have rows to train on, the trainer's quorum is 3; "
        "silo `south`: label `late` of its training split: found no such column"
    )


def test_too_few_silos_in_a_round_is_a_refusal_with_the_rounds_so_far(
    tmp_path, monkeypatch
):
    manifest = support.make_manifest(tmp_path / "homes")
    cohort = support.make_cohort(manifest)
    out = outputs(tmp_path)
    # Steps so large that the first round's updates overflow float32.
    asked = request(tmp_path, client_learning_rate=1e38)
    with circumstances.collected() as noted:
        card = trainer.run(asked, manifest, cohort, support.SPEC, out)
    assert noted == [], "it follows from the data, so the cache may give it"
    assert card.refusal.startswith("round 1: 0 of 3 silos answered, the quorum is 2")
    assert "`west`: its update or its loss is not finite" in card.refusal
    run = RunRecord.read(out.run)
    assert run.refusal == card.refusal
    assert run.rounds == ()
    assert egress.read(out.run)["west"][1].count == 0


def test_training_key_follows_all_that_decides_the_weights(tmp_path):
    asked = request(tmp_path)
    model = tmp_path / "model.py"
    model.write_text("other")
    beside = tmp_path / "the same with a module beside it"
    beside.mkdir()
    shutil.copy(model, beside)
    (beside / "layers.py").write_text("WIDTH = 8")
    encoded = {"north": "d1", "west": "d2"}
    keys = [
        trainer.training_key(*arguments)
        for arguments in [
            (asked, "flights", encoded, support.SPEC),
            (request(tmp_path, rounds=3), "flights", encoded, support.SPEC),
            (
                dataclasses.replace(asked, code="other"),
                "flights",
                encoded,
                support.SPEC,
            ),
            (
                dataclasses.replace(asked, module_file=str(model)),
                "flights",
                encoded,
                support.SPEC,
            ),
            (
                dataclasses.replace(asked, module_file=str(beside / "model.py")),
                "flights",
                encoded,
                support.SPEC,
            ),
            (asked, "other", encoded, support.SPEC),
            (asked, "flights", {"north": "d1"}, support.SPEC),
            (
                asked,
                "flights",
                encoded,
                dataclasses.replace(support.SPEC, clip=3.0),
            ),
        ]
    ]
    assert len(set(keys)) == len(keys)
    elsewhere = request(tmp_path, silo_registry="silos.json")
    assert trainer.training_key(elsewhere, "flights", encoded, support.SPEC) == keys[0]
    elsewhere = dataclasses.replace(asked, checkpoints="elsewhere")
    swapped = dict(reversed(encoded.items()))
    assert trainer.training_key(elsewhere, "flights", swapped, support.SPEC) == keys[0]
