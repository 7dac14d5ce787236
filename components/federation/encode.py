"""The silo task `encode`: a silo's training rows as tensors in its own home.

They lie in `training/<key>/` in the format of `federation/tensor_files.py`,
so a round costs no parsing. Only the number of rows and a digest leave the silo.
"""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from components import digests, temporary_faults
from components.errors import SiloError
from components.features import columnar
from components.features.spec import FeatureSpec
from components.federation import tensor_files
from components.payloads import manifest
from components.payloads.silo import Silo
from components.silos import homes, split_files, stale_files
from components.silos.tasks import Result

DONE = "encoded.json"
BATCH_ROWS = 65_536


class Label(NamedTuple):
    """The column of labels, the split that it is of, and the column of people."""

    column: str
    split: str
    person: str = ""  # column that tells people apart, where they are protected


def encode(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """Encode a silo's training split, or another one with labels.

    Rows without a label are left out. Tensors of this key are used again if their
    digest still holds, and the split is not read then; it is verified before it is.
    Tensors that no run has used for days are removed.

    Args:
        silo: The silo.
        arguments: `split` (digests of its Parquet files by path), `spec` (FeatureSpec
            as JSON), `label` (column), `key` (name of the folder: a digest of all that
            decides the tensors); perhaps `name` (the split's, for errors), and
            `person` (column that tells people apart).

    Returns:
        `rows`, `digest` of the files, and where there is `person`, how many people
        there are: `units`.

    Raises:
        SiloError: The label is not there or not 0 or 1, or there are no rows.
        ChangedSplitError: A file is not the one that the manifest lists.
        ColumnTypeError: A column's type can't carry its feature.
    """
    folder = silo.path(tensor_files.folder(arguments["key"]))
    root = folder.parent
    person = arguments.get("person", "")
    values = _reusable(folder, person)
    if values is None:
        split = arguments["split"]
        if not pathlib.Path(silo.home).is_dir():
            gone = SiloError(
                silo.id,
                silo.home,
                "no folder",
                "the silo's home",
                "bring the folder back, or run again from the first node",
            )
            raise temporary_faults.mark(gone)
        manifest.verify(silo, split)  # here, not by the engine: only what is read
        root.mkdir(exist_ok=True, mode=0o700)
        with homes.new_folder(silo, folder, mode=0o700) as unfinished:
            spec = FeatureSpec.of_json(arguments["spec"])
            name = arguments.get("name", "training")
            label = Label(arguments["label"], name, person)
            counts = _write(silo, [*split], spec, label, unfinished)
            values = {**counts, "digest": _digest(unfinished)}
            (unfinished / DONE).write_text(json.dumps(values), encoding="utf-8")
    stale_files.remove(root.iterdir())
    return Result(values)


def _reusable(folder: pathlib.Path, person: str) -> dict[str, Any] | None:
    try:
        os.utime(folder)  # in use, see `stale_files.py`
        values: dict[str, Any] = json.loads((folder / DONE).read_text("utf-8"))
        # A task that trains the silo's own model may have made them again, without.
        has_units = not person or "units" in values
        return values if has_units and values["digest"] == _digest(folder) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(folder: pathlib.Path) -> str:
    files = [folder / name for name in tensor_files.ALL]
    if (units := folder / tensor_files.UNITS).exists():
        files.append(units)
    return digests.of_json([*map(digests.of_file, files)])


def _write(
    silo: Silo,
    split: Sequence[str],
    spec: FeatureSpec,
    label: Label,
    folder: pathlib.Path,
) -> dict[str, int]:
    """Write the tensors; return `rows`, and `units` where people are told apart."""
    rows = 0
    people: dict[object, int] = {}
    units: list[int] = []
    names = split_files.columns(split)
    if label.column not in names:
        raise _label_error(silo, label, "no such column")
    if label.person and label.person not in names:
        raise SiloError(
            silo.id,
            f"`{label.person}` of its {label.split} split",
            "no such column",
            "the column of `privacy.person`, which tells people apart",
            "check the setting and the silo's export",
        )
    known = [name for name in spec.columns if name in names]
    columns = list(dict.fromkeys([*known, label.column, label.person or label.column]))
    with (
        (folder / tensor_files.FLOATS).open("wb") as floats,
        (folder / tensor_files.IDS).open("wb") as ids,
        (folder / tensor_files.LABELS).open("wb") as labels,
    ):
        for batch in _batches(split, columns):
            kept = pa.Table.from_batches([batch]).filter(
                pc.is_valid(batch[label.column])
            )
            if not kept.num_rows:
                continue
            encoded = columnar.encode(kept, spec)
            floats.write(encoded.floats.astype("<f4").tobytes())
            ids.write(encoded.ids.astype("<i4").tobytes())
            labels.write(
                _labels(silo, label, kept[label.column]).astype("<f4").tobytes()
            )
            if label.person:  # a row without one is of a person of its own
                units += [
                    people.setdefault(object() if who is None else who, len(people))
                    for who in kept[label.person].to_pylist()
                ]
            rows += kept.num_rows
    if not rows:
        raise _label_error(silo, label, "no row with a label")
    if not label.person:
        return {"rows": rows}
    (folder / tensor_files.UNITS).write_bytes(np.array(units, "<i4").tobytes())
    return {"rows": rows, "units": len(people)}


def _batches(split: Sequence[str], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for path in split:
        with pq.ParquetFile(path) as table:
            yield from table.iter_batches(BATCH_ROWS, columns=columns)


def _labels(silo: Silo, label: Label, column: pa.ChunkedArray) -> NDArray[np.float32]:
    kind = column.type
    if not columnar.is_number(kind):
        raise _label_error(silo, label, f"type {kind}")
    # Large whole numbers may be rounded: they are neither 0 nor 1 then, either.
    values: NDArray[np.float32] = np.asarray(column.cast(pa.float32(), safe=False))
    wrong = int(np.count_nonzero((values != 0) & (values != 1)))
    if wrong:
        found = f"{wrong} of {len(values)} values beside 0 and 1"
        raise _label_error(silo, label, found)
    return values


def _label_error(silo: Silo, label: Label, found: str) -> SiloError:
    return SiloError(
        silo.id,
        f"label `{label.column}` of its {label.split} split",
        found,
        "the values 0 and 1",
        "check the label in the settings and the silo's export",
    )
