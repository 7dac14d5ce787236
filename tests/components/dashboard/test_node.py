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
from components.dashboard.report import Report
from components.dashboard.settings import DashboardSettings
from tests.components.dashboard.conftest import SILOS, write

CHANNELS = {name: it.type for name, it in component.DashboardSpec.INPUTS.items()}
PROPERTIES = {
    "settings": "{}",
    "code": "c" * 64,
    "use_case": "flights",
    "run_settings": '{"trainer": {"rounds": 5}}',
}


def do(report: Report, evaluation: pathlib.Path, folder: pathlib.Path) -> str:
    inputs = {}
    for name, uri in (write(report, folder) | {"evaluation": evaluation}).items():
        artifact = CHANNELS[name]()
        artifact.uri = str(uri)
        inputs[name] = [artifact]
    made = artifacts.Dashboard()
    made.uri = str(folder / "page")
    (folder / "page").mkdir()
    executor.Executor().Do(inputs, {"dashboard": [made]}, PROPERTIES)
    assert len(list((folder / "page" / "silos").iterdir())) == len(SILOS)
    return (folder / "page" / "index.html").read_text(encoding="utf-8")


def test_a_page_is_written_from_artifacts(run, evaluation, tmp_path):
    html = do(run, evaluation, tmp_path)
    assert "<title>Blessed: flights, span 7</title>" in html
    assert '<details class="family">' in html
    assert "rounds: 5" in html


def test_below_quorum_a_page_is_written_too(refused, tmp_path):
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    refused.scores.write(nothing)
    html = do(refused, nothing, tmp_path)
    assert "<title>Nothing was trained: flights, span 7</title>" in html
    assert "15 of 16 silos were admitted; the quorum is 16" in html
    assert "Nothing was evaluated, so there is no view." in html


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
