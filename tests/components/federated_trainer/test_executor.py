"""The executor on artifacts made by hand, without an orchestrator."""

from __future__ import annotations

import datetime
import json
import pathlib
from typing import Any

import pytest
from tfx.orchestration import metadata
from tfx.orchestration.portable import data_types
from tfx.types.artifact import Artifact
from tfx.types.channel import Channel

from components import artifacts
from components.drivers import PropertyDriver
from components.federated_trainer import component, executor
from components.federated_trainer.settings import TrainingSettings
from components.federation import audited_rounds
from components.payloads.model_run import RunRecord
from components.privacy.ledger import Budget, PrivacyLedger, window_of
from components.privacy.settings import PrivacySettings
from components.scoring import model as scoring
from components.silos import homes
from tests.components.federated_trainer import support
from tests.components.federation.support import SiloPods
from tests.support import silos


def test_parameters_are_what_the_executor_reads():
    read, _ = silos.properties_of(executor)
    # `module_code` is there for the cache alone.
    assert read == set(component.FederatedTrainerSpec.PARAMETERS) - {"module_code"}


def test_a_module_beside_the_model_decides_the_cache_key(tmp_path):
    keys = []
    for text in ("WIDTH = 4\n", "WIDTH = 8\n"):
        (tmp_path / "layers.py").write_text(text)
        node = component.FederatedTrainer(
            examples=Channel(type=artifacts.SiloExamples),
            cohort=Channel(type=artifacts.Cohort),
            feature_spec=Channel(type=artifacts.FeatureSpec),
            settings=TrainingSettings(),
            label="late",
            split_by=("day",),
            module_file=str(tmp_path / "model.py"),
            checkpoints="checkpoints",
        )
        keys.append(node.exec_properties["module_code"])
    assert keys[0] != keys[1]


class Runs:
    """Runs the node again and again on one store, with the silos' own workers."""

    def __init__(self, folder: pathlib.Path, pods: SiloPods) -> None:
        self._folder, self._pods = folder, pods
        self._addresses: dict[str, str] = {}
        self._connection = metadata.Metadata(
            metadata.sqlite_metadata_connection_config(str(folder / "m.sqlite"))
        )
        self._inputs = {
            "examples": [self._artifact(artifacts.SiloExamples)],
            "cohort": [self._artifact(artifacts.Cohort)],
            "feature_spec": [self._artifact(artifacts.FeatureSpec)],
        }
        manifest = support.make_manifest(folder / "homes")
        for name, payload in (
            ("examples", manifest),
            ("cohort", support.make_cohort(manifest)),
            ("feature_spec", support.SPEC),
        ):
            payload.write(self._inputs[name][0].uri)
        settings = TrainingSettings(
            rounds=1, silo_registry=str(folder / "registry.json")
        )
        self._properties: dict[str, Any] = {
            "settings": settings.model_dump_json(),
            "code": "code",
            "label": support.LABEL,
            "split_by": "[]",
            "module_file": str(support.MODEL),
            "checkpoints": str(folder / "checkpoints"),
            "audited_rounds": 1,
            "weight_factors": '{"west": 2.0}',
            "privacy": PrivacySettings().model_dump_json(),
            "ledger": "",
        }

    def protect(self, ledger: str) -> None:
        """Protect rows, with a quorum that is never reached."""
        privacy = PrivacySettings(mode="example", epsilon=2.0, run_epsilon=2.0)
        plan = TrainingSettings(rounds=1, quorum_per_round=9)
        self._properties |= {
            "settings": plan.model_dump_json(),
            "privacy": privacy.model_dump_json(),
            "ledger": ledger,
            "weight_factors": "{}",
        }

    def _artifact(self, kind: type[Artifact]) -> Artifact:
        made = kind()
        made.uri = str(self._folder / kind.TYPE_NAME)
        pathlib.Path(made.uri).mkdir(exist_ok=True)
        return made

    def start(self, *names: str) -> None:
        for name in names:
            silo = homes.open_home(self._folder / "homes", name)
            self._addresses[name] = self._pods.start(silo)
        text = json.dumps(self._addresses)
        (self._folder / "registry.json").write_text(text)

    @property
    def attempt(self) -> str:
        """What the driver adds to the cache's key."""
        info = data_types.ExecutionInfo(
            input_dict=self._inputs, exec_properties=self._properties
        )
        added = PropertyDriver(self._connection).run(info).exec_properties
        return str(added["attempt"].string_value)

    def run(self, run_id: str = "") -> tuple[Artifact, RunRecord]:
        model = self._artifact(artifacts.Model)
        run = self._artifact(artifacts.ModelRun)
        outputs = {"model": [model], "model_run": [run]}
        properties = self._properties | {"attempt": self.attempt}
        context = executor.Executor.Context(pipeline_run_id=run_id)
        executor.Executor(context).Do(self._inputs, outputs, properties)
        with self._connection as opened:
            for made in (model, run):
                made.type_id = opened.store.put_artifact_type(made.artifact_type)
                silos.publish(opened.store, [made.mlmd_artifact])
        return model, RunRecord.read(run.uri)


@pytest.mark.tff
@pytest.mark.beam
def test_a_training_without_some_workers_is_tried_again_until_all_were_there(tmp_path):
    with SiloPods() as pods:
        runs = Runs(tmp_path, pods)
        attempts = [runs.attempt]
        runs.start("north")
        model, record = runs.run()
        refusal = scoring.read_card(model.uri).refusal
        assert refusal.startswith("round 1: 1 of 3 silos answered, the quorum is 2")
        assert scoring.read_card(model.uri).digest == ""
        attempts.append(runs.attempt)

        runs.start("south")
        _, record = runs.run()
        assert [len(one.silos) for one in record.rounds] == [2]
        attempts.append(runs.attempt)

        runs.start("west")
        model, record = runs.run()
        assert [len(one.silos) for one in record.rounds] == [3], "it begins again"
    assert len(set(attempts)) == 3
    assert runs.attempt == attempts[-1], "the cache may give what is whole"
    kept = audited_rounds.read(tmp_path / artifacts.ModelRun.TYPE_NAME, 1)
    assert (record.audited, kept.silos) == ((1,), ("north", "south", "west"))
    assert kept.weights.tolist() == [200, 90, 2 * 41]
    assert scoring.read_card(model.uri).digest


@pytest.mark.tff
@pytest.mark.beam
def test_a_training_without_a_silo_s_budget_is_never_taken_from_the_cache(tmp_path):
    with SiloPods() as pods:
        runs = Runs(tmp_path, pods)
        url = f"sqlite:///{tmp_path / 'operator.sqlite'}"
        runs.protect(url)
        first = runs.attempt
        _, record = runs.run("r1")
        assert record.refusal.startswith("3 of 3 admitted silos can train")
        assert runs.attempt == first, "it follows from the inputs"
        ledger = PrivacyLedger(url, "flights")
        assert {one.run_id for one in ledger.entries()} == {"r1"}

        *_, west = (one.mechanism for one in ledger.entries() if not one.settles)
        today = datetime.datetime.now(datetime.UTC).date()
        held = (window_of("year", today), Budget(2.0, 1e-5), west)
        ledger.reserve("another", "west", *held)
        _, record = runs.run("r2")
        assert [drop.silo for drop in record.left_out] == ["west"]
        assert runs.attempt != first, "the budget is full again one day"
