from __future__ import annotations

import ast
import inspect
import subprocess
import sys

from tfx.types import Channel

from components import artifacts, digests
from components.dashboard import component, executor
from components.dashboard.settings import DashboardSettings

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


def test_the_inputs_are_those_that_the_executor_reads():
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
