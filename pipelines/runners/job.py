"""A run on a cluster as each of its steps sees it: one folder on the shared root.

Steps share nothing but that folder and the store. Loads no engine.
"""

from __future__ import annotations

import dataclasses
import pathlib

from components.store_url import FROM_ENVIRONMENT
from pipelines.places import Places

IR_FILE_NAME = "pipeline.json"


@dataclasses.dataclass(frozen=True)
class Job:
    """One run of one use case.

    Attributes:
        use_case: Name of the use case.
        run_id: Kubeflow's id of the run, unique.
        root: Where the shared volume is mounted, absolute.
    """

    use_case: str
    run_id: str
    root: pathlib.Path

    @property
    def places(self) -> Places:
        """Where the use case's runs write."""
        return Places(self.root / self.use_case, FROM_ENVIRONMENT)

    @property
    def folder(self) -> pathlib.Path:
        """The run's own folder."""
        return self.places.runs / self.run_id

    @property
    def ir_file(self) -> pathlib.Path:
        """The chain with this run's settings, as its first step compiled it."""
        return self.folder / IR_FILE_NAME
