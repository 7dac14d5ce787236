"""The component Pusher."""

from __future__ import annotations

from typing import Any, ClassVar

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.proto import pusher_pb2
from tfx.types import component_spec, standard_artifacts

from components import digests
from components.pusher import driver, executor

NODE = "pusher"


class PusherSpec(component_spec.ComponentSpec):
    """Channels and parameters of Pusher; most names are those of TFX's own."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "push_destination": component_spec.ExecutionParameter(
            type=pusher_pb2.PushDestination
        ),
        "code": component_spec.ExecutionParameter(type=str),
        # Set by the driver.
        "newer": component_spec.ExecutionParameter(type=str, optional=True),
        "overtaken": component_spec.ExecutionParameter(type=str, optional=True),
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "model_blessing": component_spec.ChannelParameter(
            type=standard_artifacts.ModelBlessing
        ),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "pushed_model": component_spec.ChannelParameter(
            type=standard_artifacts.PushedModel
        )
    }


class Pusher(base_component.BaseComponent):
    """Puts a blessed model into service, unless one of a later span is blessed.

    Args:
        model: The trained model.
        blessing: Whether it may go into service, from FairnessEvaluator.
        destination: Folder that a model server reads.

    Outputs:
        pushed_model: Channel of type `PushedModel`; what `outcome.py` reads.
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
