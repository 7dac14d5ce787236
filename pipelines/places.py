"""Where a run writes: files below one output folder (`pipelines/use_case.py`)."""

from __future__ import annotations

import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True)
class Places:
    """The folders and stores of a use case's runs."""

    output: pathlib.Path  # holds all of them; absolute
    store: str = ""
    """The database where it is shared (`components/store_url.py`); empty: sqlite
    files in `output`."""

    @property
    def homes(self) -> pathlib.Path:
        """Silos' homes: splits, training tensors, predictions."""
        return self.output / "silos"

    @property
    def pipeline_root(self) -> pathlib.Path:
        """TFX's artifacts."""
        return self.output / "pipeline"

    @property
    def metadata(self) -> pathlib.Path:
        """ML Metadata, an sqlite file."""
        return self.output / "metadata.sqlite"

    @property
    def operator_store(self) -> str:
        """SQLAlchemy's URL of the operator's state."""
        return self.store or f"sqlite:///{self.output / 'operator.sqlite'}"

    @property
    def checkpoints(self) -> pathlib.Path:
        """Checkpoints of trainings, by the digest of their inputs."""
        return self.pipeline_root / "checkpoints"

    @property
    def inference(self) -> pathlib.Path:
        """Records of scoring that is not done yet, by execution."""
        return self.pipeline_root / "inference"

    @property
    def schemas(self) -> pathlib.Path:
        """Schemas by digest: TFX's cache knows a schema by its path alone."""
        return self.output / "schemas"

    @property
    def serving(self) -> pathlib.Path:
        """Versions of the model; a server takes the highest, which is in service."""
        return self.output / "serving"

    @property
    def runs(self) -> pathlib.Path:
        """A folder for each run, with its summary."""
        return self.output / "runs"

    def log(self, run_id: str) -> pathlib.Path:
        """A local run's log: our warnings, and tracebacks without values."""
        return self.runs / run_id / "log.txt"

    def lock(self, run_id: str) -> pathlib.Path:
        """The file that a local run's process locks as long as it lives."""
        return self.runs / run_id / "running.lock"
