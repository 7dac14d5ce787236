"""The Dashboard node: its channels, and the page that its executor writes."""

from __future__ import annotations

import ast
import inspect
import pathlib
import subprocess
import sys

from tfx.types import Channel

from components import artifacts, digests
from components.dashboard import component, executor
from components.dashboard.settings import DashboardSettings
from tests.components.dashboard.conftest import Run

CHANNELS = {
    "examples": artifacts.SiloExamples,
    "statistics": artifacts.SiloStatistics,
    "cohort": artifacts.Cohort,
    "feature_spec": artifacts.FeatureSpec,
    "model": artifacts.Model,
    "model_run": artifacts.ModelRun,
    "evaluation": artifacts.ModelEvaluation,
    "blessing": artifacts.ModelBlessing,
    "inference_result": artifacts.InferenceResult,
}
PROPERTIES = {
    "settings": "{}",
    "code": "c" * 64,
    "use_case": "flights",
    "run_settings": '{"trainer": {"rounds": 5}}',
}


def do(run: Run, output: pathlib.Path) -> str:
    inputs = {}
    for name, folder in run.folders.items():
        artifact = CHANNELS[name]()
        artifact.uri = str(folder)
        inputs[name] = [artifact]
    made = artifacts.Dashboard()
    made.uri = str(output)
    executor.Executor().Do(inputs, {"dashboard": [made]}, PROPERTIES)
    return (output / "index.html").read_text(encoding="utf-8")


def test_a_page_is_written_from_artifacts(run, tmp_path):
    (tmp_path / "page").mkdir()
    html = do(run, tmp_path / "page")
    assert "<title>Blessed: flights, span 7</title>" in html
    assert "rounds: 5" in html


def test_below_quorum_a_page_is_written_too(refused, tmp_path):
    (tmp_path / "page").mkdir()
    html = do(refused, tmp_path / "page")
    assert "<title>Nothing was trained: flights, span 7</title>" in html
    assert "15 of 16 silos were admitted; the quorum is 16" in html


def test_the_parameters_are_those_that_the_executor_reads():
    tree = ast.parse(inspect.getsource(executor))
    read = {
        node.slice.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "exec_properties"
        and isinstance(node.slice, ast.Constant)
    }
    assert read == set(component.DashboardSpec.PARAMETERS)
    assert set(executor.INPUTS) == set(component.DashboardSpec.INPUTS) == set(CHANNELS)


def test_the_node_writes_a_dashboard():
    node = component.Dashboard(
        **{name: Channel(type=kind) for name, kind in CHANNELS.items()},
        settings=DashboardSettings(),
        use_case="flights",
        run_settings="{}",
    )
    assert node.outputs["dashboard"].type is artifacts.Dashboard
    assert node.exec_properties["code"] == digests.of_code("dashboard")


def test_the_component_is_imported_without_an_engine():
    script = (
        "import sys; import components.dashboard.component; "
        "print([m for m in ('tensorflow_model_analysis', 'tensorflow_federated') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
