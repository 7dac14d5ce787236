"""What the silo tasks that train a silo's own models are asked: JSON, no engine."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any

from components import digests
from components.features.spec import FeatureSpec
from components.federation.plan import TrainingPlan
from components.payloads.manifest import CHOOSE, TRAIN, SiloEntry

IMPORTS = ("tensorflow", "components.personal.own_models")  # see `tasks.Task`


@dataclasses.dataclass(frozen=True)
class Schedule:
    """How a silo's own model is trained."""

    passes: int  # over its rows, at most
    batch_size: int  # rows of a step
    learning_rate: float
    seed: int
    strength: float = 0.0  # lambda: how strongly weights are drawn to the anchor


def of_alone(plan: TrainingPlan) -> Schedule:
    """Return how a silo trains alone: as it would in the federation."""
    return Schedule(
        plan.rounds * plan.local_epochs,
        plan.batch_size,
        plan.client_learning_rate,
        plan.seed,
    )


def shared(
    plan: TrainingPlan,
    spec: FeatureSpec,
    label: str,
    split_by: Sequence[str],
    module_file: str,
    tensors: str,
) -> dict[str, Any]:
    """Return the arguments that are the same for all silos; add those of `of_silo`.

    Args:
        plan: Of the federation's training.
        spec: The FeatureSpec.
        label: The label's column.
        split_by: Columns of which rows with the same values are alike.
        module_file: The use case's `model.py`.
        tensors: Key of the folder of training tensors (`encode.py`).
    """
    return {
        "alone": dataclasses.asdict(of_alone(plan)),
        "spec": spec.to_json(),
        "label": label,
        "split_by": list(split_by),
        "module_file": module_file,
        "module_code": digests.of_python_below(pathlib.Path(module_file).parent),
        "tensors": tensors,
        # No node's own, so that all nodes find the models of one another.
        "code": digests.of_code("personal"),
    }


def of_silo(entry: SiloEntry, *splits: str) -> dict[str, Any]:
    """Return the arguments of one silo: its split files' digests by path.

    `splits` are those that a task reads beside the rows to train and to choose by.
    """
    names = [name for name in (TRAIN, CHOOSE, *splits) if entry.rows(name)]
    return {"splits": {name: entry.digests(name) for name in names}}
