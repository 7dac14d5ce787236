"""What each step of a run shows in Kubeflow's UI: one page and some metrics.

Made from what the nodes wrote, so a step that the cache answered tells as much as
one that ran, and a refusal as much as a success. Loads no engine.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import pathlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from components.dashboard.run import page as dashboard
from components.errors import FairSiloError
from components.payloads.manifest import Manifest
from pipelines.runners.result import NodeResult
from pipelines.runners.step_reports import (
    admission,
    content,
    examples,
    fairness,
    features,
    inference,
    outcome,
    outputs,
    page,
    pushing,
    schema,
    training,
)
from pipelines.runners.step_reports.content import Content, Metric, Mood
from pipelines.summary import Summary

logger = logging.getLogger(__name__)

DASHBOARD = "Dashboard"
NODES: dict[str, Callable[[Mapping[str, NodeResult]], Content]] = {
    "SiloExampleGen": examples.describe,
    "ImportSchemaGen": schema.describe,
    "SiloValidator": admission.describe,
    "FeatureSpecGen": features.describe,
    "FederatedTrainer": training.describe,
    "FairnessEvaluator": fairness.describe,
    "Pusher": pushing.describe,
    "BatchInferrer": inference.describe,
}


@dataclasses.dataclass(frozen=True)
class About:
    """Which run it is.

    Attributes:
        run_id: Name of the run.
        use_case: Name of the use case.
        span: Its span; empty where it has none, or is not known yet.
    """

    run_id: str
    use_case: str
    span: str


@dataclasses.dataclass(frozen=True)
class StepReport:
    """What a step shows.

    Attributes:
        html: A page that needs nothing else, no script and no network.
        metrics: Figures by name, for the UI to list and to compare; finite.
    """

    html: str
    metrics: dict[str, float | int | str]


def of_node(node: str, about: About, nodes: Mapping[str, NodeResult]) -> StepReport:
    """Return what a step shows that ran a TFX node.

    Args:
        node: Id of the node.
        about: The run; its span is taken from the silos' manifest where it is empty.
        nodes: What the run's nodes gave so far.
    """
    about = dataclasses.replace(about, span=about.span or _span(nodes))
    try:
        if node == DASHBOARD:
            html = outputs.required(nodes, DASHBOARD, "dashboard", _page)
            return StepReport(html, _finite(_metrics(nodes)))
        told = NODES[node](nodes) if node in NODES else _outputs(node, nodes)
    except FairSiloError as error:
        logger.warning("node=%s: no page: %s", node, error.message)
        told = Content("This step has nothing to show", "bad", (error.message,))
    return _report(node, about, told, _detail(nodes.get(node)))


def of_summary(about: About, summary: Summary) -> StepReport:
    """Return what the step shows that decides, or that closes a run.

    Args:
        about: The run.
        summary: Its summary (`pipelines/summary.py`).
    """
    about = dataclasses.replace(about, span=about.span or summary.span)
    return _report("Decision", about, outcome.describe(summary))


def of_message(
    about: About,
    title: str,
    lines: Sequence[str],
    facts: Mapping[str, str] = MappingProxyType({}),
    mood: Mood = "plain",
) -> StepReport:
    """Return a page that says a few sentences, without metrics.

    Args:
        about: The run.
        title: What is the matter, in a few words.
        lines: Sentences.
        facts: Names and values, shown as a table.
        mood: Whether that is good or bad.
    """
    table = content.facts("Details", facts)
    told = Content(title, mood, reasons=tuple(lines), tables=(table,))
    return _report("Run", about, told)


def _report(step: str, about: About, told: Content, detail: str = "") -> StepReport:
    heading = page.Heading(step, about.use_case, about.span, about.run_id, detail)
    return StepReport(page.render(heading, told), _finite(told.metrics))


def _span(nodes: Mapping[str, NodeResult]) -> str:
    listed = outputs.optional(nodes, "SiloExampleGen", "examples", Manifest.read)
    return listed.span if listed else ""


def _page(folder: pathlib.Path) -> str:
    return (folder / dashboard.FILE_NAME).read_text(encoding="utf-8")


def _detail(result: NodeResult | None) -> str:
    if result is None:
        return ""
    return "answered from the cache" if result.cached else f"{result.seconds:,.1f} s"


def _outputs(node: str, nodes: Mapping[str, NodeResult]) -> Content:
    """Return what is said of a node that has no page of its own."""
    if node not in nodes:
        raise FairSiloError(f"node `{node}`: found no result of it in this run")
    folders = {key: str(folder) for key, folder in nodes[node].outputs.items()}
    return Content("Done", "good", tables=(content.facts("Outputs", folders),))


def _metrics(nodes: Mapping[str, NodeResult]) -> dict[str, Metric]:
    """Return the figures of the nodes that decide about a run, as far as they ran."""
    found: dict[str, Metric] = {}
    for node in ("FairnessEvaluator", "SiloValidator", "BatchInferrer"):
        try:
            found |= NODES[node](nodes).metrics
        except FairSiloError:
            continue  # its own step says so
    return found


def _finite(metrics: Mapping[str, Metric]) -> dict[str, float | int | str]:
    """Return the metrics that JSON, and the UI, can hold."""
    return {
        name: value
        for name, value in metrics.items()
        if value is not None and (isinstance(value, str) or math.isfinite(value))
    }
