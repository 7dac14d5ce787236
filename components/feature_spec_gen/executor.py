"""Reads statistics and cohort, writes the FeatureSpec."""

from __future__ import annotations

import json
import logging
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from components.feature_spec_gen.merge import merge
from components.feature_spec_gen.settings import FeatureSettings
from components.payloads import statistics
from components.payloads.cohort import Cohort
from components.payloads.manifest import TRAIN
from components.payloads.unused_columns import UnusedColumns
from components.silos import schema

logger = logging.getLogger(__name__)


class Executor(base_executor.BaseExecutor):
    """Agrees on features."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Write the FeatureSpec of the admitted silos; without any, an empty one."""
        disclosed = artifact_utils.get_single_uri(input_dict["statistics"])
        cohort = Cohort.read(artifact_utils.get_single_uri(input_dict["cohort"]))
        trains = {}
        for silo in cohort.admitted:
            found = statistics.read(disclosed, silo)
            if train := statistics.split_of(found, TRAIN):
                trains[silo] = train
        spec, left_out = merge(
            trains,
            schema.read(artifact_utils.get_single_uri(input_dict["schema"])),
            json.loads(exec_properties["not_features"]),
            FeatureSettings.model_validate_json(exec_properties["settings"]),
        )
        output = artifact_utils.get_single_instance(output_dict["feature_spec"])
        spec.write(output.uri)
        UnusedColumns(tuple(left_out)).write(output.uri)
        for one in left_out:
            if trains and not one.chosen:
                logger.warning("no feature: column `%s` %s", one.column, one.reason)
