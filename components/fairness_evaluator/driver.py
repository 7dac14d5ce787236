"""Finds the baseline, and the waivers for the model, before the cache is asked.

What the driver puts into the execution's properties is part of the cache key: a
newly blessed model of an earlier span, its folder gone or back, and a waiver that was
given, was withdrawn or is past its last day, make the evaluation judge again. Waivers
for other models are left out, so that they don't.
"""

from __future__ import annotations

import json
import pathlib

from ml_metadata import MetadataStore
from tfx.orchestration.portable import data_types
from tfx.types import artifact_utils

from components import blessed_models
from components.drivers import PropertyDriver
from components.fairness_evaluator import baseline
from components.payloads.manifest import Manifest
from components.scoring import model

BASELINE = ("baseline_span", "baseline_digest", "baseline_uri", "baseline_gone")


class Driver(PropertyDriver):
    """Adds the baseline, empty for none, and chooses the waivers for the model."""

    def added(
        self, execution_info: data_types.ExecutionInfo, store: MetadataStore
    ) -> dict[str, str | int]:
        """Return `baseline_span`, `_digest`, `_uri` and `_gone`, and `waivers`.

        Where the baseline's folder is gone, `baseline_gone` says where it was.
        """
        candidate = artifact_utils.get_single_uri(execution_info.input_dict["model"])
        examples = artifact_utils.get_single_uri(execution_info.input_dict["examples"])
        properties = execution_info.exec_properties
        use_case = properties["use_case"]
        digest = model.read_card(candidate).digest
        chosen = baseline.choose(
            blessed_models.read(store, use_case),
            Manifest.read(examples).span,  # `latest` has become a span there
            digest,
        )
        found = dict.fromkeys(BASELINE, "")
        if chosen:
            there = pathlib.Path(chosen.uri, model.CARD).exists()
            found |= {
                "baseline_span": chosen.span,
                "baseline_digest": chosen.digest,
                "baseline_uri" if there else "baseline_gone": chosen.uri,
            }
        waivers = json.loads(properties["waivers"]).get(digest, [])
        return {**found, "waivers": json.dumps(waivers, ensure_ascii=False)}
