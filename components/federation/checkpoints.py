"""The state of a training after each round, so that it can go on.

One file a round holds server state and the records of all rounds so far. It
appears by a rename, so a kill at any moment leaves the last round's or this
one's, never a part, and never a state without its records. Only one training at a time
may write them: see `training.py`.

TFF's `FileProgramStateManager` would keep the state alone; with the
typing-extensions that pydantic needs it can't write the tuples in it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import zipfile
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from components.federation import records
from components.federation.records import RoundRecord
from components.federation.tff_types import Value

KEEP = 2
_RECORDS = "records"


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """Where a training stands.

    Attributes:
        round: Rounds that are done; 0 at the start.
        state: The learning process' server state.
        rounds: Their records.
    """

    round: int
    state: Value
    rounds: tuple[RoundRecord, ...] = ()


class Checkpoints:
    """The checkpoints of one training.

    Args:
        folder: Theirs alone; name it by the digest of all that decides the
            training, or it goes on from another's.
    """

    def __init__(self, folder: str | pathlib.Path) -> None:
        self._folder = pathlib.Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def latest(self, initial: Value) -> Checkpoint:
        """Return the latest checkpoint that can be read, or the start.

        Args:
            initial: The state at the start; gives the structure of the others.
        """
        for path in sorted(self._folder.glob("round_*.npz"), reverse=True):
            try:
                return _read(path, initial)
            except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
                path.unlink(missing_ok=True)
        return Checkpoint(0, initial)

    def save(self, state: Value, rounds: Sequence[RoundRecord]) -> None:
        """Save the state after the last of `rounds`."""
        number = rounds[-1].round
        leaves = {f"{i:04d}": leaf for i, leaf in enumerate(tf.nest.flatten(state))}
        items = [dataclasses.asdict(record) for record in rounds]
        leaves[_RECORDS] = json.dumps(items, ensure_ascii=False)
        partial = self._folder / "partial"
        with partial.open("wb") as file:
            np.savez(file, **leaves)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path(number))
        for path in self._folder.glob("round_*.npz"):
            if path not in {self._path(number - i) for i in range(KEEP)}:
                path.unlink()

    def _path(self, number: int) -> pathlib.Path:
        return self._folder / f"round_{number:06d}.npz"


def _read(path: pathlib.Path, initial: Value) -> Checkpoint:
    with np.load(path, allow_pickle=False) as archive:
        names = sorted(set(archive.files) - {_RECORDS})
        state = tf.nest.pack_sequence_as(initial, [archive[name][()] for name in names])
        rounds = records.rounds_from_json(json.loads(str(archive[_RECORDS])))
    return Checkpoint(rounds[-1].round, state, rounds)
