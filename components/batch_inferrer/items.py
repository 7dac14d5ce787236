"""Work items: what is scored in one go, always part of one silo's one file.

Large files are cut between row groups. A part is named by the digest of all that its
predictions follow from, so equal work has one name in all runs: a run does not score
again what an earlier one did, and rows that are appended cost only themselves.
"""

from __future__ import annotations

import dataclasses
import functools
import heapq
from collections.abc import Iterator, Sequence

from components import digests
from components.batch_inferrer.inputs import InputFile
from components.payloads.predictions import DEAD_LETTERS, PARTS
from components.payloads.silo import Silo
from components.scoring.served import Served

# What an item costs, by `fairsilo bench inference`; unit: CPU seconds of one core.
ITEM_S = 0.005
ROW_S = 0.85e-6


@dataclasses.dataclass(frozen=True)
class WorkItem:
    """Rows of one silo that are scored into one file."""

    silo: Silo
    file: InputFile
    rows: int  # -1 where the file's footer could not be read
    row_groups: tuple[int, ...] | None  # that hold them; None for the whole file
    first_row: int  # the number of its first row in the file, from 0
    folder: str  # the span's, where its predictions go
    form: str  # digest of all but the rows that the predictions follow from
    served: Served  # the model that scores it

    @functools.cached_property
    def work(self) -> str:
        """Digest of all that its predictions follow from."""
        path = self.file.name(self.silo)
        parts = [path, self.file.tag, self.row_groups, self.first_row]
        return digests.of_json([self.form, *parts])

    @property
    def name(self) -> str:
        """The name of its files."""
        return f"{self.work[:32]}.parquet"

    @property
    def target(self) -> str:
        """The file of its predictions."""
        return f"{self.folder}/{PARTS}/{self.name}"

    @property
    def dead_letters(self) -> str:
        """The file of its rows that can't be scored."""
        return f"{self.folder}/{DEAD_LETTERS}/{self.name}"

    @property
    def label(self) -> str:
        """How it is called in the ledger."""
        groups = self.row_groups
        if groups is None:
            return self.file.path
        return f"{self.file.path} (row groups {groups[0]} to {groups[-1]})"

    @property
    def cost(self) -> float:
        """What it is expected to take, unit: CPU seconds."""
        return ITEM_S + max(self.rows, 0) * ROW_S


def cut(
    file: InputFile, sizes: Sequence[int], rows_per_item: int
) -> Iterator[tuple[tuple[int, ...] | None, int, int]]:
    """Yield row groups that are scored together, with their first row and their number.

    None stands for all row groups. `sizes`: rows by row group; without them, or where
    they are not the rows that are expected, the file is one item, and why shows when
    it is scored.
    """
    rows = sum(sizes) if file.rows < 0 else file.rows
    if not sizes and file.rows < 0:
        rows = -1
    if rows <= rows_per_item or sum(sizes) != rows:
        yield None, 0, rows
        return
    first = 0
    for groups in _packed(sizes, rows_per_item):
        number = sum(sizes[group] for group in groups)
        yield groups, first, number
        first += number


def _packed(sizes: Sequence[int], most: int) -> Iterator[tuple[int, ...]]:
    groups: list[int] = []
    rows = 0
    for group, size in enumerate(sizes):
        if groups and rows + size > most:
            yield tuple(groups)
            groups, rows = [], 0
        groups.append(group)
        rows += size
    yield tuple(groups)


def shards(costs: Sequence[float], number: int) -> list[list[int]]:
    """Share out items over shards so that each costs about the same.

    Graham's rule (1969, Bounds on Multiprocessing Timing Anomalies, theorem 2): the
    dearest first, each to the shard with the least so far; at most 4/3 of the best.

    Args:
        costs: Of each item, unit: any.
        number: Shards; empty ones are left out.

    Returns:
        The numbers of each shard's items, ascending.
    """
    heap = [(0.0, shard) for shard in range(min(number, len(costs)))]
    found: list[list[int]] = [[] for _ in heap]
    for item in sorted(range(len(costs)), key=lambda one: -costs[one]):
        load, shard = heapq.heappop(heap)
        found[shard].append(item)
        heapq.heappush(heap, (load + costs[item], shard))
    return [sorted(one) for one in found]
