"""Small, unequal silos on disk, and the artifacts and settings to read them with."""

import ast
import dataclasses
import pathlib
import types

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from google.protobuf import text_format
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tensorflow_metadata.proto.v0 import schema_pb2

from components import digests
from components.payloads.manifest import Manifest, SiloEntry, Split
from components.payloads.silo import Silo
from components.silo_example_gen.settings import SourceSettings

# No data set holds these two; the number has the digits of no count or share.
CANARY = "canary-7f3a9"
CANARY_NUMBER = 8675309.25
CANARY_DIGITS = "8675309"

SCHEMA = """
default_environment: "TRAINING"
default_environment: "SERVING"
feature { name: "id" type: BYTES }
feature { name: "day" type: BYTES presence { min_fraction: 1 min_count: 1 } }
feature {
  name: "colour" type: BYTES presence { min_fraction: 0.5 min_count: 1 }
  skew_comparator { infinity_norm { threshold: 0.2 } }
  drift_comparator { infinity_norm { threshold: 0.2 } }
}
feature {
  name: "size" type: INT presence { min_fraction: 0.9 min_count: 1 }
  int_domain { min: 0 max: 9 is_categorical: true }
}
feature { name: "weight" type: FLOAT presence { min_fraction: 0.5 min_count: 1 } }
feature {
  name: "late" type: INT presence { min_fraction: 1 min_count: 1 }
  int_domain { min: 0 max: 1 } not_in_environment: "SERVING"
}
"""


def schema(text: str = SCHEMA) -> schema_pb2.Schema:
    """Return the shared schema of `rows`."""
    return text_format.Parse(text, schema_pb2.Schema())


def rows(number: int, seed: int = 0, **columns: object) -> pd.DataFrame:
    """Return rows of a silo: a key, a day, three features and a label.

    Args:
        number: How many.
        seed: Different seeds give different rows.
        columns: Columns to set in their stead; None drops one.
    """
    draw = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "id": [f"row-{seed}-{i}" for i in range(number)],
            "day": [f"2013-01-{1 + i % 28:02d}" for i in range(number)],
            "colour": draw.choice(["red", "green", "blue"], number),
            "size": draw.integers(0, 4, number),
            "weight": draw.normal(70, 9, number),
            "late": np.arange(number) % 3 // 2,
        }
    )
    for name, values in columns.items():
        if values is None:
            table = table.drop(columns=name)
        else:
            table[name] = values
    return table


def write(
    root: pathlib.Path, silo: str, name: str, table: pd.DataFrame
) -> pathlib.Path:
    """Write a silo's file, Parquet or CSV by the name's ending."""
    path = root / silo / name
    path.parent.mkdir(parents=True, exist_ok=True)
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(arrow, path)
    else:
        pq.write_table(arrow, path)
    return path


SIZES = {"north": 130, "south": 90, "west": 205}


def federation(root: pathlib.Path, span: str = "1") -> pathlib.Path:
    """Write three silos of unequal size, one file each, and return their root."""
    for seed, (silo, size) in enumerate(SIZES.items()):
        suffix = "csv" if silo == "south" else "parquet"
        table = rows(size, seed=seed + 10 * int(span or 0))
        write(root, silo, f"{span}.{suffix}", table)
    return root


def source(root: pathlib.Path, pattern: str = "{silo}/*", **row: object):
    """Return the settings that read `rows`."""
    meaning = {"label": "late", "key": ("id",), "split_by": "day", **row}
    return SourceSettings.model_validate(
        {"silos": {"root": str(root), "pattern": pattern}, "rows": meaning}
    )


def snapshot(root: pathlib.Path) -> dict[str, tuple[int, int, bytes]]:
    """Return mode, time of change and bytes of all below a folder."""
    return {
        str(path): (
            path.stat().st_mode,
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in [root, *sorted(root.rglob("*"))]
    }


def entry(home: pathlib.Path, silo: str, tables: dict[str, pd.DataFrame]) -> SiloEntry:
    """Write splits into a home, and return the silo's entry of a manifest."""
    home.mkdir(parents=True, exist_ok=True)
    splits = {}
    for name, table in tables.items():
        path = home / f"{name}.parquet"
        pq.write_table(pa.Table.from_pandas(table, preserve_index=False), path)
        splits[name] = Split.of(str(path), digests.of_file(path), len(table))
    return SiloEntry(Silo(silo, str(home)), splits=splits)


def manifest(*entries: SiloEntry, span: str = "") -> Manifest:
    """Return a manifest of these entries."""
    return Manifest(
        "shapes", span, tuple(sorted(entries, key=lambda entry: entry.silo.id))
    )


def listed_as_they_are(found: Manifest) -> Manifest:
    """Return a manifest with the digests that its splits have now."""
    entries = tuple(
        dataclasses.replace(
            entry,
            splits={
                name: Split(
                    tuple(
                        dataclasses.replace(file, digest=digests.of_file(file.path))
                        for file in split.files
                    )
                )
                for name, split in entry.splits.items()
            },
        )
        for entry in found
    )
    return dataclasses.replace(found, entries=entries)


def publish(store: MetadataStore, artifacts: list[mlmd.Artifact]) -> list[int]:
    """Record an execution that gave artifacts out, and return their ids.

    Those with an id are given out once more, as by a node that the cache served.
    """
    kind = store.put_execution_type(mlmd.ExecutionType(name="a node"))
    output = mlmd.Event(type=mlmd.Event.OUTPUT)
    pairs = [(artifact, output) for artifact in artifacts]
    return list(store.put_execution(mlmd.Execution(type_id=kind), pairs, [])[1])


def properties_of(module: types.ModuleType) -> tuple[set[str], set[str]]:
    """Return the exec properties that a module reads, and those that it sets."""
    tree = ast.parse(pathlib.Path(str(module.__file__)).read_text("utf-8"))
    read: set[str] = set()
    written: set[str] = set()
    for found in ast.walk(tree):
        if (
            isinstance(found, ast.Subscript)
            and isinstance(found.value, ast.Name)
            and found.value.id in {"properties", "exec_properties"}
            and isinstance(found.slice, ast.Constant)
        ):
            kind = written if isinstance(found.ctx, ast.Store) else read
            kind.add(str(found.slice.value))
    return read, written
