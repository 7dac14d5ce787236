"""Finds the newest blessed model of a later span before the cache is asked.

As part of the cache's key it keeps a run of an old span that is in the cache from
telling that its model went into service, when a newer one has followed by now.
"""

from __future__ import annotations

from ml_metadata import MetadataStore
from tfx.orchestration.portable import data_types
from tfx.types import artifact_utils

from components import blessed_models
from components.drivers import PropertyDriver
from components.silos.spans import span_order


class Driver(PropertyDriver):
    """Adds `newer`."""

    def added(
        self, execution_info: data_types.ExecutionInfo, store: MetadataStore
    ) -> dict[str, str | int]:
        """Return `newer`: the span of that model, empty where there is none.

        Data without spans has no order, so the last blessed is the newest there.
        """
        blessing = artifact_utils.get_single_instance(
            execution_info.input_dict["model_blessing"]
        )
        use_case = blessing.get_string_custom_property(blessed_models.USE_CASE)
        span = blessing.get_string_custom_property(blessed_models.SPAN)
        later = blessed_models.find(
            store,
            use_case,
            lambda other: bool(span) and span_order(other) > span_order(span),
        )
        return {"newer": later.span if later else ""}
