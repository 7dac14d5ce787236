"""The algorithms by name. A new one is a module here and a line in the table."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

ALGORITHMS = {
    "fed_avg": "components.federation.algorithms.fed_avg",
}

# (ClientModel, TrainingPlan) -> tff.learning.templates.LearningProcess; loosely
# typed, so that settings can be checked without loading TFF.
Builder = Callable[[Any, Any], Any]


def load(name: str) -> Builder:
    """Return `build` of an algorithm's module, which makes its learning process.

    The process' client data is that of `dataset.data_type`; its metrics hold what
    `client_work` measures by silo, and its aggregator is a weighted mean.
    """
    builder: Builder = importlib.import_module(ALGORITHMS[name]).build
    return builder
