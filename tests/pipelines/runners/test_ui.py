"""A step's page and metrics go where KFP's launcher says."""

import json

from pipelines.runners import ui
from pipelines.runners.step_report import StepReport


def test_the_page_is_written_and_metrics_go_through_the_executor_output(tmp_path):
    page = tmp_path / "deep" / "page"
    output = tmp_path / "other" / "executor_output.json"
    given = {
        "outputs": {
            "outputFile": str(output),
            "artifacts": {
                "metrics": {"artifacts": [{"name": "17", "uri": "minio://b/metrics"}]},
                "page": {"artifacts": [{"name": "18", "uri": "minio://b/page"}]},
            },
        }
    }
    report = StepReport("<p>well</p>", {"AUC": 0.72, "worst silo": "Łódź"})
    ui.write(report, str(page), json.dumps(given))
    assert page.read_text() == "<p>well</p>"
    assert json.loads(output.read_text()) == {
        "artifacts": {
            "metrics": {
                "artifacts": [
                    {
                        "name": "17",
                        "uri": "minio://b/metrics",
                        "metadata": {"AUC": 0.72, "worst silo": r"\u0141\xf3d\u017a"},
                    }
                ]
            }
        }
    }
