"""The node's work without artifacts: encode, train, export, account.

Refusals are data: where the cohort is below its quorum, or too few silos are left, the
outputs say so and nothing is raised.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import pathlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from components import digests, temporary_faults
from components.errors import FairSiloError, SettingsError
from components.features.spec import FeatureSpec
from components.federated_trainer.privacy import Protection
from components.federated_trainer.settings import TrainingSettings
from components.federation import encode, silo_registry, tensor_files
from components.federation.silo_registry import SiloRegistry
from components.payloads import egress, model_run
from components.payloads.cohort import Cohort
from components.payloads.manifest import TRAIN, Manifest
from components.payloads.model_run import Dropped, RunRecord
from components.privacy.settings import PrivacySettings
from components.scoring.model import ModelCard, write_weights
from components.silos import engine, tasks

if TYPE_CHECKING:
    from components.federation.replay import Replay
    from components.federation.training import Program

logger = logging.getLogger(__name__)

# In a round a silo sends its update with a weight, and three numbers or canaries' sums.
WEIGHT_BYTES = 4
METRICS_BYTES = 3 * 8
CANARY_BYTES = 8
NAMED = 3  # silos whose reasons a refusal tells; each has its own on the page

NOT_AUDITED_HINT = (
    "set `audit.every: run`, and `audit.rounds` to more rounds; it holds for later runs"
)

ENCODE = tasks.Task("encode", encode.encode)


@dataclasses.dataclass(frozen=True)
class Request:
    """What the node is asked to do, from its parameters and inputs."""

    settings: TrainingSettings
    label: str  # its column
    split_by: tuple[str, ...]  # columns of which rows with the same values are alike
    module_file: str  # the use case's `model.py`, which may import what lies below
    checkpoints: str  # folder below which each training keeps its own
    code: str  # digest of the code
    manifest: Manifest
    cohort: Cohort
    spec: FeatureSpec
    audited_rounds: int = 0  # how many are kept for the audit
    weight_factors: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """By what the operator multiplies silos' weights, by id; any id, above 0."""

    privacy: PrivacySettings = dataclasses.field(default_factory=PrivacySettings)
    ledger: str = ""  # the store that holds the silos' budgets
    run_id: str = ""  # of the run that spends them


def run(
    request: Request, model_folder: pathlib.Path, folder: pathlib.Path
) -> ModelCard:
    """Train over the cohort, write `Model` and `ModelRun`, and return the model's card.

    Raises:
        SettingsError: The use case's `model.py`, the silo registry or a weight factor
            can't be used.
        FairSiloError: The ledger can't be used; nothing has left a silo then.
    """
    plan = request.settings
    protection = Protection(request)
    registry = _registry(request)
    for silo, factor in request.weight_factors.items():
        if not 0 < factor < math.inf:
            found = f"weight factor of silo `{silo}`: found {factor}"
            hint = "to leave a silo out, quarantine it"
            raise SettingsError(f"{found}, expected a number above 0", hint)
    model_folder.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)

    def refuse(record: RunRecord) -> ModelCard:
        logger.warning("no model was trained: %s", record.refusal)
        record.write(folder)
        card = ModelCard(refusal=record.refusal)
        card.write(model_folder)
        return card

    record = RunRecord(plan.algorithm.name, refusal=request.cohort.refusal)
    if record.refusal:
        return refuse(record)
    data_key = _data_key(request)
    encoded, failed = _encode(request, request.cohort.admitted, data_key)
    alone: dict[str, tasks.Result] = {}
    if plan.algorithm.name == "loss_gap":
        alone, untrained = _train_alone(request, encoded, data_key)
        failed += untrained
    units = {s: it.values.get("units", it.values["rows"]) for s, it in encoded.items()}
    refused = protection.reserve(units)
    left_out = tuple(sorted(failed + refused, key=lambda drop: drop.silo))
    sent = [
        {silo: result.num_bytes for silo, result in given.items()}
        for given in (encoded, alone)
    ]
    out = {drop.silo for drop in left_out}
    rows = {s: result.values["rows"] for s, result in encoded.items() if s not in out}
    record = dataclasses.replace(record, left_out=left_out, tensors=data_key)
    if len(rows) < plan.quorum_per_round:
        admitted = len(request.cohort.admitted)
        found = f"{len(rows)} of {admitted} admitted silos can train"
        why = "".join(f"; {drop.reason}" for drop in left_out[:NAMED])
        why += f"; and {len(left_out) - NAMED} more" if len(left_out) > NAMED else ""
        refusal = f"{found}, the trainer's quorum is {plan.quorum_per_round}{why}"
        protection.end(folder, left_out)
        egress.write(folder, egress.of_training(failed, sent, (), (0, 0)))
        return refuse(dataclasses.replace(record, refusal=refusal))

    from components.federated_trainer import export
    from components.federation import audited_rounds, training

    try:
        program = _program(request, data_key, **protection.of_program)
    except BaseException:
        protection.settle({})  # nothing has left
        raise
    tensors = {silo: encoded[silo].values["digest"] for silo in rows}
    references = {silo: result.values["loss"] for silo, result in alone.items()}
    noise = program.silo_level.noise if program.silo_level else 0.0
    key = training_key(request, tensors, references, noise)
    place = pathlib.Path(request.checkpoints, key)
    result = training.train(
        program,
        {request.manifest[silo].silo: rows[silo] for silo in rows},
        plan,
        place,
        folder / model_run.TENSORBOARD,
        silo_registry=registry,
        references=references,
        factors=request.weight_factors,
        audited=request.audited_rounds,
        private_silos=protection.told,
    )
    protection.end(folder, left_out, result)
    if result.temporary_fault:
        temporary_faults.note(result.temporary_fault)
    record = dataclasses.replace(
        record,
        isolation=result.isolation,
        refusal=result.refusal,
        rounds=result.rounds,
        resumed_from=result.resumed_from,
    )
    update = program.client_model.num_bytes + plan.aggregation.extra_bytes
    sums = CANARY_BYTES * request.privacy.canaries
    num_bytes = (update + WEIGHT_BYTES, sums if protection.told else METRICS_BYTES)
    egress.write(folder, egress.of_training(failed, sent, result.rounds, num_bytes))
    timings = json.dumps({"round_seconds": result.seconds})
    (folder / model_run.TIMINGS_FILE_NAME).write_text(timings, encoding="utf-8")
    if record.refusal:
        return refuse(record)
    kept = audited_rounds.spread(plan.rounds, request.audited_rounds)
    audited_rounds.place(place, folder, kept)
    dataclasses.replace(record, audited=kept).write(folder)
    write_weights(folder / model_run.MEAN_OF_SILOS, result.mean_of_silos)
    return export.export(
        model_folder, program.client_model, result.weights, request.spec
    )


