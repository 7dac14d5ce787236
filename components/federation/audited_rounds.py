"""Rounds kept for the audit: what each silo sent, and all that a replay needs.

A folder a round, `audited/round_000005/`, beside the checkpoints while the training
runs, and then in the `ModelRun` artifact's folder too. Only the coordinator's user may
read it:

- `.updates.npz`: `silos` (ids), `updates` float32 `(silos, parameters)`, `weights`
  float64 `(silos,)` that they counted with, `before` float32 `(parameters,)`, the model
  before the round. Single silos' updates: deleted when the audit's report is written.
- `state.npz`: the checkpoint before the round, and `told`, what else decided what silos
  were told. It stays, for replays and for trainings without a silo.
"""

from __future__ import annotations

import dataclasses
import io
import json
import math
import pathlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from components.errors import FairSiloError
from components.federation import checkpoints, model
from components.federation.algorithms import registry
from components.federation.checkpoints import Checkpoint
from components.federation.model import ClientModel
from components.federation.plan import TrainingPlan
from components.federation.tff_types import Value
from components.payloads.model_run import RoundRecord

if TYPE_CHECKING:  # the audit reads rounds without TFF
    from components.federation.algorithms.coordinator import Coordinator
    from components.federation.rounds import Round

FOLDER = "audited"
# Hidden from the runners, which train again where an artifact has lost a file that they
# list.
UPDATES = ".updates.npz"
STATE = "state.npz"
ALL = (UPDATES, STATE)
_ORIGIN = "kept_in"  # the training's folder


class AuditedRound(NamedTuple):
    """What silos sent in a round, and the model that they got."""

    silos: tuple[str, ...]
    updates: NDArray[np.float32]  # `(silos, parameters)`
    weights: NDArray[np.float64]  # `(silos,)`
    before: NDArray[np.float32]  # `(parameters,)`


class Told(NamedTuple):
    """What decides the messages of a round, beside the state; see `Coordinator`."""

    rows: Mapping[str, int]
    references: Mapping[str, float]
    factors: Mapping[str, float]
    asked: tuple[str, ...]  # the silos of the round


def spread(rounds: int, number: int) -> tuple[int, ...]:
    """Return the rounds to keep: the middles of as many equal parts; at most all.

    The last rounds alone would not tell what a silo did: little is left to learn then.
    """
    number = min(rounds, number)
    return tuple(
        math.ceil((2 * part + 1) * rounds / (2 * number)) for part in range(number)
    )


def path(folder: pathlib.Path, number: int) -> pathlib.Path:
    """Return the folder of a round, below a training's or a `ModelRun`'s."""
    return folder / FOLDER / f"round_{number:06d}"


def write(
    folder: pathlib.Path,
    state: tuple[Value, NDArray[np.float64]],
    records: Sequence[RoundRecord],
    coordinator: Coordinator,
    done: Round,
) -> None:
    """Keep a round that was run in a training's folder; all but `done` is before it.

    The state is TFF's server state, and the mean of the silos' models.
    """
    server, mean = state
    target = _folder(folder, done.record.round)
    known = (coordinator.rows, coordinator.references, coordinator.factors)
    told = json.dumps(Told(*known, done.cohort), ensure_ascii=False)
    whole = (server, coordinator.state, mean)
    checkpoints.write(target / STATE, whole, records, told=told)
    before = model.flat(server.global_model_weights.trainable).astype(np.float32)
    arrays = zip(AuditedRound._fields, (*done.merged, before), strict=True)
    checkpoints.write_arrays(target / UPDATES, dict(arrays))


def read(folder: pathlib.Path, number: int) -> AuditedRound:
    """Return the updates of an audited round, from a `ModelRun`'s folder.

    Raises:
        FairSiloError: They are not there.
    """
    with np.load(_content(path(folder, number) / UPDATES)) as archive:
        silos, *arrays = (archive[name] for name in AuditedRound._fields)
    return AuditedRound(tuple(map(str, silos)), *arrays)


def read_told(folder: pathlib.Path) -> Told:
    """Return what decided the messages of an audited round, from its folder.

    Raises:
        FairSiloError: It is not there.
    """
    with np.load(_content(folder / STATE)) as archive:
        rows, references, factors, asked = json.loads(str(archive["told"]))
    return Told(rows, references, factors, tuple(asked))


def read_start(
    folder: pathlib.Path, initial: Value, client_model: ClientModel, plan: TrainingPlan
) -> tuple[Checkpoint, Coordinator]:
    """Return a training before an audited round, whose folder is given.

    The state is as `write` takes it; `initial` is a server state of the same algorithm,
    for its structure.

    Raises:
        FairSiloError: It is not there.
    """
    rows, references, factors, _ = read_told(folder)
    coordinator: Coordinator = registry.load(plan.algorithm.name).COORDINATOR(
        client_model, plan, rows, references, factors=factors
    )
    form = (initial, coordinator.state, 0)
    found = checkpoints.parse(_content(folder / STATE).read(), form)
    server, coordinator.state, mean = found.state
    return dataclasses.replace(found, state=(server, mean)), coordinator


def missing(folder: pathlib.Path, numbers: Iterable[int]) -> bool:
    """Return whether a round is not kept in a training's folder, or not any more."""
    files = [path(folder, number) / name for number in numbers for name in ALL]
    return not all(file.is_file() for file in files)


def place(training: pathlib.Path, folder: pathlib.Path, numbers: Iterable[int]) -> None:
    """Copy rounds from a training's folder into a `ModelRun`'s."""
    for number in numbers:
        source, target = path(training, number), _folder(folder, number)
        for name in ALL:
            shutil.copy(source / name, target)
        target.with_name(_ORIGIN).write_text(str(training.resolve()), encoding="utf-8")


def forget_updates(folder: pathlib.Path) -> None:
    """Delete the updates of single silos, if any: a `ModelRun`'s, and its training's.

    A training of the same inputs that must give them again begins anew.
    """
    origin = folder / FOLDER / _ORIGIN
    if origin.is_file():
        for place in (folder, pathlib.Path(origin.read_text(encoding="utf-8"))):
            for file in place.glob(f"{FOLDER}/*/{UPDATES}"):
                file.unlink(missing_ok=True)
            for models in place.glob(f"{FOLDER}/.models-*"):  # of a killed audit
                shutil.rmtree(models, ignore_errors=True)


def _folder(folder: pathlib.Path, number: int) -> pathlib.Path:
    """Return the folder of a round, made for us alone where it is not there."""
    found = path(folder, number)
    found.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    found.mkdir(exist_ok=True, mode=0o700)
    return found


def _content(file: pathlib.Path) -> io.BytesIO:
    try:
        return io.BytesIO(file.read_bytes())
    except OSError as error:
        raise FairSiloError(
            f"{file}: found that it can't be read ({error.strerror}), expected what "
            "the training kept of this audited round; single silos' updates are "
            "deleted as soon as the audit's report is written",
            "bring the file back if you have a copy; otherwise the next training keeps "
            "its own",
        ) from None
