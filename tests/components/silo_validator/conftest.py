"""Runs the node's own driver and executor on a real store, span by span."""

from __future__ import annotations

import dataclasses
import pathlib

import pandas as pd
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

Splits = dict[str, pd.DataFrame]


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
        self.state = OperatorState(f"sqlite:///{folder}/operator.db", "shapes")
        self.metadata = metadata.Metadata(
            metadata.sqlite_metadata_connection_config(str(folder / "metadata.sqlite"))
        )

    def manifest(self, tables: dict[str, Splits], span: str) -> Manifest:
        homes = self.folder / f"homes-{span}-{len(list(self.folder.iterdir()))}"
        entries = [silos.entry(homes / s, s, found) for s, found in tables.items()]
        return silos.manifest(*entries, span=span)

    def run(
        self,
        tables: dict[str, Splits] | Manifest,
        span: str = "",
        settings: ValidationSettings | None = None,
    ) -> Run:
        """Drive, execute and publish as TFX does."""
        found = tables if isinstance(tables, Manifest) else self.manifest(tables, span)
        place = self.folder / f"run-{found.span}-{len(list(self.folder.iterdir()))}"
        node = SiloValidator(
            examples=channel.Channel(type=artifacts.SiloExamples),
            schema=channel.Channel(type=artifacts.Schema),
            settings=settings or ValidationSettings(),
            columns=Columns("late", ("id",)),
            use_case="shapes",
            quarantined=self.state.quarantined(),
        )
        kinds = {
            "examples": artifacts.SiloExamples,
            "schema": artifacts.Schema,
            "statistics": artifacts.SiloStatistics,
            "cohort": artifacts.Cohort,
        }
        made = {}
        for name, kind in kinds.items():
            made[name] = kind()
            made[name].uri = str(place / name)
            (place / name).mkdir(parents=True)
        found.write(made["examples"].uri)
        pathlib.Path(made["schema"].uri, "schema.pbtxt").write_text(silos.SCHEMA)
        inputs = {name: [made[name]] for name in ("examples", "schema")}
        driven = Driver(self.metadata).run(
            data_types.ExecutionInfo(
                input_dict=inputs, exec_properties=node.exec_properties
            )
        )
        properties = {
            **node.exec_properties,
            **{name: v.string_value for name, v in driven.exec_properties.items()},
        }
        Executor().Do(
            inputs,
            {name: [made[name]] for name in ("statistics", "cohort")},
            properties,
        )
        with self.metadata as connection:
            outputs = [made[name] for name in ("statistics", "cohort")]
            for one in outputs:
                one.type_id = connection.store.put_artifact_type(one.artifact_type)
            silos.publish(connection.store, [one.mlmd_artifact for one in outputs])
        for name in ("examples", "schema"):
            (left,) = (place / name).iterdir()
            left.unlink()
        return Run(place, properties, Cohort.read(made["cohort"].uri))


@pytest.fixture
def runs(tmp_path: pathlib.Path) -> Runs:
    return Runs(tmp_path)
