"""Runs silo tasks: calls in, each silo's result or failure out.

Nodes call `run` and know nothing of where tasks run. By default that is a pool of
processes on this machine (`pool.py`), for silos whose data one operator holds. An
engine of another kind, such as one that reaches agents in the silos, takes its place
by `using`: it gets silos with JSON arguments and gives back values and bytes. That
moves the tasks alone: Beam scores rows where its runner runs, BatchInferrer's node
reads the Parquet footers of their files, and TFF's workers train.

What may leave a silo only in sum with others' are the `pooled` parts of results: the
task's own function merges them, and `run_pooled` returns only the merged bytes. The
pool's parent process holds the parts until then; silos on their own premises need a
secure sum in this place.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import logging
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TypeAlias

from components import temporary_faults, tracebacks
from components.payloads.silo import Silo
from components.silos import pool
from components.silos.tasks import Call, Outcome, Result, Task

logger = logging.getLogger(__name__)

PROGRESS_S = 10.0

Engine: TypeAlias = Callable[[Task, Sequence[Call]], Iterator[tuple[int, Outcome]]]
"""Runs calls and yields each call's index with its outcome, as they come."""

_engine: contextvars.ContextVar[Engine] = contextvars.ContextVar(
    "engine", default=pool.run
)


@contextlib.contextmanager
def using(engine: Engine) -> Iterator[None]:
    """Let an engine run all tasks while the block runs."""
    token = _engine.set(engine)
    try:
        yield
    finally:
        _engine.reset(token)


def run(
    task: Task, calls: Sequence[Call]
) -> Generator[tuple[Silo, Outcome], None, None]:
    """Yield each silo with its result or failure, in the order of `calls`.

    Temporary faults are noted, so that no result that came about under one is reused
    from a cache.
    """
    for (silo, _), outcome in zip(calls, _in_order(task, calls), strict=True):
        yield silo, _without_pooled(outcome)


def run_pooled(
    task: Task, calls: Sequence[Call]
) -> tuple[list[tuple[Silo, Outcome]], bytes]:
    """Return what `run` yields, and the merged `pooled` parts.

    Parts are merged in the order of `calls`: sums of floats depend on it.

    Raises:
        ValueError: The task merges nothing.
    """
    if task.merge is None:
        raise ValueError(f"task `{task.name}` has no function that merges")
    outcomes = list(_in_order(task, calls))
    parts = [o.pooled for o in outcomes if isinstance(o, Result) and o.pooled]
    merged = task.merge(parts)
    silos = (silo for silo, _ in calls)
    return list(zip(silos, map(_without_pooled, outcomes), strict=True)), merged


def _without_pooled(outcome: Outcome) -> Outcome:
    if isinstance(outcome, Result):
        return dataclasses.replace(outcome, pooled=b"")
    return outcome


def _in_order(task: Task, calls: Sequence[Call]) -> Iterator[Outcome]:
    """Run calls, yield outcomes in their order, log progress and faults."""
    came: dict[int, Outcome] = {}
    ready, logged = 0, time.monotonic()
    outcomes = _engine.get()(task, calls)
    for num_done, (index, outcome) in enumerate(outcomes, 1):
        came[index] = outcome
        if (now := time.monotonic()) - logged > PROGRESS_S:
            logger.info("task=%s: %d of %d silos", task.name, num_done, len(calls))
            logged = now
        while ready in came:
            outcome = came.pop(ready)
            _report(f"task={task.name} silo={calls[ready][0].id}", outcome)
            ready += 1
            yield outcome


def _report(about: str, outcome: Outcome) -> None:
    fault = outcome.missing if isinstance(outcome, Result) else outcome
    if fault is None:
        return
    logger.warning("%s: %s", about, fault.reason)
    if fault.trace:
        tracebacks.write(about, fault.trace)
    if fault.is_temporary:
        temporary_faults.note(fault.reason)
