"""Silo tasks: functions that read rows of one silo, and what may come out of them.

A task is a function `(silo, arguments) -> Result`. Arguments are JSON values; a
result is a JSON object and bytes. Engines run tasks (`engine.py`); each call is of
one silo, so rows of two silos never meet, and only results travel. A task that fails
is a `Failure` of its silo; the other silos go on. Rows are also read outside tasks: by
BatchInferrer's Beam steps, which write into the silo's home, and by TFF's workers.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from components import temporary_faults, tracebacks
from components.errors import FairSiloError
from components.payloads import manifest
from components.payloads.findings import Finding
from components.payloads.silo import Silo


@dataclasses.dataclass(frozen=True)
class Task:
    """A function that reads rows of one silo, and what an engine must know of it."""

    name: str  # for logs and failures; a remote engine knows the task by it
    function: Callable[[Silo, Mapping[str, Any]], Result]
    merge: Callable[[Sequence[bytes]], bytes] | None = None  # of `pooled` bytes
    imports: tuple[str, ...] = ()  # what the function imports; may be loaded ahead

    def __post_init__(self) -> None:
        """Refuse a function that no other process can import."""
        module, name = self.function.__module__, self.function.__qualname__
        if module == "__main__" or "<" in name:
            raise ValueError(
                f"task `{self.name}`: found the function {module}.{name}, expected "
                "one at the top level of a module that can be imported"
            )


@dataclasses.dataclass(frozen=True)
class Result:
    """What a task sends out of its silo."""

    values: dict[str, Any]  # JSON
    payload: bytes = b""  # of a named format (a proto, an Arrow stream)
    pooled: bytes = b""  # leaves merged with other silos' only; `run` yields none
    missing: Failure | None = None  # why a part of it is not there
    num_bytes: int = dataclasses.field(default=0, compare=False)  # all that left


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why a task did not give a result: a sentence without any record, and a hint."""

    reason: str
    hint: str = ""
    is_temporary: bool = False  # see `components/temporary_faults.py`
    trace: str = dataclasses.field(default="", compare=False, repr=False)
    num_bytes: int = dataclasses.field(default=0, compare=False)

    @property
    def sentence(self) -> str:
        """The reason with its hint."""
        return "; ".join(filter(None, [self.reason, self.hint]))

    @property
    def finding(self) -> Finding:
        """The same as a finding about the silo."""
        return Finding(self.reason, self.hint)


Outcome: TypeAlias = Result | Failure
Call: TypeAlias = tuple[Silo, Mapping[str, Any]]


def attempt(task: Task, silo: Silo, arguments: Mapping[str, Any]) -> Outcome:
    """Run a task here and now, turning its errors into a `Failure`.

    First the splits of the argument `digests` are verified, see `manifest.verify`.
    """
    try:
        manifest.verify(silo, arguments.get("digests", {}))
        return task.function(silo, arguments)
    except Exception as error:
        return failure(task.name, silo, error)


def failure(task: str, silo: Silo, error: Exception) -> Failure:
    """Return an error in a task of that name as a failure without any record.

    A FairSiloError is meant to be read, so its sentence is kept. Of any other error
    only the type and the place in our code are: its text may hold a record.
    """
    is_temporary = temporary_faults.is_temporary(error)
    if isinstance(error, FairSiloError):
        hint = error.hint or (temporary_faults.AGAIN_HINT if is_temporary else "")
        return Failure(error.message, hint, is_temporary)
    found, hint = temporary_faults.describe(error)
    reason = f"silo `{silo.id}`: {task}: {found}"
    return Failure(reason, hint, is_temporary, tracebacks.of(error))


def to_frames(outcome: Outcome) -> tuple[bytes, bytes, bytes]:
    """Return an outcome as it travels: a JSON object, the payload and what is pooled.

    Raises:
        TypeError: `values` are not JSON.
    """
    fields = dataclasses.asdict(outcome)
    del fields["num_bytes"]  # whoever receives the frames counts
    payload, pooled = fields.pop("payload", b""), fields.pop("pooled", b"")
    return json.dumps(fields, ensure_ascii=False).encode(), payload, pooled


def of_frames(head: bytes, payload: bytes, pooled: bytes) -> Outcome:
    """Return the outcome that `to_frames` gave, with its size."""
    fields = json.loads(head)
    num_bytes = len(head) + len(payload) + len(pooled)
    if "reason" in fields:
        return Failure(**fields, num_bytes=num_bytes)
    if fields["missing"]:
        fields["missing"] = Failure(**fields["missing"])
    return Result(**fields, payload=payload, pooled=pooled, num_bytes=num_bytes)
