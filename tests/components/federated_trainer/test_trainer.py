"""The node's work on Parquet splits, over real workers."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import shutil

import pytest

from components import temporary_faults
from components.errors import SettingsError
from components.federated_trainer import trainer
from components.federation import silo_registry
from components.payloads import egress, model_run
from components.payloads.manifest import Manifest
from components.payloads.model_run import RunRecord
from components.scoring import model as scoring
from components.scoring.model import ModelCard
from tests.components.federated_trainer import support
from tests.components.federated_trainer.support import request

pytestmark = [pytest.mark.tff, pytest.mark.beam]


def run(asked: trainer.Request, folder: pathlib.Path) -> tuple[ModelCard, RunRecord]:
    card = trainer.run(asked, folder / "model", folder / "run")
    assert scoring.read_card(folder / "model") == card
    return card, RunRecord.read(folder / "run")


@dataclasses.dataclass(frozen=True)
class Trained:
    """A training with one silo refused."""

    folder: pathlib.Path
    manifest: Manifest
    card: ModelCard
    record: RunRecord


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    manifest = support.make_manifest(folder / "homes")
    return Trained(folder, manifest, *run(request(manifest, folder, "south"), folder))


def test_only_admitted_silos_train(trained):
    assert trained.record.refusal == trained.card.refusal == ""
    assert [r.round for r in trained.record.rounds] == [1, 2]
    for record in trained.record.rounds:
        found = {silo.silo: silo.examples for silo in record.silos}
        assert found == {"north": 200, "west": 41}
        assert record.dropped == ()
    assert not trained.manifest["south"].silo.path("training").exists()
    assert len(trained.card.digest) == 64
    timings = (trained.folder / "run" / model_run.TIMINGS_FILE_NAME).read_text()
    assert len(json.loads(timings)["round_seconds"]) == 2
    log = trained.folder / "run" / model_run.TENSORBOARD
    assert list(log.glob("events.*"))


def test_egress_counts_updates_and_metrics_a_round(trained):
    left = egress.read(trained.folder / "run")
    assert set(left) == {"north", "west"}
    encoded, updates, metrics = left["north"]
    assert (encoded.kind, encoded.count) == ("counts and digests", 1)
    inputs = 4 + 4 + 4  # two columns of four ids each
    parameters = (inputs + 1) * 64 + (64 + 1) * 32 + 32 + 1
    assert updates == egress.EgressItem("model updates", 2, 2 * 4 * (parameters + 1))
    assert (metrics.kind, metrics.count) == ("training metrics", 2)


def test_finished_training_resumes_to_the_same_model_wherever_the_workers_run(
    trained, tmp_path
):
    path = tmp_path / "silos.json"
    path.write_text('{"north": "north:8000", "west": "west:8000"}')
    asked = request(trained.manifest, trained.folder, "south", silo_registry=str(path))
    card, record = run(asked, tmp_path)
    assert card == trained.card
    assert (record.resumed_from, record.rounds) == (2, trained.record.rounds)
    assert record.isolation == silo_registry.OWN_PODS


def test_broken_silo_registry_is_refused_before_any_work(trained, tmp_path):
    path = str(tmp_path / "silos.json")
    asked = request(trained.manifest, tmp_path, silo_registry=path)
    with pytest.raises(SettingsError, match=r"silos.json: found that it can't be read"):
        run(asked, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_cohort_below_quorum_trains_nothing(trained, tmp_path):
    card, record = run(request(trained.manifest, tmp_path, "south", "west"), tmp_path)
    refusal = "1 of 3 silos were admitted; the quorum is 2"
    assert card == ModelCard(refusal=refusal)
    assert record == RunRecord("fed_avg", refusal=refusal)
    assert not (tmp_path / "checkpoints").exists()
    assert not scoring.serving_path(tmp_path / "model").exists()


def test_silo_whose_rows_cannot_be_encoded_is_left_out(tmp_path):
    manifest = support.make_manifest(tmp_path / "homes")
    entries = list(manifest.entries)
    broken = support.table(50, 1).drop([support.LABEL])
    split = support.write_split(entries[1].silo, broken, "broken")
    entries[1] = dataclasses.replace(entries[1], splits={"train": split})
    manifest = dataclasses.replace(manifest, entries=tuple(entries))
    card, record = run(request(manifest, tmp_path, rounds=1), tmp_path)
    (left_out,) = record.left_out
    assert left_out.silo == "south"
    assert "found no such column" in left_out.reason
    assert card.digest

    card, _ = run(request(manifest, tmp_path, rounds=1, quorum_per_round=3), tmp_path)
    assert card.refusal.startswith(
        "2 of 3 admitted silos can train, the trainer's quorum is 3; "
        "silo `south`: label `late` of its training split: found no such column"
    )


def test_too_few_silos_in_a_round_is_a_refusal_with_the_rounds_so_far(
    trained, tmp_path
):
    # Steps so large that the first round's updates overflow float32.
    asked = request(trained.manifest, tmp_path)
    steps = asked.settings.model_copy(update={"client_learning_rate": 1e38})
    asked = dataclasses.replace(asked, settings=steps)
    with temporary_faults.collected() as noted:
        card, record = run(asked, tmp_path)
    assert noted == [], "it follows from the data, so the cache may give it"
    assert card.refusal.startswith("round 1: 0 of 3 silos answered, the quorum is 2")
    assert "`west`: its update or its loss is not finite" in card.refusal
    assert (record.refusal, record.rounds) == (card.refusal, ())
    assert egress.read(tmp_path / "run")["west"][1].count == 0


def test_training_key_follows_all_that_decides_the_weights(trained, tmp_path):
    manifest, spec = trained.manifest, support.SPEC
    asked = request(manifest, tmp_path)
    model = tmp_path / "model.py"
    model.write_text("other")
    beside = tmp_path / "the same with a module beside it"
    beside.mkdir()
    shutil.copy(model, beside)
    (beside / "layers.py").write_text("WIDTH = 8")
    tensors = {"north": "d1", "west": "d2"}

    def key(tensors=tensors, asked=asked, references=None, **changes):
        asked = dataclasses.replace(asked, **changes)
        return trainer.training_key(asked, tensors, references or {})

    others = [
        key({"north": "d1"}),
        key(references={"north": 0.5, "west": 0.4}),
        key(asked=request(manifest, tmp_path, rounds=3)),
        key(code="other"),
        key(module_file=str(model)),
        key(module_file=str(beside / "model.py")),
        key(manifest=dataclasses.replace(manifest, use_case="other")),
        key(spec=dataclasses.replace(spec, clip=3.0)),
    ]
    assert len({key(), *others}) == 1 + len(others)
    elsewhere = request(manifest, tmp_path / "elsewhere", silo_registry="silos.json")
    assert key(dict(reversed(tensors.items())), elsewhere) == key()


def test_loss_gap_compares_with_what_each_silo_reaches_alone(tmp_path):
    manifest = support.make_manifest(tmp_path / "homes")
    card, record = run(request(manifest, tmp_path, algorithm="loss_gap"), tmp_path)
    assert (record.algorithm, record.left_out) == ("loss_gap", ())
    assert card.digest
    kinds = [item.kind for item in egress.read(tmp_path / "run")["west"]]
    assert kinds[-1] == "benefit figures"

    # Steps so large that no silo's own training gives a finite number.
    asked = request(manifest, tmp_path, algorithm="loss_gap")
    steps = asked.settings.model_copy(update={"client_learning_rate": 1e38})
    card, record = run(dataclasses.replace(asked, settings=steps), tmp_path)
    assert card.refusal.startswith("0 of 3 admitted silos can train, the trainer's")
    assert [drop.silo for drop in record.left_out] == ["north", "south", "west"]
    assert "its model of its own rows alone" in record.left_out[0].reason
    first, *_, last = egress.read(tmp_path / "run")["north"]
    assert (first.kind, last.count) == ("findings", 0)
