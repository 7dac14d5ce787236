"""Pusher: whether the model went into service, and why not."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

from components.payloads import pushed_model
from components.scoring import model
from pipelines.places import Places
from pipelines.runners.result import NodeResult
from pipelines.runners.step_reports import fairness, outputs
from pipelines.runners.step_reports.content import Content, facts


def describe(nodes: Mapping[str, NodeResult]) -> Content:
    """Return what the step says.

    Raises:
        FairSiloError: Its output is not there.
    """
    folder = outputs.required(nodes, "Pusher", "pushed_model", pathlib.Path)
    pushed = pushed_model.is_pushed(folder)
    metrics = {"pushed": fairness.YES if pushed else fairness.NO}
    if held_back := pushed_model.why_held_back(folder):
        return Content(
            "Not pushed: a model of a later span is blessed",
            "plain",
            reasons=(held_back,),
            metrics=metrics,
        )
    if not pushed:
        decided = fairness.find(nodes)
        return Content(
            "Not pushed: whatever is in service stays in service",
            "bad",
            reasons=decided.reasons if decided else (),
            metrics=metrics,
        )
    card = outputs.optional(nodes, "FederatedTrainer", "model", model.read_card)
    where = {
        "Model servers read": _serving(folder),
        "Digest of the model": card.digest if card else "",
        "Copy kept with the run": str(folder),
    }
    return Content(
        "Pushed: the model is in service",
        "good",
        tables=(facts("Where it is", {k: v for k, v in where.items() if v}),),
        metrics=metrics,
    )


def _serving(folder: pathlib.Path) -> str:
    """Return the folder that model servers read, which lies beside TFX's."""
    for above in folder.parents:
        if (serving := Places(above).serving).is_dir():
            return str(serving)
    return ""
