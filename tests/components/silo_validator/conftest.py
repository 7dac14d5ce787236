"""Runs the node's own driver and executor on a real store, span by span."""

from __future__ import annotations

import dataclasses
import pathlib

import pytest
from tfx.orchestration import metadata
from tfx.orchestration.portable import data_types
from tfx.types import channel

from components import artifacts
from components.operator_state import OperatorState
from components.payloads.cohort import Cohort, Member
from components.payloads.manifest import Manifest
from components.silo_validator.component import SiloValidator
from components.silo_validator.driver import Driver
from components.silo_validator.executor import Executor
from components.silo_validator.settings import Columns, ValidationSettings
from tests.support import silos


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run wrote."""

    folder: pathlib.Path
    properties: dict[str, str]
    cohort: Cohort

    def __getitem__(self, silo: str) -> Member:
        return next(member for member in self.cohort.members if member.silo == silo)

    def written(self) -> bytes:
        """Return the names and bytes of all that left the silos."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return b"".join(
            str(path.relative_to(self.folder)).encode() + path.read_bytes()
            for path in sorted(files)
        )


class Runs:
    """Runs the node again and again on one sqlite store."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.num_runs = 0
        self.state = OperatorState(f"sqlite:///{folder}/operator.db", "shapes")
        self.metadata = metadata.Metadata(
            metadata.sqlite_metadata_connection_config(str(folder / "metadata.sqlite"))
        )

    def manifest(self, tables, span: str) -> Manifest:
        homes = self.folder / f"homes-{span}-{len(list(self.folder.iterdir()))}"
        entries = [silos.entry(homes / s, s, found) for s, found in tables.items()]
        return silos.manifest(*entries, span=span)

    def run(self, tables, span: str = "", **settings) -> Run:
        """Drive, execute and publish as TFX does."""
        found = tables if isinstance(tables, Manifest) else self.manifest(tables, span)
        self.num_runs += 1
        place = self.folder / f"run-{self.num_runs}"
        made = {
            "in/examples": artifacts.SiloExamples(),
            "in/schema": artifacts.Schema(),
            "out/statistics": artifacts.SiloStatistics(),
            "out/cohort": artifacts.Cohort(),
        }
        inputs: dict[str, list] = {}
        outputs: dict[str, list] = {}
        for name, artifact in made.items():
            artifact.uri = str(place / name)
            (place / name).mkdir(parents=True)
            side, _, short = name.partition("/")
            (inputs if side == "in" else outputs)[short] = [artifact]
        found.write(place / "in/examples")
        (place / "in/schema/schema.pbtxt").write_text(silos.SCHEMA)
        node = SiloValidator(
            examples=channel.Channel(type=artifacts.SiloExamples),
            schema=channel.Channel(type=artifacts.Schema),
            settings=ValidationSettings(**settings),
            columns=Columns("late", ("id",)),
            use_case="shapes",
            quarantined=self.state.quarantined(),
        )
        info = data_types.ExecutionInfo(
            input_dict=inputs, exec_properties=node.exec_properties
        )
        driven = Driver(self.metadata).run(info).exec_properties
        added = {name: value.string_value for name, value in driven.items()}
        properties = {**node.exec_properties, **added}
        Executor().Do(inputs, outputs, properties)
        with self.metadata as connection:
            for (one,) in outputs.values():
                one.type_id = connection.store.put_artifact_type(one.artifact_type)
            written = [one.mlmd_artifact for (one,) in outputs.values()]
            silos.publish(connection.store, written)
        return Run(place / "out", properties, Cohort.read(place / "out/cohort"))


@pytest.fixture
def runs(tmp_path: pathlib.Path) -> Runs:
    return Runs(tmp_path)
