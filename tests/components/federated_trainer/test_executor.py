"""The executor on artifacts made by hand, without an orchestrator."""

from __future__ import annotations

import pytest

from components import artifacts
from components.federated_trainer import component, executor
from components.federated_trainer.settings import TrainingSettings
from components.federation import records
from components.scoring import model as scoring
from tests.components.federated_trainer import support


class Watched(dict):
    """Exec properties that remember what was read."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.read = set()

    def __getitem__(self, key):
        self.read.add(key)
        return super().__getitem__(key)


def artifact(kind, folder):
    folder.mkdir(parents=True, exist_ok=True)
    made = kind()
    made.uri = str(folder)
    return made


@pytest.fixture
def do(tmp_path):
    def run(*refused):
        manifest = support.make_manifest(tmp_path / "homes")
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
        properties = Watched(
            settings=TrainingSettings(rounds=1).model_dump_json(),
            code="code",
            use_case="flights",
            label=support.LABEL,
            module_file=str(support.MODEL),
            checkpoints=str(tmp_path / "checkpoints"),
        )
        executor.Executor().Do(inputs, outputs, properties)
        return outputs["model"][0], outputs["model_run"][0], properties

    return run


@pytest.mark.tff
@pytest.mark.beam
def test_model_and_run_are_written_and_labelled(do):
    model, run, properties = do()
    card = scoring.read_card(model.uri)
    assert model.get_string_custom_property("digest") == card.digest != ""
    assert model.get_string_custom_property("use_case") == "flights"
    assert model.get_string_custom_property("span") == "3"
    assert len(records.read(run.uri).rounds) == 1
    # `module_code` is there for the cache alone.
    declared = set(component.FederatedTrainerSpec.PARAMETERS) - {"module_code"}
    assert properties.read == declared == set(properties)


def test_cohort_below_quorum_is_an_output(do):
    model, run, _ = do("south", "west")
    refusal = "1 of 3 silos were admitted; the quorum is 2"
    assert scoring.read_card(model.uri).refusal == refusal
    assert records.read(run.uri).refusal == refusal
    assert model.get_string_custom_property("digest") == ""
