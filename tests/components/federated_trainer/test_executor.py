"""The executor on artifacts made by hand, without an orchestrator."""

from __future__ import annotations

import json

import pytest
from tfx.orchestration import metadata
from tfx.orchestration.portable import data_types

from components import artifacts
from components.drivers import PropertyDriver
from components.federated_trainer import component, executor
from components.federated_trainer.settings import TrainingSettings
from components.payloads.model_run import RunRecord
from components.scoring import model as scoring
from components.silos import homes
from tests.components.federated_trainer import support
from tests.components.federation.support import SiloPods
from tests.support import silos


def artifact(kind, folder):
    folder.mkdir(parents=True, exist_ok=True)
    made = kind()
    made.uri = str(folder)
    return made


@pytest.fixture
def do(tmp_path):
    connection = metadata.Metadata(
        metadata.sqlite_metadata_connection_config(str(tmp_path / "m.sqlite"))
    )
    manifest = support.make_manifest(tmp_path / "homes")

    def run(*refused, **settings):
        inputs = {
            "examples": [artifact(artifacts.SiloExamples, tmp_path / "examples")],
            "cohort": [artifact(artifacts.Cohort, tmp_path / "cohort")],
            "feature_spec": [artifact(artifacts.FeatureSpec, tmp_path / "spec")],
        }
        manifest.write(inputs["examples"][0].uri)
        support.make_cohort(manifest, *refused).write(inputs["cohort"][0].uri)
        support.SPEC.write(inputs["feature_spec"][0].uri)
        outputs = {
            "model": [artifact(artifacts.Model, tmp_path / "model")],
            "model_run": [artifact(artifacts.ModelRun, tmp_path / "run")],
        }
        chosen = TrainingSettings.model_validate({"rounds": 1, **settings})
        properties = {
            "settings": chosen.model_dump_json(),
            "code": "code",
            "use_case": "flights",
            "label": support.LABEL,
            "module_file": str(support.MODEL),
            "checkpoints": str(tmp_path / "checkpoints"),
        }
        added = PropertyDriver(connection).run(
            data_types.ExecutionInfo(input_dict=inputs, exec_properties=properties)
        )
        attempt = added.exec_properties["attempt"].string_value
        executor.Executor().Do(inputs, outputs, properties | {"attempt": attempt})
        with connection as opened:
            for made in (outputs["model"][0], outputs["model_run"][0]):
                made.type_id = opened.store.put_artifact_type(made.artifact_type)
                silos.publish(opened.store, [made.mlmd_artifact])
        return outputs["model"][0], outputs["model_run"][0], attempt

    return run


@pytest.mark.tff
@pytest.mark.beam
def test_model_and_run_are_written_and_labelled(do):
    model, run, _ = do()
    card = scoring.read_card(model.uri)
    assert model.get_string_custom_property("digest") == card.digest != ""
    assert model.get_string_custom_property("use_case") == "flights"
    assert model.get_string_custom_property("span") == "3"
    assert len(RunRecord.read(run.uri).rounds) == 1


def test_parameters_are_what_the_executor_reads():
    read, _ = silos.properties_of(executor)
    # `module_code` is there for the cache alone.
    assert read == set(component.FederatedTrainerSpec.PARAMETERS) - {"module_code"}
    assert component.FederatedTrainer.DRIVER_CLASS is PropertyDriver


@pytest.fixture
def pods(tmp_path):
    """Return a registry's path, and a function that starts silos' own workers."""
    path = tmp_path / "silos.json"
    addresses = {}

    def start(*names):
        for name in names:
            silo = homes.open_home(tmp_path / "homes", name)
            addresses[name] = started.start(silo)
        path.write_text(json.dumps(addresses))

    with SiloPods() as started:
        yield str(path), start


@pytest.mark.tff
@pytest.mark.beam
def test_a_training_whose_workers_were_not_there_is_tried_again(do, pods):
    registry, start = pods
    start("north")
    model, _, first = do(silo_registry=registry)
    refusal = scoring.read_card(model.uri).refusal
    assert refusal.startswith("round 1: 1 of 3 silos answered, the quorum is 2")
    start("south", "west")
    model, _, second = do(silo_registry=registry)
    assert second != first
    assert not scoring.read_card(model.uri).refusal
    assert do(silo_registry=registry)[2] == second, "the cache may give what is whole"


@pytest.mark.tff
@pytest.mark.beam
def test_a_silo_that_was_in_no_round_is_trained_with_when_it_is_back(do, pods):
    registry, start = pods
    asked = {"silo_registry": registry, "rounds": 2}
    start("north", "south")
    _, run, first = do(**asked)
    assert [len(r.silos) for r in RunRecord.read(run.uri).rounds] == [2, 2]
    start("west")
    _, run, second = do(**asked)
    assert second != first
    assert [len(r.silos) for r in RunRecord.read(run.uri).rounds] == [3, 3]
    assert do(**asked)[2] == second


def test_cohort_below_quorum_is_an_output(do):
    model, run, _ = do("south", "west")
    refusal = "1 of 3 silos were admitted; the quorum is 2"
    assert scoring.read_card(model.uri).refusal == refusal
    assert RunRecord.read(run.uri).refusal == refusal
    assert model.get_string_custom_property("digest") == ""
