"""Finds the baseline before the cache is asked.

What the driver puts into the execution's properties is part of the cache key: a
newly blessed model of an earlier span makes the evaluation run again.
"""

from __future__ import annotations

import pathlib

from ml_metadata import MetadataStore
from tfx.orchestration.portable import data_types
from tfx.types import artifact_utils

from components import blessed_models
from components.drivers import PropertyDriver
from components.fairness_evaluator import baseline
from components.scoring import model
from components.silos import manifest


class Driver(PropertyDriver):
    """Adds `baseline_span`, `baseline_digest` and `baseline_uri`, empty for none."""

    def added(
        self, execution_info: data_types.ExecutionInfo, store: MetadataStore
    ) -> dict[str, str | int]:
        """Return the three."""
        candidate = artifact_utils.get_single_uri(execution_info.input_dict["model"])
        examples = artifact_utils.get_single_uri(execution_info.input_dict["examples"])
        use_case = execution_info.exec_properties["use_case"]
        chosen = baseline.choose(
            [
                found
                for found in blessed_models.read(store, use_case)
                if pathlib.Path(found.uri, model.CARD).exists()
            ],
            manifest.read(examples).span,  # `latest` has become a span there
            model.read_card(candidate).digest,
        )
        return {
            f"baseline_{name}": getattr(chosen, name) if chosen else ""
            for name in ("span", "digest", "uri")
        }
