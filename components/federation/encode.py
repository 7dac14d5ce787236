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
    """The column of labels, and the split that it is of."""

    column: str
    split: str


def encode(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """Encode a silo's training split, or another one with labels.

    Rows without a label are left out. Tensors of this key are used again if their
    digest still holds, and the split is not read then; it is verified before it is.
    Tensors that no run has used for days are removed.

    Args:
        silo: The silo.
        arguments: `split` (digests of its Parquet files by path), `spec` (FeatureSpec
            as JSON), `label` (column), `key` (name of the folder: a digest of all that
            decides the tensors); perhaps `name` (the split's, for errors).

    Returns:
        `rows`, and `digest` of the three files.

    Raises:
        SiloError: The label is not there or not 0 or 1, or there are no rows.
        ChangedSplitError: A file is not the one that the manifest lists.
        ColumnTypeError: A column's type can't carry its feature.
    """
    folder = silo.path(tensor_files.folder(arguments["key"]))
    root = folder.parent
    values = _reusable(folder)
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
            label = Label(arguments["label"], arguments.get("name", "training"))
            rows = _write(silo, [*split], spec, label, unfinished)
            values = {"rows": rows, "digest": _digest(unfinished)}
            (unfinished / DONE).write_text(json.dumps(values), encoding="utf-8")
    stale_files.remove(root.iterdir())
    return Result(values)


def _reusable(folder: pathlib.Path) -> dict[str, Any] | None:
    try:
        os.utime(folder)  # in use, see `stale_files.py`
        values: dict[str, Any] = json.loads((folder / DONE).read_text("utf-8"))
        return values if values["digest"] == _digest(folder) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(folder: pathlib.Path) -> str:
    return digests.of_json(
        [digests.of_file(folder / name) for name in tensor_files.ALL]
    )


def _write(
    silo: Silo,
    split: Sequence[str],
    spec: FeatureSpec,
    label: Label,
    folder: pathlib.Path,
) -> int:
    rows = 0
    names = split_files.columns(split)
    if label.column not in names:
        raise _label_error(silo, label, "no such column")
    columns = list(
        dict.fromkeys([*(n for n in spec.columns if n in names), label.column])
    )
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
            rows += kept.num_rows
    if not rows:
        raise _label_error(silo, label, "no row with a label")
    return rows


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
