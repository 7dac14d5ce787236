"""The form of the executors whose result may depend on temporary faults.

TFX's cache reuses every output of a successful execution. An output that came
about under a temporary fault is marked with its attempt; the node's driver
(`components/drivers.py`) then gives the next attempt another cache key.
"""

from __future__ import annotations

import abc
import logging
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types.artifact import Artifact

from components import temporary_faults

logger = logging.getLogger(__name__)

ATTEMPT = "attempt"
"""Exec property and custom property: `<digest of the cache key's parts>/<number>`."""


class TaskExecutor(base_executor.BaseExecutor, abc.ABC):  # type: ignore[misc]
    """Marks the outputs where a temporary fault was noted."""

    def Do(  # noqa: N802  TFX's name
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Run the node; see the base class."""
        with temporary_faults.collected() as faults:
            self.run(input_dict, output_dict, exec_properties)
        if not faults:
            return
        logger.warning("the next run repeats this node: %s", faults[0])
        for artifacts in output_dict.values():
            for artifact in artifacts:
                artifact.set_string_custom_property(ATTEMPT, exec_properties[ATTEMPT])

    @abc.abstractmethod
    def run(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Run the node's work, which notes temporary faults."""
