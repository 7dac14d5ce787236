"""Work items: what is scored in one go, always part of one silo's one file.

Large splits are cut between row groups. The names of folders and parts follow from
the plan alone, so a later run finds what an earlier one has done, and a run with
another cut or key writes elsewhere, even at the same time.
"""

from __future__ import annotations

import dataclasses
import pathlib
import re
from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from components import digests
from components.batch_inferrer import predictions
from components.payloads.manifest import SCORE, DataFile, Manifest, SiloEntry
from components.payloads.silo import Silo
from components.scoring.served import Served

ROOT = "predictions"
DIGEST_LETTERS = 12


@dataclasses.dataclass(frozen=True)
class WorkItem:
    """Rows of one silo that are scored into one file."""

    silo: Silo
    path: str  # the file of rows
    input_digest: str  # SHA-256 of that file
    rows: int
    row_groups: tuple[int, ...] | None  # that hold them; None for the whole file
    first_row: int  # the number of its first row in the split, from 0
    folder: str  # where its predictions go, below the silo's home
    part: int  # its number in that folder, from 0
    served: Served  # the model that scores it

    @property
    def target(self) -> pathlib.Path:
        """The file of its predictions."""
        return pathlib.Path(self.folder, f"part-{self.part:05d}.parquet")

    @property
    def dead_letters(self) -> pathlib.Path:
        """The file of its rows that can't be scored."""
        return pathlib.Path(self.folder, predictions.DEAD_LETTERS, self.target.name)

    @property
    def label(self) -> str:
        """How it is called in the ledger."""
        groups = self.row_groups
        if groups is None:
            return self.path
        return f"{self.path} (row groups {groups[0]} to {groups[-1]})"


def plan(
    manifest: Manifest,
    serve: Callable[[Silo], Served],
    rows_per_item: int,
    key: Sequence[str] = (),
) -> list[WorkItem]:
    """Return the work items of a manifest's split `score`, by silo and part.

    Args:
        manifest: What the silos hold.
        serve: Tells which model serves a silo.
        rows_per_item: Most rows in an item, unless one row group has more.
        key: Columns that predictions carry.
    """
    span = re.sub(r"[^\w.-]", "_", manifest.span).strip(".") or "all"
    form = digests.of_json([rows_per_item, list(key)])
    planned: list[WorkItem] = []
    for entry in manifest.readable(SCORE):
        served = serve(entry.silo)
        digests_ = (served.digest, entry.splits[SCORE].digest, form)
        name = "-".join(digest[:DIGEST_LETTERS] for digest in digests_)
        folder = str(entry.silo.path(ROOT, span, name))
        planned += _items(entry, folder, rows_per_item, served)
    return planned


def _items(
    entry: SiloEntry, folder: str, rows_per_item: int, served: Served
) -> Iterator[WorkItem]:
    first_row = 0
    cuts = (
        (file, groups, rows)
        for file in entry.files(SCORE)
        for groups, rows in _cut(file, rows_per_item)
    )
    for part, (file, groups, rows) in enumerate(cuts):
        yield WorkItem(
            silo=entry.silo,
            path=file.path,
            input_digest=file.digest,
            rows=rows,
            row_groups=groups,
            first_row=first_row,
            folder=folder,
            part=part,
            served=served,
        )
        first_row += rows


def _cut(
    file: DataFile, rows_per_item: int
) -> Iterator[tuple[tuple[int, ...] | None, int]]:
    """Return row groups that are scored together, None for all, with their rows."""
    sizes = _group_sizes(file.path) if file.rows > rows_per_item else []
    if sum(sizes) != file.rows:
        # Small; or damaged, which shows when the item is scored.
        yield None, file.rows
        return
    for groups in _pack(sizes, rows_per_item):
        yield groups, sum(sizes[group] for group in groups)


def _group_sizes(path: str) -> list[int]:
    try:
        metadata = pq.read_metadata(path)
    except (OSError, pa.ArrowException):
        return []
    return [
        metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)
    ]


def _pack(sizes: list[int], most: int) -> Iterator[tuple[int, ...]]:
    groups: list[int] = []
    rows = 0
    for group, size in enumerate(sizes):
        if groups and rows + size > most:
            yield tuple(groups)
            groups, rows = [], 0
        groups.append(group)
        rows += size
    yield tuple(groups)
