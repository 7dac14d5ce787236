"""The steps of a run on a cluster, each a pod: which nodes one runs, in their order.

Nodes that take seconds share a step; those that train, evaluate or score rows for
hours have one each, with resources of its own (docs/decisions/0005-kubeflow.md).
Loads no engine.
"""

from __future__ import annotations

import dataclasses

from components.errors import SettingsError
from pipelines.kubeflow.settings import ResourcesSettings

PAGE = "page"  # a step's HTML artifact
METRICS = "metrics"


@dataclasses.dataclass(frozen=True)
class Step:
    """One step: its name in the package, its title in the UI, its TFX nodes."""

    name: str
    title: str
    nodes: tuple[str, ...] = ()
    resources: ResourcesSettings = dataclasses.field(default_factory=ResourcesSettings)


PREPARE = Step(
    "prepare",
    "Prepare",
    ("ImportSchemaGen", "SiloExampleGen", "SiloValidator", "FeatureSpecGen"),
)
TRAIN = Step(
    "train",
    "Train",
    ("FederatedTrainer", "SiloBenchmark", "ContributionAuditor"),
    ResourcesSettings(cpu="4", memory="8Gi"),
)
EVALUATE = Step("evaluate", "Evaluate", ("FairnessEvaluator", "Pusher"))
REPORT = Step(
    "predict-and-report",
    "Predict and report",
    ("BatchInferrer", "Dashboard"),
    ResourcesSettings(cpu="2", memory="8Gi"),
)
CLOSE = Step("close-run", "Close run")  # Kubeflow's exit handler

CHAIN = (PREPARE, TRAIN, EVALUATE, REPORT)
STEPS = {step.name: step for step in (*CHAIN, CLOSE)}


def find(text: str) -> Step:
    """Return a step by its name, its title or one of its nodes."""
    for step in STEPS.values():
        if text in {step.name, step.title, *step.nodes}:
            return step
    nodes = [node for step in CHAIN for node in step.nodes]
    raise SettingsError(
        f"step `{text}`: found no such step; known: {', '.join(STEPS)}, and by node "
        f"{', '.join(nodes)}"
    )
