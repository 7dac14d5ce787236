"""The records of a run of inference: what came of each work item, line by line.

Each process that scores appends to a file of its own in a folder that all share. A line
is flushed when its item ends, so the folder tells the results, the progress and who
still moves; a line that a kill cut off is passed over.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import pathlib
from collections.abc import Iterable, Sequence

from components import digests, storage, tracebacks
from components.batch_inferrer.inputs import InputFile
from components.batch_inferrer.items import WorkItem
from components.batch_inferrer.scoring import Job, Outcome
from components.batch_inferrer.settings import InferenceSettings
from components.errors import FairSiloError
from components.payloads.predictions import Part
from components.payloads.silo import Silo
from components.scoring.served import Served

WORK = "work.json"
RECORDS = "records"
STOPPED = "stopped.json"


@dataclasses.dataclass(frozen=True)
class Work:
    """What a run scores, and who scores what."""

    job: Job
    items: tuple[WorkItem, ...]
    settings: InferenceSettings
    shards: tuple[tuple[int, ...], ...] = ()  # the numbers of each process' items

    @property
    def rows(self) -> int:
        """Rows of all items, as far as they are known."""
        return sum(max(item.rows, 0) for item in self.items)

    @property
    def digest(self) -> str:
        """What stands for its items and their places, in their order."""
        return digests.of_json([item.target for item in self.items])

    def numbered(self, numbers: Iterable[int]) -> list[tuple[int, WorkItem]]:
        """Return items with their numbers."""
        return [(number, self.items[number]) for number in numbers]

    def write(self, folder: pathlib.Path) -> None:
        """Write it for processes of its own; it is there before they are."""
        (folder / RECORDS).mkdir(parents=True, exist_ok=True)
        fields = dataclasses.asdict(self)
        fields["settings"] = self.settings.model_dump()
        storage.put(str(folder / WORK), json.dumps(fields).encode())


def read_work(folder: pathlib.Path) -> Work:
    """Read what `Work.write` wrote."""
    fields = json.loads((folder / WORK).read_bytes())
    job = Job(**{**fields["job"], "key": tuple(fields["job"]["key"])})
    items = tuple(_item(one) for one in fields["items"])
    settings = InferenceSettings.model_validate(fields["settings"])
    return Work(job, items, settings, tuple(map(tuple, fields["shards"])))


def _item(fields: dict[str, object]) -> WorkItem:
    # JSON knows no tuples: named ones come as lists, in their order.
    path, tag, rows, in_place, partition = fields["file"]  # type: ignore[misc]
    groups = fields["row_groups"]
    return WorkItem(
        **{  # type: ignore[arg-type]
            **fields,
            "silo": Silo(**fields["silo"]),  # type: ignore[arg-type]
            "file": InputFile(path, tag, rows, in_place, tuple(map(tuple, partition))),  # type: ignore[has-type]
            "row_groups": None if groups is None else tuple(groups),  # type: ignore[arg-type]
            "served": Served(*fields["served"]),  # type: ignore[misc]
        }
    )


class Writer:
    """One process' file of records."""

    def __init__(self, folder: pathlib.Path, name: str) -> None:
        self._file = (folder / RECORDS / f"{name}.jsonl").open("a", encoding="utf-8")
        if self._file.tell():
            self._file.write("\n")  # ends a line that a kill may have cut off

    def began(self, item: int) -> None:
        """Record that an item is in hand."""
        self._write(["began", item])

    def done(self, item: int, outcome: Outcome) -> None:
        """Record what came of an item."""
        self._write(["done", item, dataclasses.asdict(outcome)])

    def _write(self, line: Sequence[object]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()


class Reader:
    """Reads a folder of records as it grows."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.outcomes: dict[int, Outcome] = {}
        self.in_hand: dict[str, int] = {}  # the item begun last, by file without ending
        self.lines: collections.Counter[str] = collections.Counter()  # by file likewise
        self._folder = folder
        self._read: collections.Counter[str] = collections.Counter()  # bytes

    def poll(self) -> None:
        """Read what was added.

        Raises:
            FairSiloError: A fault that stops the whole run.
        """
        for path in sorted((self._folder / RECORDS).glob("*.jsonl")):
            with path.open("rb") as file:
                file.seek(self._read[path.stem])
                whole, newline, _ = file.read().rpartition(b"\n")
            self._read[path.stem] += len(whole) + len(newline)
            for line in whole.splitlines():
                self._take(path.stem, line)
        stop = self._folder / STOPPED
        if stop.exists():
            raise FairSiloError(*json.loads(stop.read_bytes()))

    def _take(self, name: str, line: bytes) -> None:
        try:
            kind, item, *rest = json.loads(line)
        except ValueError:  # cut off, or empty
            return
        self.lines[name] += 1
        if kind == "began":
            self.in_hand[name] = item
            return
        self.in_hand.pop(name, None)
        (fields,) = rest
        if part := fields["part"]:  # JSON knows no tuples
            fields["part"] = Part(**{**part, "missing": tuple(part["missing"])})
        self.outcomes[item] = Outcome(**fields)


def stop(folder: pathlib.Path, error: Exception) -> None:
    """Record a fault that stops the whole run: no silo's data is to blame for it."""
    if isinstance(error, FairSiloError):
        said = [error.message, error.hint]
    else:
        said = [f"inference failed with {tracebacks.place(error)}", ""]
    storage.put(str(folder / STOPPED), json.dumps(said).encode())
