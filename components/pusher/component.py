"""The component Pusher."""

from __future__ import annotations

from typing import ClassVar

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.proto import pusher_pb2
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components import digests
from components.pusher import driver, executor

NODE = "pusher"


class PusherSpec(types.ComponentSpec):
    """Inputs, outputs and parameters of Pusher; most names are those of TFX's own."""

    PARAMETERS: ClassVar[dict[str, ExecutionParameter]] = {
        "push_destination": ExecutionParameter(type=pusher_pb2.PushDestination),
        "code": ExecutionParameter(type=str),
        # Set by the driver.
        "newer": ExecutionParameter(type=str, optional=True),
        "stale_push_ids": ExecutionParameter(type=str, optional=True),
    }
    INPUTS: ClassVar[dict[str, ChannelParameter]] = {
        "model": ChannelParameter(type=standard_artifacts.Model),
        "model_blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
    }
    OUTPUTS: ClassVar[dict[str, ChannelParameter]] = {
        "pushed_model": ChannelParameter(type=standard_artifacts.PushedModel)
    }


class Pusher(base_component.BaseComponent):
    """Puts a blessed model into service, unless one of a later span is blessed.

    `destination` is the folder that a model server reads.

    Outputs:
        pushed_model: Channel of type `PushedModel`, see `payloads/pushed_model.py`.
    """

    SPEC_CLASS = PusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver

    def __init__(
        self, *, model: types.Channel, blessing: types.Channel, destination: str
    ) -> None:
        filesystem = pusher_pb2.PushDestination.Filesystem(base_directory=destination)
        super().__init__(
            PusherSpec(
                model=model,
                model_blessing=blessing,
                code=digests.of_code(NODE),
                push_destination=pusher_pb2.PushDestination(filesystem=filesystem),
                pushed_model=types.Channel(type=standard_artifacts.PushedModel),
            )
        )
