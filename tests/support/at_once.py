"""Runs the same thing twice at the same time, as two runs of a pipeline do."""

from __future__ import annotations

import os
import pathlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def at_once(call: Callable[[int], T], times: int) -> list[tuple[T, T]]:
    """Return what `call(0)`, `call(1)`, ... give, each made twice at once."""
    start = threading.Barrier(2)

    def made(number: int) -> T:
        start.wait(60)
        return call(number)

    with ThreadPoolExecutor(2) as pool:
        one, two = [
            [pool.submit(made, number) for number in range(times)] for _ in range(2)
        ]
        return [(a.result(), b.result()) for a, b in zip(one, two, strict=True)]


def age(path: pathlib.Path, days: float) -> None:
    """Let a file or folder look as if it was last touched so long ago."""
    then = time.time() - days * 86_400
    os.utime(path, (then, then), follow_symlinks=False)
