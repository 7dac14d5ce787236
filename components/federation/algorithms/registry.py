"""The algorithms by name. A new one is a module here and a line in the table."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from components.errors import SettingsError

ALGORITHMS = {
    "fed_avg": "components.federation.algorithms.fed_avg:build",
}

# (ClientModel, TrainingPlan) -> tff.learning.templates.LearningProcess; loosely
# typed, so that settings can be checked without loading TFF.
Builder = Callable[[Any, Any], Any]


def load(name: str) -> Builder:
    """Return the builder of an algorithm's learning process.

    Its client data is that of `dataset.data_type`; its metrics hold what
    `client_work` measures by silo, and its aggregator is a weighted mean.

    Raises:
        SettingsError: There is no algorithm of that name.
    """
    if name not in ALGORITHMS:
        raise SettingsError(
            f"found algorithm `{name}`, expected one of {sorted(ALGORITHMS)}",
            "choose another `algorithm` in the trainer's settings",
        )
    module, function = ALGORITHMS[name].split(":")
    builder: Builder = getattr(importlib.import_module(module), function)
    return builder
