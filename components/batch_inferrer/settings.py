"""The settings of BatchInferrer."""

from __future__ import annotations

from typing import Literal

import pydantic

from components import storage
from components.errors import SettingsError
from components.settings import Cpu, Memory, Section

SILO = "{silo}"
SLUG = "{slug}"
SPAN = "{span}"


class PodSettings(Section):
    """What one pod of the engine `pods` gets."""

    cpu: Cpu = "2"
    """Processors, such as `2`."""

    memory: Memory = "6Gi"
    """Memory, such as `6Gi`: about 2 GiB for each process."""

    at_once: int = pydantic.Field(default=4, ge=1)
    """Most pods at a time; the shards behind them wait."""

    azure_identity: bool = False
    """Whether pods, and a run's steps, read and write blobs by the identity of their
    accounts, `fairsilo-shard` and `fairsilo-runner`."""

    @property
    def processes(self) -> int:
        """How many processes its processors are enough for."""
        milli = self.cpu.removesuffix("m")
        cores = float(milli) / 1000 if milli != self.cpu else float(self.cpu)
        return max(1, int(cores))


class FlinkSettings(Section):
    """Where the engine `flink` finds its cluster."""

    master: str = "fairsilo-flink-rest:8081"
    """Host and port of the session cluster's REST service."""

    job_server_jar: str = "/opt/flink/beam-job-server.jar"
    """Beam's job server for this version of Flink, in the step's image."""

    job_endpoint: str = ""
    """Host and port of a Beam job service that already runs; in place of the two."""

    workers: str = "localhost:50000"
    """Where a task manager finds its pool of Python workers."""


class InferenceSettings(Section):
    """How rows are scored, and when a run counts as failed."""

    engine: Literal["local", "pods", "flink"] = "local"
    """Where rows are scored: on this machine, in Kubernetes pods, or on Flink."""

    workers: int = pydantic.Field(default=0, ge=0, le=256)
    """Processes on this machine, or in each pod; 1: the node's own; 0: one for each
    core, but on this machine none for less than a million rows."""

    shards: int = pydantic.Field(default=4, ge=1, le=10_000)
    """Pods, or parallel tasks on Flink."""

    input: str = ""
    """Parquet files to score where they lie: a path or `abfs://` URL with `{silo}` or
    `{slug}` (its name in Azure), `{span}`, and the wildcards *, ** and ?. Empty: the
    rows of `rows.score`."""

    output: str = ""
    """Where predictions go: a folder or `abfs://` URL with `{silo}` or `{slug}`.
    Empty: the silo's home."""

    batch_rows: int = pydantic.Field(default=32_768, ge=1, le=1_000_000)
    """Rows that go through the model at a time, unit: rows."""

    rows_per_item: int = pydantic.Field(default=1_000_000, ge=1)
    """Most rows in one work item and one file of predictions, unit: rows. A
    larger split is cut between its row groups; a row group is never cut."""

    max_failed_share: float = pydantic.Field(default=0.5, ge=0, le=1)
    """Share of all rows, 0 to 1, that may be dead letters or lie in failed work
    items; above it nothing is published. And of a silo's rows that may be dead letters;
    above it that silo is not published, nor one with a failed item."""

    force: bool = False
    """Whether to score with a model that was not blessed."""

    retries: int = pydantic.Field(default=3, ge=0, le=20)
    """Times that a process that ended or stands still is started again without having
    scored anything."""

    stall_minutes: float = pydantic.Field(default=15.0, gt=0)
    """Minutes without a finished work item after which a process stands still."""

    metrics_port: int = pydantic.Field(default=0, ge=0, le=65_535)
    """Port at which Prometheus may ask for the progress; 0: none."""

    pod: PodSettings = PodSettings()
    """The pods of the engine `pods`."""

    flink: FlinkSettings = FlinkSettings()
    """The cluster of the engine `flink`."""

    @pydantic.model_validator(mode="after")
    def _check_places(self) -> InferenceSettings:
        for name, place in {"input": self.input, "output": self.output}.items():
            if not place:
                continue
            try:
                plain = place.replace(SILO, "silo").replace(SLUG, "silo")
                storage.check(plain, f"inference.{name}")
            except SettingsError as error:
                raise ValueError(str(error)) from None
            if SILO not in place and SLUG not in place:
                raise ValueError(
                    f"inference.{name} has neither '{{silo}}' nor '{{slug}}', expected "
                    "one of them: each silo's files lie in a place of their own"
                )
        return self
