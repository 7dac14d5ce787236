"""The state of a training after each round, so that it can go on.

One file a round holds server state and the records of all rounds so far. It appears by
a rename, so a kill at any moment leaves the last round's or this one's, never a part.
Only one training at a time may write them: see `training.py`. A file that is not gone
on from is renamed, never deleted, and only if it was read: one that can't be read now
may be whole.

TFF's `FileProgramStateManager` would keep the state alone; with the
typing-extensions that pydantic needs it can't write the tuples in it.
"""

from __future__ import annotations

import dataclasses
import io
import logging
import os
import pathlib
import uuid
import zipfile
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import pydantic
import tensorflow as tf

from components import temporary_faults
from components.errors import FairSiloError
from components.federation.tff_types import Value
from components.payloads.model_run import RoundRecord

logger = logging.getLogger(__name__)

KEEP = 2
_RECORDS = "records"
_ROUNDS = pydantic.TypeAdapter(tuple[RoundRecord, ...])
_DAMAGED = (
    EOFError,
    KeyError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """Where a training stands."""

    round: int  # how many are done
    state: Value  # the learning process' server state
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

    def latest(self, initial: Value, rounds: Sequence[RoundRecord] = ()) -> Checkpoint:
        """Return the latest checkpoint that can be read, or the start.

        One that was read and is damaged is set aside: `round_000002.npz.aside`.

        Args:
            initial: The state at the start, which gives the structure of the others.
            rounds: Those before the start, if it is another training's.

        Raises:
            FairSiloError: The system does not let us read one; it stays as it is.
        """
        for path in reversed(self._files()):
            try:
                content = path.read_bytes()
            except OSError as error:
                raise temporary_faults.mark(_unread(path, error)) from error
            try:
                return parse(content, initial)
            except _DAMAGED:
                aside = _set_aside(path)
                logger.warning("a damaged checkpoint is set aside as %s", aside)
        return Checkpoint(len(rounds), initial, tuple(rounds))

    def set_aside(self) -> None:
        """Rename all checkpoints, so that the next training begins again."""
        for path in self._files():
            _set_aside(path)

    def save(
        self, state: Value, rounds: Sequence[RoundRecord], keep: int = KEEP
    ) -> None:
        """Save the state after the last of `rounds`, and keep so many in all."""
        write(self._folder / f"round_{rounds[-1].round:06d}.npz", state, rounds)
        for path in self._files()[:-keep]:
            path.unlink()

    def _files(self) -> list[pathlib.Path]:
        return sorted(self._folder.glob("round_*.npz"))


def _set_aside(path: pathlib.Path) -> pathlib.Path:
    return path.replace(path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.aside"))


def _unread(path: pathlib.Path, error: OSError) -> FairSiloError:
    return FairSiloError(
        f"checkpoint {path}: found that it can't be read ({error.strerror}), expected "
        "the state of the training so far",
        "mend the volume or the file's owner and mode, then run again: the training "
        "goes on from there; to begin it again, move the file away",
    )


def write(
    path: pathlib.Path, state: Value, rounds: Sequence[RoundRecord], **more: str
) -> None:
    """Write a state after some rounds, perhaps none, and texts into one file."""
    leaves = {f"{i:04d}": leaf for i, leaf in enumerate(tf.nest.flatten(state))}
    leaves[_RECORDS] = _ROUNDS.dump_json(tuple(rounds)).decode()
    write_arrays(path, leaves | more)


def write_arrays(path: pathlib.Path, arrays: Mapping[str, Value]) -> None:
    """Write arrays by name into one file, whole and for our user alone."""
    partial = path.with_name("partial")
    partial.touch(mode=0o600)
    with partial.open("wb") as file:
        np.savez(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def parse(content: bytes, initial: Value) -> Checkpoint:
    """Return what the bytes of a file of `write` say; see `Checkpoints.latest`."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        names = sorted(filter(str.isdigit, archive.files))
        state = tf.nest.pack_sequence_as(initial, [archive[name][()] for name in names])
        rounds = _ROUNDS.validate_json(str(archive[_RECORDS]))
    return Checkpoint(len(rounds), state, rounds)
