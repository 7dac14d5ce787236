"""What a step hands to Kubeflow's UI: one HTML page and some metrics.

Metrics reach the UI only through the executor output file, whose path differs
between back ends: it stands in the executor input that the launcher passes on.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.runners.step_report import StepReport

HTML = "page"
METRICS = "metrics"


def write(report: StepReport, page: str, executor_input: str) -> None:
    """Write both; a step that does not would leave artifacts that point nowhere.

    Args:
        report: The page and the metrics.
        page: Path of the HTML artifact's file.
        executor_input: KFP's ExecutorInput as JSON.
    """
    path = pathlib.Path(page)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report.html, encoding="utf-8")
    outputs = json.loads(executor_input)["outputs"]
    metrics = outputs["artifacts"][METRICS]["artifacts"][0]
    # Back ends name an output artifact from 2.15 on only.
    named = {key: metrics[key] for key in ("name", "uri") if key in metrics}
    metadata = _plain(report.metrics)
    told = {"artifacts": {METRICS: {"artifacts": [{**named, "metadata": metadata}]}}}
    path = pathlib.Path(outputs["outputFile"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told), encoding="utf-8")


def _plain(metrics: Mapping[str, float | int | str]) -> dict[str, float | int | str]:
    """Escape what is not ASCII: KFP's own database may be an old one in latin1."""
    return {
        name: value.encode("ascii", "backslashreplace").decode()
        if isinstance(value, str)
        else value
        for name, value in metrics.items()
    }
