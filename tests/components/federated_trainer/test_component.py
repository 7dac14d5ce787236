"""The component's interface, which must load without the engines."""

from __future__ import annotations

import pathlib
import subprocess
import sys

from tfx.types import channel_utils

from components import artifacts, digests
from components.federated_trainer.component import NODE, FederatedTrainer
from components.federated_trainer.settings import TrainingSettings
from tests.components.federated_trainer import support

REPOSITORY = pathlib.Path(__file__).parents[3]


def make(**changes):
    def channel(kind):
        return channel_utils.as_channel([kind()])

    return FederatedTrainer(
        **{
            "examples": channel(artifacts.SiloExamples),
            "cohort": channel(artifacts.Cohort),
            "feature_spec": channel(artifacts.FeatureSpec),
            "settings": TrainingSettings(rounds=3),
            "use_case": "flights",
            "label": "late",
            "module_file": str(support.MODEL),
            "checkpoints": "checkpoints",
            **changes,
        }
    )


def test_settings_and_code_reach_the_executor():
    properties = make().exec_properties
    text = properties["settings"]
    assert TrainingSettings.model_validate_json(text) == TrainingSettings(rounds=3)
    assert properties["code"] == digests.of_code(NODE)


def test_a_module_beside_the_model_decides_the_cache_key(tmp_path):
    model = tmp_path / "model.py"
    model.write_text("import layers\n")
    keys = []
    for text in ("WIDTH = 4\n", "WIDTH = 8\n"):
        (tmp_path / "layers.py").write_text(text)
        properties = make(module_file=str(model)).exec_properties
        keys.append(properties["module_code"])
    assert keys[0] != keys[1]


def test_outputs_have_the_types_that_the_docstring_gives():
    outputs = make().outputs
    assert {name: channel.type for name, channel in outputs.items()} == {
        "model": artifacts.Model,
        "model_run": artifacts.ModelRun,
    }


def test_component_loads_without_the_engines():
    blocked = ["tensorflow_federated", "tensorflow_model_analysis"]
    code = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({blocked}))\n"
        "import components.federated_trainer.component\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=REPOSITORY,
        env={"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
