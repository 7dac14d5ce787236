"""The secrets that noise is made from: 32 bytes of `os.urandom` each, in a file.

A silo's is written by a silo task into its folder of training tensors, before each
attempt of a round, and removed by another when that is over, however it ended; only a
coordinator that is killed leaves it there until the next. It is readable for the silo's
user alone and never leaves the silo. Where the coordinator adds noise
(`aggregators.SiloLevel`), its secret lies where its own worker works.

Trainings over the same tensors at once may take each other's secret away, which drops a
silo from a round. As no two messages have one seed, no noise comes twice.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.federation.tff_types import Value
from components.payloads.silo import Silo
from components.silos import engine, homes
from components.silos.tasks import Failure, Result, Task

FILE = "noise"
NUM_BYTES = 32


def write(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """Write a new secret into a folder of the silo's: `folder`, below its home."""
    path = silo.path(arguments["folder"], FILE)
    _create(path)
    homes.chown_to_silo(silo, path)
    return Result({})


def remove(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """Remove the secret from a folder of the silo's; see `write`."""
    silo.path(arguments["folder"], FILE).unlink(missing_ok=True)
    return Result({})


WRITE = Task("write_noise", write)
REMOVE = Task("remove_noise", remove)


@contextlib.contextmanager
def of_round(
    silos: Sequence[Silo], folder: str, coordinator: pathlib.Path | None
) -> Iterator[dict[str, str]]:
    """Keep secrets while the block runs; yield which silos have none, and why.

    Args:
        silos: Those that add noise.
        folder: Of their tensors, below their homes.
        coordinator: Where its own worker works, if that adds noise.
    """
    calls = [(silo, {"folder": folder}) for silo in silos]
    try:
        if coordinator:
            _create(coordinator / FILE)
        written = [*engine.run(WRITE, calls)]
        yield {s.id: it.sentence for s, it in written if isinstance(it, Failure)}
    finally:
        if coordinator:
            (coordinator / FILE).unlink(missing_ok=True)
        for _ in engine.run(REMOVE, calls):
            pass  # what fails is logged


def read(folder: str) -> Value:
    """Return a folder's secret, int64 `(4,)`; in a graph, when it runs."""
    import tensorflow as tf  # not in silo tasks, which start without it

    content = tf.io.read_file(f"{folder}/{FILE}")
    return tf.ensure_shape(tf.io.decode_raw(content, tf.int64), [NUM_BYTES // 8])


def _create(path: pathlib.Path) -> None:
    path.unlink(missing_ok=True)  # never through a link that somebody put there
    made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(made, "wb") as file:
        file.write(os.urandom(NUM_BYTES))