def replay(request: Request, folder: pathlib.Path, silo: str, number: int) -> Replay:
    """Let a silo's worker compute its update of an audited round once more.

    From the rows of its split, which must be those that the manifest lists.

    Args:
        request: That of the training.
        folder: Of its `ModelRun`.
        silo: The silo's id.
        number: The round.

    Raises:
        FairSiloError: The round was not audited, the silo was not in it, its rows are
            others now, or what was kept of the round is not there.
    """
    from components.federation import audited_rounds, replay

    record = _of_this_training(request, folder)
    found = f"round {number}: found nothing kept of it, expected an audited round"
    _expect(number in record.audited, found, record.audited)
    known = {one.silo: one.digest for one in record.rounds[number - 1].silos}
    found = (
        f"round {number}: found no update of silo `{silo}`, expected it among the "
        "silos that were merged"
    )
    _expect(silo in known, found, known)
    kept = audited_rounds.path(folder, number)
    audited_rounds.read_told(kept)  # before any work
    key = uuid.uuid4().hex  # no earlier tensors: the rows themselves are in question
    _encode_all(request, [silo], key)
    recomputed = replay.recompute(
        _program(request, key),
        request.settings,
        request.manifest[silo].silo,
        kept,
        pathlib.Path(request.checkpoints, "replays"),
        silo_registry=_registry(request),
    )
    return replay.Replay(known[silo], recomputed)


def shadow(
    request: Request, folder: pathlib.Path, silo: str
) -> tuple[NDArray[np.float32], ...]:
    """Return the weights of the same training without a silo in its second half.

    The others train again, with the same seeds, from the state before the first audited
    round at or after half of the rounds. Arguments as those of `replay`.

    Raises:
        FairSiloError: No such round was audited, the silo did not train, others can't
            train any more, or what was kept of the round is not there.
    """
    from components.federation import audited_rounds, training

    plan, record = request.settings, _of_this_training(request, folder)
    late = [number for number in record.audited if 2 * number >= plan.rounds]
    found = "found no audited round in the second half of the training"
    _expect(bool(late), f"{found}, expected one to start from")
    kept = audited_rounds.path(folder, late[0])
    told = audited_rounds.read_told(kept)
    found = f"found no training rows of silo `{silo}`, expected a silo that trained"
    _expect(silo in told.rows, found, told.rows)
    rows = {other: num for other, num in told.rows.items() if other != silo}
    encoded = _encode_all(request, rows, record.tensors)
    tensors = {other: result.values["digest"] for other, result in encoded.items()}
    sent = [one.digest for one in record.rounds[late[0] - 1].silos]
    key = training_key(request, tensors, told.references)
    place = pathlib.Path(request.checkpoints, digests.of_json([key, told, sent]))
    result = training.train(
        _program(request, record.tensors),
        {request.manifest[other].silo: num for other, num in rows.items()},
        plan,
        place,
        place / model_run.TENSORBOARD,
        silo_registry=_registry(request),
        references=told.references,
        factors=told.factors,
        start_from=kept,
    )
    if result.refusal:
        raise FairSiloError(f"without silo `{silo}`: {result.refusal}")
    return result.weights


def _expect(is_there: bool, found: str, others: Iterable[object] = ()) -> None:
    """Refuse what is not there; the hint names others that are, or how to have some."""
    if not is_there:
        names = ", ".join(map(str, others))
        raise FairSiloError(
            found, f"take one of {names}" if names else NOT_AUDITED_HINT
        )


