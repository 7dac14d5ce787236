from __future__ import annotations

import subprocess
import sys

import pytest
from tfx.components.pusher.component import Pusher
from tfx.dsl.input_resolution.strategies import latest_blessed_model_strategy
from tfx.orchestration import metadata
from tfx.types import channel, standard_artifacts

from components import artifacts
from components.fairness_evaluator import executor
from components.fairness_evaluator.component import (
    FairnessEvaluator,
    FairnessEvaluatorSpec,
)
from components.fairness_evaluator.driver import BASELINE, Driver
from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.settings import EvaluationSettings
from components.scoring.model import ModelCard


def make() -> FairnessEvaluator:
    return FairnessEvaluator(
        examples=channel.Channel(type=artifacts.SiloExamples),
        cohort=channel.Channel(type=artifacts.Cohort),
        model=channel.Channel(type=standard_artifacts.Model),
        benefit=channel.Channel(type=artifacts.BenefitReport),
        settings=EvaluationSettings(),
        gates=GateSettings(silo_floor={"at_least": 0.6}),
        label="late",
        use_case="flights",
        waivers={},
    )


def test_the_component_s_parameters_are_the_spec_s():
    parameters = FairnessEvaluatorSpec.PARAMETERS
    driven = {name for name, found in parameters.items() if found.optional}
    assert driven == set(BASELINE)
    assert set(make().exec_properties) == set(parameters) - driven


def test_outputs_feed_tfx_s_own_pusher():
    node = make()
    Pusher(
        model=channel.Channel(type=standard_artifacts.Model),
        model_blessing=node.outputs["blessing"],
        push_destination={"filesystem": {"base_directory": "/nowhere"}},
    )
    assert node.outputs["evaluation"].type is standard_artifacts.ModelEvaluation
    assert node.driver_class is Driver


def test_the_component_loads_without_tfma_and_tff():
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['tensorflow_model_analysis',"
        " 'tensorflow_federated'], None))\n"
        "import components.fairness_evaluator.component"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


@pytest.fixture
def blessings(tmp_path):
    """A refused model after a blessed one, with their blessings, in a real store."""
    store = metadata.Metadata(
        metadata.sqlite_metadata_connection_config(str(tmp_path / "mlmd.sqlite"))
    )
    made = []
    for name, blessed in (("first", True), ("second", False)):
        pair = [standard_artifacts.Model(), standard_artifacts.ModelBlessing()]
        (tmp_path / name).mkdir()
        ModelCard().write(tmp_path / name)
        with store as connection:
            for artifact, place in zip(pair, (name, f"{name}-blessing"), strict=True):
                artifact.uri = str(tmp_path / place)
                kind = connection.store.put_artifact_type(artifact.artifact_type)
                artifact.mlmd_artifact.type_id = kind
            (pair[0].id,) = connection.store.put_artifacts([pair[0].mlmd_artifact])
            (tmp_path / f"{name}-blessing").mkdir()
            executor._bless(pair[1], pair[0], blessed)
            (pair[1].id,) = connection.store.put_artifacts([pair[1].mlmd_artifact])
        made.append(pair)
    return store, made


def test_tfx_s_own_resolver_finds_the_blessed_model(blessings):
    store, pairs = blessings
    strategy = latest_blessed_model_strategy.LatestBlessedModelStrategy()
    with store as connection:
        found = strategy.resolve_artifacts(
            connection.store,
            {
                "model": [model for model, _ in pairs],
                "model_blessing": [blessing for _, blessing in pairs],
            },
        )
    assert [model.uri for model in found["model"]] == [pairs[0][0].uri]
