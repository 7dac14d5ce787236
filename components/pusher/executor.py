"""Puts a blessed model into service, unless a newer one is there."""

from __future__ import annotations

import logging
import pathlib
import shutil
from typing import Any

from tfx.components.pusher import executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from components import blessed_models
from components.payloads import pushed_model
from components.pusher import service
from components.silos.spans import span_order

_logger = logging.getLogger(__name__)


class Executor(executor.Executor):
    """TFX's, with a way of pushing that two runs at once can't confuse."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Push the model if it is blessed and none of a later span is."""
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            return
        blessing = artifact_utils.get_single_instance(input_dict["model_blessing"])
        span = blessing.get_string_custom_property(blessed_models.SPAN)
        digest = blessing.get_string_custom_property(blessed_models.MODEL_DIGEST)
        destination = pushed_model.destination(exec_properties["push_destination"])
        destination.mkdir(parents=True, exist_ok=True)
        with service.locked(destination):
            served = service.current(destination)
            newer = exec_properties["newer"]
            # The driver has looked before, but another run may have been faster; data
            # without spans has no order.
            if span and served and span_order(served.span) > span_order(span):
                newer = newer or served.span
            if newer:
                pushed_model.hold_back(pushed.uri, newer)
                self._MarkNotPushed(pushed)
                _logger.info("%s", pushed_model.why_held_back(pushed.uri))
                return
            model = pathlib.Path(self.GetModelPath(input_dict))
            if served and digest and served.digest == digest:
                version = destination / str(served.version)
            else:
                version = service.put(model, destination, digest, span)
        shutil.copytree(model, pushed.uri, dirs_exist_ok=True)
        self._MarkPushed(pushed, str(version), version.name)
        pushed.set_string_custom_property(blessed_models.MODEL_DIGEST, digest)
