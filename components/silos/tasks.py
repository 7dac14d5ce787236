"""Silo tasks: the one place where code meets rows.

A task is a registered function `(silo, arguments) -> Result`. The list is
closed: what is not in `TASKS` can't be run against a silo. `run` maps a task
over silos on Beam; each silo is one element, so rows of two silos never meet in
one element, file or batch, and only results travel. A task that fails is a
`Failure` of its silo; the other silos go on.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import logging
import pathlib
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from components.errors import FairSiloError
from components.silos.digests import PACKAGE_ROOT
from components.silos.silo import Silo

logger = logging.getLogger(__name__)

TASKS = {
    "fingerprint": "components.silo_example_gen.ingest:fingerprint",
    "ingest": "components.silo_example_gen.ingest:ingest",
    "profile": "components.silo_validator.profile:profile",
    "encode": "components.federated_trainer.encode:encode",
    "sketch": "components.fairness_evaluator.sketch:sketch",
}


@dataclasses.dataclass(frozen=True)
class Result:
    """What a task sends out of its silo.

    Attributes:
        values: A JSON object.
        payload: Bytes of a named format (a proto, an Arrow stream), or none.
    """

    values: dict[str, Any]
    payload: bytes = b""


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why a task did not give a result.

    Attributes:
        reason: A sentence without any record in it.
        hint: The way out.
    """

    reason: str
    hint: str = ""


Task = Callable[[Silo, Mapping[str, Any]], Result]
Call = tuple[Silo, Mapping[str, Any]]


def load(task: str) -> Task:
    """Return the registered task of that name.

    Raises:
        KeyError: The task is not on the list.
    """
    module, function = TASKS[task].split(":")
    loaded: Task = getattr(importlib.import_module(module), function)
    return loaded


def attempt(task: str, silo: Silo, arguments: Mapping[str, Any]) -> Result | Failure:
    """Run a task here and now, turning its errors into a `Failure`.

    A FairSiloError is meant to be read, so its sentence is kept. Of any other
    error only the type and the place in our code are: its text may hold a record.
    """
    try:
        return load(task)(silo, arguments)
    except FairSiloError as error:
        return Failure(error.message, error.hint)
    except OSError as error:
        return Failure(f"silo `{silo.id}`: {task}: {error.strerror or _kind(error)}")
    except Exception as error:
        return Failure(f"silo `{silo.id}`: {task}: {_kind(error)}")


def _kind(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if f.filename.startswith(str(PACKAGE_ROOT))] or frames
    place = f"{pathlib.Path(ours[-1].filename).name}:{ours[-1].lineno}"
    return f"{type(error).__name__} in {place}"


def run(
    task: str, calls: Sequence[Call], beam_args: Sequence[str] = ()
) -> Iterator[tuple[Silo, Result | Failure]]:
    """Map a task over silos on Beam.

    Args:
        task: Name of a registered task.
        calls: Silos with their arguments (JSON values).
        beam_args: Beam's own flags; DirectRunner in memory when there are none.

    Yields:
        Each silo with its result or failure, in the order of `calls`.
    """
    import apache_beam as beam

    load(task)  # an unknown name fails here, not in a worker
    with tempfile.TemporaryDirectory(prefix=f"fairsilo-{task}-") as folder:
        items = [
            (index, silo.id, silo.home, json.dumps(arguments))
            for index, (silo, arguments) in enumerate(calls)
        ]
        with beam.Pipeline(argv=[*(beam_args or DIRECT)]) as pipeline:
            _ = (
                pipeline
                | beam.Create(items)
                | beam.Reshuffle()
                | beam.Map(_run_item, task=task, folder=folder)
            )
        for index, (silo, _) in enumerate(calls):
            outcome = _read(pathlib.Path(folder), index)
            if isinstance(outcome, Failure):
                logger.warning("task=%s silo=%s: %s", task, silo.id, outcome.reason)
            yield silo, outcome


DIRECT = ("--runner=DirectRunner", "--direct_running_mode=in_memory")


def _run_item(item: tuple[int, str, str, str], task: str, folder: str) -> None:
    index, silo, home, arguments = item
    outcome = attempt(task, Silo(silo, home), json.loads(arguments))
    payload = outcome.payload if isinstance(outcome, Result) else b""
    pathlib.Path(folder, f"{index}.bin").write_bytes(payload)
    fields: dict[str, Any] = (
        {"values": outcome.values}
        if isinstance(outcome, Result)
        else dataclasses.asdict(outcome)
    )
    text = json.dumps(fields, ensure_ascii=False)
    pathlib.Path(folder, f"{index}.json").write_text(text, encoding="utf-8")


def _read(folder: pathlib.Path, index: int) -> Result | Failure:
    fields = json.loads((folder / f"{index}.json").read_text(encoding="utf-8"))
    if "reason" in fields:
        return Failure(**fields)
    return Result(fields["values"], (folder / f"{index}.bin").read_bytes())