def training_key(
    request: Request,
    tensors: Mapping[str, str],
    references: Mapping[str, float],
    noise: float = 0.0,
) -> str:
    """Return the digest of all that decides a training's weights.

    Args:
        request: The request.
        tensors: The digest of each silo's tensors.
        references: See `training.train`.
        noise: The coordinator's, which silos may demand that then can't pay.
    """
    # Where the workers run decides nothing.
    settings = request.settings.model_dump(mode="json", exclude={"silo_registry"})
    return digests.of_json(
        {
            "use_case": request.manifest.use_case,
            "encoded": dict(tensors),
            "references": dict(references),
            "feature_spec": request.spec.digest,
            "settings": settings,
            "model": digests.of_python_below(pathlib.Path(request.module_file).parent),
            "code": request.code,
            "audited_rounds": request.audited_rounds,
            "noise": noise,
            # It decides the noise of each silo, with all else here.
            "privacy": request.privacy.model_dump(exclude={"epsilon", "window"}),
            "weight_factors": {
                silo: factor
                for silo, factor in request.weight_factors.items()
                if silo in tensors and factor != 1
            },
        }
    )


def _of_this_training(request: Request, folder: pathlib.Path) -> RunRecord:
    """Return the record of a training, which must be of these very inputs."""
    if (mode := request.privacy.mode) != "none":
        found = f"privacy.mode is `{mode}`: found a training with noise, which is drawn"
        hint = "a training without privacy can be asked again"
        raise FairSiloError(f"{found} anew each time, expected one without", hint)
    record = RunRecord.read(folder)
    if record.tensors != _data_key(request):
        raise FairSiloError(
            f"{folder}: found a training of other rows, columns or code, expected that "
            "of this run",
            "use the run's own settings and the version of FairSilo that trained it",
        )
    return record


def _encode_all(
    request: Request, silos: Iterable[str], key: str
) -> dict[str, tasks.Result]:
    """Return what each silo's `encode` gave; the first failure is raised."""
    encoded, failed = _encode(request, silos, key)
    for one in failed:
        raise FairSiloError(one.reason)
    return encoded


def _program(request: Request, key: str, **more: Any) -> Program:  # noqa: ANN401
    from components.federation import model_module, training

    plan = request.settings
    client_model = model_module.load(request.module_file, request.spec, plan.seed)
    return training.program(client_model, tensor_files.folder(key), plan, **more)


def _registry(request: Request) -> SiloRegistry | None:
    path = request.settings.silo_registry
    return silo_registry.read(path) if path else None


def _data_key(request: Request) -> str:
    """Return the name of the folder that holds tensors of these rows."""
    entries = [request.manifest[silo] for silo in request.cohort.admitted]
    splits = {
        entry.silo.id: entry.splits[TRAIN].digest
        for entry in entries
        if TRAIN in entry.splits
    }
    parts = [splits, request.spec.digest, request.label, request.code]
    return digests.of_json([*parts, *filter(None, [request.privacy.person])])[:32]


def _encode(
    request: Request, silos: Iterable[str], key: str
) -> tuple[dict[str, tasks.Result], list[Dropped]]:
    """Return what each silo's `encode` gave, and who is left out for its failure."""
    calls: list[tasks.Call] = []
    empty: list[Dropped] = []
    for entry in map(request.manifest.__getitem__, silos):
        if not entry.rows(TRAIN):
            reason = f"silo `{entry.silo.id}`: has no training rows"
            empty.append(Dropped(entry.silo.id, reason))
            continue
        arguments = {
            "split": entry.digests(TRAIN),
            "spec": request.spec.to_json(),
            "label": request.label,
            "key": key,
            "person": request.privacy.person,
        }
        calls.append((entry.silo, arguments))
    encoded, failed = _run(ENCODE, calls)
    return encoded, empty + failed


def _train_alone(
    request: Request, silos: Iterable[str], key: str
) -> tuple[dict[str, tasks.Result], list[Dropped]]:
    """Return the loss of each silo's model of its own rows alone, and who has none.

    The algorithm `loss_gap` compares with it.
    """
    from components.personal import alone, calls

    shared = calls.shared(
        request.settings,
        request.spec,
        request.label,
        request.split_by,
        request.module_file,
        key,
    )
    entries = [request.manifest[silo] for silo in silos]
    return _run(
        alone.ALONE_LOSS, [(one.silo, shared | calls.of_silo(one)) for one in entries]
    )


def _run(
    task: tasks.Task, calls: Sequence[tasks.Call]
) -> tuple[dict[str, tasks.Result], list[Dropped]]:
    """Return what a task gave of each silo, and who is left out for its failure."""
    found: dict[str, tasks.Result] = {}
    failed = []
    for silo, outcome in engine.run(task, calls):
        if isinstance(outcome, tasks.Result):
            found[silo.id] = outcome
        else:
            failed.append(Dropped(silo.id, outcome.sentence))
    return found, failed
