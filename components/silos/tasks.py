"""Silo tasks: the one place where code meets rows.

A task is a registered function `(silo, arguments) -> Result`. The list is
closed: what is not in `TASKS` can't be run against a silo. `run` maps a task
over silos on Beam; each silo is one element, so rows of two silos never meet in
one element, file or batch, and only results travel. A task that fails is a
`Failure` of its silo; the other silos go on. What `run` yields under a fault of
circumstance is noted, so that no cache gives it again.

What a silo must not tell under its own name can be told in sum: the `pooled` parts
of the results are merged by the task's function in `MERGES` before anything is
written, and only the merged bytes come back. The sum is made in one step of the
Beam job. Where all silos are computed by one operator, as here, that operator's
workers hold the parts while the job runs; nobody reads them afterwards. Silos on
their own premises need a secure sum in this place.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import logging
import pathlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from components import circumstances, tracebacks
from components.errors import FairSiloError
from components.payloads import manifest
from components.payloads.findings import Finding
from components.payloads.silo import Silo

logger = logging.getLogger(__name__)

TASKS = {
    "fingerprint": "components.silo_example_gen.ingest:fingerprint",
    "ingest": "components.silo_example_gen.ingest:ingest",
    "profile": "components.silo_validator.profile:profile",
    "encode": "components.federated_trainer.encode:encode",
    "sketch": "components.fairness_evaluator.sketches.sketch:sketch",
}

AGAIN = "the next run tries again"
OF_MACHINE = (
    f"the operator frees room or memory, or gives FairSilo the rights it needs; {AGAIN}"
)
OF_OURS = (
    "this is a fault of FairSilo and tells nothing about the data; the operator finds "
    "the traceback in the run's log and reports it; " + AGAIN
)

MERGES = {"sketch": "components.fairness_evaluator.sketches.pool:merge"}


@dataclasses.dataclass(frozen=True)
class Result:
    """What a task sends out of its silo.

    Attributes:
        values: A JSON object.
        payload: Bytes of a named format (a proto, an Arrow stream), or none.
        pooled: Bytes that leave only merged with those of other silos; never
            part of a result that `run` yields.
        lacking: Why a part of it is not there; None where it is whole.
        num_bytes: Size of all that left the silo, `pooled` with it, as `run` met it.
    """

    values: dict[str, Any]
    payload: bytes = b""
    pooled: bytes = b""
    lacking: Failure | None = None
    num_bytes: int = dataclasses.field(default=0, compare=False)


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why a task did not give a result.

    Attributes:
        reason: A sentence without any record in it.
        hint: The way out.
        circumstance: Whether it does not follow from the silo's data, so that the
            next run must try again; see `components/circumstances.py`.
        trace: Where the error arose, for the operator; see
            `components/tracebacks.py`.
        num_bytes: Size of all of it, as `run` met it.
    """

    reason: str
    hint: str = ""
    circumstance: bool = False
    trace: str = dataclasses.field(default="", compare=False, repr=False)
    num_bytes: int = dataclasses.field(default=0, compare=False)

    @property
    def sentence(self) -> str:
        """The reason, and the way out behind it."""
        return "; ".join(filter(None, [self.reason, self.hint]))

    @property
    def finding(self) -> Finding:
        """The same as a finding about the silo."""
        return Finding(self.reason, self.hint)


Task = Callable[[Silo, Mapping[str, Any]], Result]
Merge = Callable[[Sequence[bytes]], bytes]
Call = tuple[Silo, Mapping[str, Any]]


def load(task: str) -> Task:
    """Return the registered task of that name.

    Raises:
        KeyError: The task is not on the list.
    """
    return _load(TASKS[task])


def load_merge(task: str) -> Merge:
    """Return the function that merges what a task's results pool.

    Raises:
        KeyError: The task pools nothing.
    """
    return _load(MERGES[task])


def _load(place: str) -> Callable[..., Any]:
    module, function = place.split(":")
    loaded: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return loaded


def attempt(task: str, silo: Silo, arguments: Mapping[str, Any]) -> Result | Failure:
    """Run a task here and now, turning its errors into a `Failure`.

    A FairSiloError is meant to be read, so its sentence is kept. Of any other
    error only the type and the place in our code are: its text may hold a record.
    First the splits of the argument `digests` are verified, see `manifest.verify`.
    """
    try:
        manifest.verify(silo, arguments.get("digests", {}))
        return load(task)(silo, arguments)
    except Exception as error:
        return failure(task, silo, error)


