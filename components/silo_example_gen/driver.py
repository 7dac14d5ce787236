"""Fingerprints the silos' files when the node runs, for TFX's cache key.

Not when the pipeline is built: a compiled, recurring pipeline would then never
see new data.
"""

from __future__ import annotations

from ml_metadata import MetadataStore
from tfx.orchestration.portable import data_types

from components.drivers import PropertyDriver
from components.silo_example_gen import discovery, generation
from components.silo_example_gen.settings import SourceSettings


class Driver(PropertyDriver):
    """Resolves the span and fingerprints what it reads."""

    def added(
        self,
        execution_info: data_types.ExecutionInfo,
        store: MetadataStore,  # noqa: ARG002  files are all that it looks at
    ) -> dict[str, str | int]:
        """Return `span`, `fingerprint` and `generation`."""
        properties = execution_info.exec_properties
        source = SourceSettings.model_validate_json(properties["settings"])
        found = discovery.discover(source, properties["homes"])
        chosen = discovery.window(
            found, source, properties["span"], properties["purpose"]
        )
        fingerprint = discovery.fingerprint(found, chosen)
        return {
            "span": chosen.span,
            "fingerprint": fingerprint,
            "generation": generation.current(properties["homes"], fingerprint),
        }
