"""The component FeatureSpecGen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec

from components import artifacts, digests
from components.feature_spec_gen import executor
from components.feature_spec_gen.settings import FeatureSettings


class FeatureSpecGenSpec(component_spec.ComponentSpec):
    """Channels and parameters of FeatureSpecGen."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "settings": component_spec.ExecutionParameter(type=str),
        "not_features": component_spec.ExecutionParameter(type=str),
        "code": component_spec.ExecutionParameter(type=str),
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        "statistics": component_spec.ChannelParameter(type=artifacts.SiloStatistics),
        "cohort": component_spec.ChannelParameter(type=artifacts.Cohort),
        "schema": component_spec.ChannelParameter(type=artifacts.Schema),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "feature_spec": component_spec.ChannelParameter(type=artifacts.FeatureSpec)
    }


class FeatureSpecGen(base_component.BaseComponent):
    """Agrees on features from admitted silos' statistics, never from rows.

    Args:
        statistics: What each silo disclosed.
        cohort: Who trains.
        schema: The shared schema.
        settings: What the model may see.
        not_features: Columns that can't be features (label, key).

    Outputs:
        feature_spec: Channel of type `FeatureSpec`.
    """

    SPEC_CLASS = FeatureSpecGenSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        *,
        statistics: types.BaseChannel,
        cohort: types.BaseChannel,
        schema: types.BaseChannel,
        settings: FeatureSettings,
        not_features: Sequence[str],
    ) -> None:
        super().__init__(
            FeatureSpecGenSpec(
                statistics=statistics,
                cohort=cohort,
                schema=schema,
                settings=settings.model_dump_json(),
                not_features=json.dumps(list(not_features)),
                code=digests.of_code("feature_spec_gen"),
                feature_spec=types.Channel(type=artifacts.FeatureSpec),
            )
        )
