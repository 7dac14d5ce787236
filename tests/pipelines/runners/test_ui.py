"""A step's page and metrics go where KFP's launcher says."""

import json
import pathlib

import pytest

from pipelines.runners import ui
from pipelines.runners.step_report import StepReport

# What the driver of each back end fills in (`provisionOutputs` in its driver).
URIS = {
    "2.5.0": "minio://mlpipeline/v2/artifacts/flights/0f1/Silo Example Gen/salt/",
    "2.15.0": "minio://mlpipeline/v2/artifacts/flights/0f1/silo-example-gen/salt/",
}
KINDS = {"metrics": "system.Metrics", "page": "system.HTML"}


def executor_input(version: str, folder: pathlib.Path) -> dict:
    """Return a step's executor input as the back end of a version writes it."""
    artifacts = {
        name: {
            "uri": URIS[version] + name,
            "type": {"schemaTitle": kind, "schemaVersion": "0.0.1"},
            "metadata": {},
        }
        for name, kind in KINDS.items()
    }
    if version == "2.15.0":
        for name, artifact in artifacts.items():
            artifact["name"] = name
    return {
        "inputs": {"parameterValues": {"run_id": "0f1"}},
        "outputs": {
            "artifacts": {
                name: {"artifacts": [artifact]} for name, artifact in artifacts.items()
            },
            "outputFile": str(folder / "other" / "output_metadata.json"),
        },
    }


@pytest.mark.parametrize(
    ("version", "named"), [("2.5.0", {}), ("2.15.0", {"name": "metrics"})]
)
def test_the_page_is_written_and_metrics_go_through_the_executor_output(
    tmp_path, version, named
):
    page = tmp_path / "Silo Example Gen" / "page"
    given = executor_input(version, tmp_path)
    report = StepReport("<p>well</p>", {"AUC": 0.72, "worst silo": "Łódź"})
    ui.write(report, str(page), json.dumps(given))
    assert page.read_text() == "<p>well</p>"
    (metrics,) = json.loads((tmp_path / "other" / "output_metadata.json").read_text())[
        "artifacts"
    ]["metrics"]["artifacts"]
    assert metrics == {
        **named,
        "uri": URIS[version] + "metrics",
        "metadata": {"AUC": 0.72, "worst silo": r"\u0141\xf3d\u017a"},
    }
