"""Pushes as TFX does, but no model that a newer one has overtaken."""

from __future__ import annotations

import logging
from typing import Any

from tfx.components.pusher import executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from components.pusher import outcome

_logger = logging.getLogger(__name__)


class Executor(executor.Executor):
    """TFX's own, which gives every model that it pushes the highest version."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Push the model if it is blessed and none of a later span is."""
        newer = exec_properties["newer"]
        if not (newer and self.CheckBlessing(input_dict)):
            super().Do(input_dict, output_dict, exec_properties)
            return
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        outcome.hold_back(pushed.uri, newer)
        self._MarkNotPushed(pushed)
        _logger.info("%s", outcome.why_held_back(pushed.uri))