def failure(task: str, silo: Silo, error: Exception) -> Failure:
    """Return what may be told of an error; see `attempt`."""
    circumstance = circumstances.is_one(error)
    if isinstance(error, FairSiloError):
        hint = error.hint or (AGAIN if circumstance else "")
        return Failure(error.message, hint, circumstance)
    if circumstances.is_of_the_machine(error):
        found, hint = circumstances.words(error), OF_MACHINE
    else:
        found, hint = f"FairSilo failed with {tracebacks.place(error)}", OF_OURS
    reason = f"silo `{silo.id}`: {task}: {found}"
    return Failure(reason, hint, circumstance, tracebacks.of(error))


def run(
    task: str,
    calls: Sequence[Call],
    beam_args: Sequence[str] = (),
    pool: pathlib.Path | None = None,
) -> Iterator[tuple[Silo, Result | Failure]]:
    """Map a task over silos on Beam.

    Args:
        task: Name of a registered task.
        calls: Silos with their arguments (JSON values).
        beam_args: Beam's own flags; DirectRunner in memory when there are none.
        pool: File for the merged `pooled` parts, in the order of `calls`; there
            before the first result is. Without it they are dropped.

    Yields:
        Each silo with its result or failure, in the order of `calls`.
    """
    import apache_beam as beam

    load(task)  # an unknown name fails here, not in a worker
    merge = load_merge(task) if pool else None
    with tempfile.TemporaryDirectory(prefix=f"fairsilo-{task}-") as folder:
        items = [
            (index, silo.id, silo.home, json.dumps(arguments))
            for index, (silo, arguments) in enumerate(calls)
        ]
        with beam.Pipeline(argv=[*(beam_args or DIRECT)]) as pipeline:
            parts = (
                pipeline
                | beam.Create(items)
                | beam.Reshuffle()
                | beam.FlatMap(_run_item, task=task, folder=folder)
            )
            if merge:
                gathered = parts | beam.combiners.ToList()
                _ = gathered | beam.Map(_write_pool, merge=merge, path=pool)
        for index, (silo, _) in enumerate(calls):
            outcome = _read(pathlib.Path(folder), index)
            fault = outcome if isinstance(outcome, Failure) else outcome.lacking
            if fault:
                _tell(f"task={task} silo={silo.id}", fault)
            yield silo, outcome


def _tell(about: str, fault: Failure) -> None:
    logger.warning("%s: %s", about, fault.reason)
    if fault.trace:
        tracebacks.write(about, fault.trace)
    if fault.circumstance:
        circumstances.note(fault.reason)


DIRECT = ("--runner=DirectRunner", "--direct_running_mode=in_memory")


def _run_item(
    item: tuple[int, str, str, str], task: str, folder: str
) -> Iterator[tuple[int, bytes]]:
    index, silo, home, arguments = item
    outcome = attempt(task, Silo(silo, home), json.loads(arguments))
    payload = outcome.payload if isinstance(outcome, Result) else b""
    pathlib.Path(folder, f"{index}.bin").write_bytes(payload)
    fields = dataclasses.asdict(outcome)
    for name in ("payload", "pooled", "num_bytes"):  # bytes go their own ways
        fields.pop(name, None)
    pooled = len(outcome.pooled) if isinstance(outcome, Result) else 0
    told = json.dumps(fields, ensure_ascii=False)
    num_bytes = len(told.encode()) + len(payload) + pooled
    text = json.dumps({**fields, "num_bytes": num_bytes}, ensure_ascii=False)
    pathlib.Path(folder, f"{index}.json").write_text(text, encoding="utf-8")
    if isinstance(outcome, Result) and outcome.pooled:
        yield index, outcome.pooled


def _write_pool(
    parts: Sequence[tuple[int, bytes]], merge: Merge, path: pathlib.Path
) -> None:
    # Sums of floats depend on their order, and Beam's is not fixed.
    path.write_bytes(merge([part for _, part in sorted(parts)]))


def _read(folder: pathlib.Path, index: int) -> Result | Failure:
    fields = json.loads((folder / f"{index}.json").read_text(encoding="utf-8"))
    if "reason" in fields:
        return Failure(**fields)
    payload = (folder / f"{index}.bin").read_bytes()
    lacking = Failure(**fields["lacking"]) if fields["lacking"] else None
    return Result(
        fields["values"], payload, lacking=lacking, num_bytes=fields["num_bytes"]
    )
