"""A replay finds a training's own inputs and parameters in ML Metadata."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
import pyarrow.parquet as pq
import pytest
from ml_metadata import metadata_store
from ml_metadata.proto.metadata_store_pb2 import (
    Artifact,
    ArtifactType,
    Context,
    ContextType,
    Event,
    Execution,
    ExecutionType,
)

from components import digests
from components.dashboard import formats
from components.errors import FairSiloError, SettingsError
from components.features.columnar import encode
from components.federated_trainer import executor, trainer
from components.federated_trainer.component import NODE
from components.federated_trainer.settings import TrainingSettings
from components.payloads.cohort import Cohort
from components.payloads.contribution import ContributionReport, SiloContribution
from components.payloads.interval import Interval
from components.payloads.manifest import EVAL
from components.payloads.model_run import RunRecord
from components.privacy.settings import PrivacySettings
from components.scoring import model
from pipelines import audit_replay
from pipelines.places import Places
from pipelines.runners import metadata
from tests.components.federated_trainer import support
from tests.pipelines.runners import cases

INPUTS = ("examples", "cohort", "feature_spec")


@dataclasses.dataclass
class Trained:
    places: Places
    folders: dict[str, pathlib.Path]
    properties: dict[str, str | int]

    def record(
        self, run_id: str, state: int = Execution.COMPLETE, node: str = RunRecord.NODE
    ) -> None:
        """Record an execution of a node in a run, as TFX does."""
        config = metadata.connection(f"sqlite:///{self.places.metadata}")
        store = metadata_store.MetadataStore(config)
        kinds = {
            name: store.put_context_type(ContextType(name=name))
            for name in ("node", "pipeline_run")
        }
        contexts = [
            Context(type_id=kinds["node"], name=f"flights.{node}"),
            Context(type_id=kinds["pipeline_run"], name=run_id),
        ]
        execution = Execution(
            type_id=store.put_execution_type(ExecutionType(name=node)),
            last_known_state=state,
        )
        for name, value in {"min_rows": 1, **self.properties}.items():
            kind = "int_value" if isinstance(value, int) else "string_value"
            setattr(execution.custom_properties[name], kind, value)
        made = store.put_artifact_type(ArtifactType(name="Made"))
        pairs = []
        for key, folder in self.folders.items():
            event = Event(type=Event.INPUT if key in INPUTS else Event.OUTPUT)
            event.path.steps.add().key = key
            event.path.steps.add().index = 0
            pairs.append((Artifact(type_id=made, uri=str(folder)), event))
        store.put_execution(
            execution, pairs, contexts, reuse_context_if_already_exist=True
        )


@pytest.fixture
def trained(tmp_path):
    nodes = cases.blessed(tmp_path)
    outputs = {key: it for one in nodes.values() for key, it in one.outputs.items()}
    module = tmp_path / "model.py"
    module.write_text("# a model", encoding="utf-8")
    properties: dict[str, str | int] = {
        "settings": TrainingSettings().model_dump_json(),
        "label": "late",
        "split_by": "[]",
        "module_file": str(module),
        "checkpoints": str(tmp_path / "checkpoints"),
        "code": digests.of_code(NODE),
        "module_code": digests.of_python_below(tmp_path),
        "audited_rounds": 2,
        "weight_factors": "{}",
        "privacy": PrivacySettings().model_dump_json(),
        "ledger": "",
    }
    keys = (*INPUTS, "model", "model_run")
    folders = {key: outputs[key] for key in keys}
    request = executor.request_of(folders, properties)
    record = RunRecord.read(folders["model_run"])
    tensors = trainer._data_key(request)
    dataclasses.replace(record, tensors=tensors).write(folders["model_run"])
    return Trained(Places(tmp_path), folders, properties)


def replay(trained, run_id="r1", number=1):
    return audit_replay.replay(trained.places, "flights", run_id, cases.NORTH, number)


def test_the_trainer_is_asked_with_the_run_s_own_inputs(trained):
    assert Cohort.read(trained.folders["cohort"]).admitted
    trained.record("r1")
    with pytest.raises(FairSiloError, match="round 1: found nothing kept of it"):
        replay(trained)


def test_a_run_that_did_not_train_here_is_refused(trained):
    with pytest.raises(SettingsError, match="run r1 of `flights`: found no training"):
        replay(trained)
    trained.record("r1", Execution.FAILED)
    with pytest.raises(SettingsError, match="expected one of this machine") as caught:
        replay(trained)
    assert "only where a run trained" in caught.value.hint


@pytest.mark.parametrize("name", ["code", "module_code"])
def test_other_code_can_t_accuse_a_silo(trained, name):
    trained.properties[name] = "0" * 64
    trained.record("r1")
    with pytest.raises(SettingsError, match="found other code than it trained with"):
        replay(trained)


@pytest.mark.tff
@pytest.mark.beam
def test_a_shadow_says_what_the_others_would_have(tmp_path):
    """The sentence's figure is that of the others' rows under both models."""
    manifest = support.make_manifest(tmp_path / "homes")
    entries = tuple(
        dataclasses.replace(
            one, splits={**one.splits, EVAL: evaluation_rows(one.silo, number)}
        )
        for number, one in enumerate(manifest.entries)
    )
    manifest = dataclasses.replace(manifest, entries=entries)
    keys = (*INPUTS, "model", "model_run", "contribution")
    folders = {key: tmp_path / key for key in keys}
    for folder in folders.values():
        folder.mkdir()
    manifest.write(folders["examples"])
    support.make_cohort(manifest).write(folders["cohort"])
    support.SPEC.write(folders["feature_spec"])
    settings = TrainingSettings.model_validate({"rounds": 2, "batch_size": 32})
    properties: dict[str, str | int] = {
        "settings": settings.model_dump_json(),
        "label": support.LABEL,
        "split_by": "[]",
        "module_file": str(support.MODEL),
        "checkpoints": str(tmp_path / "checkpoints"),
        "code": digests.of_code(NODE),
        "module_code": digests.of_python_below(support.MODEL.parent),
        "audited_rounds": 2,
        "weight_factors": "{}",
        "privacy": PrivacySettings().model_dump_json(),
        "ledger": "",
    }
    request = executor.request_of(folders, properties)
    trainer.run(request, folders["model"], folders["model_run"])
    known = SiloContribution("south", contribution=Interval(0.5, -0.25, 1.5))
    ContributionReport((known,)).write(folders["contribution"])
    made = Trained(Places(tmp_path), folders, properties)
    made.record("r1")
    audit = Trained(made.places, {"contribution": folders["contribution"]}, {})
    audit.record("r1", node=ContributionReport.NODE)

    weights = trainer.shadow(request, folders["model_run"], "south")
    model.write_weights(tmp_path / "without.npz", weights)
    both = [
        model.Scorer(str(folders["model"])),
        model.Scorer(str(folders["model"]), weights=str(tmp_path / "without.npz")),
    ]
    effects = np.concatenate(
        [
            np.subtract(*(losses(one, scorer) for scorer in reversed(both)))
            for one in manifest.entries
            if one.silo.id != "south"
        ]
    )
    value, half = effects.mean(), 1.96 * np.sqrt((effects**2).sum()) / len(effects)
    told = audit_replay.shadow(made.places, "flights", "r1", "south")
    ends = (1000 * it for it in (value, value - half, value + half))
    assert (
        f"of 2 others' rows would change by {formats.effect(Interval(*ends))}; "
        "recombined, its contribution is +0.500 (-0.250 to +1.500)"
    ) in told
    assert "+0.000 (" not in told
    with pytest.raises(FairSiloError, match="found 1 silos that can score"):
        audit_replay.effect_of(request, (weights, weights), "south", 100)


def evaluation_rows(silo, number):
    return support.write_split(silo, support.table(60 + 50 * number, 9 + number), EVAL)


def losses(entry, scorer):
    """Return the log loss of each evaluation row."""
    [path] = entry.splits[EVAL].paths
    rows = pq.read_table(path)
    scores = scorer(encode(rows, support.SPEC)).astype(float)
    labels = rows[support.LABEL].to_numpy()
    return -np.log(np.where(labels == 1, scores, 1 - scores))
