"""The node's work without artifacts: encode, train, export, account.

Refusals are data: where the cohort is below its quorum, or too few silos are left, the
outputs say so and nothing is raised.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import pathlib
from collections import Counter
from collections.abc import Mapping

from components import digests, temporary_faults
from components.features.spec import FeatureSpec
from components.federated_trainer import encode
from components.federated_trainer.settings import TrainingSettings
from components.federation import silo_registry, tensor_files
from components.payloads import egress, model_run
from components.payloads.cohort import Cohort
from components.payloads.egress import EgressItem
from components.payloads.manifest import TRAIN, Manifest
from components.payloads.model_run import Dropped, RunRecord
from components.scoring.model import ModelCard
from components.silos import engine, tasks

logger = logging.getLogger(__name__)

# In a round a silo sends its update with a weight, and three numbers and a flag.
WEIGHT_BYTES = 4
METRICS_BYTES = 3 * 8 + 1

ENCODE = tasks.Task("encode", encode.encode)


@dataclasses.dataclass(frozen=True)
class Request:
    """What the node is asked to do, from its parameters and inputs."""

    settings: TrainingSettings
    label: str  # its column
    module_file: str  # the use case's `model.py`, which may import what lies below
    checkpoints: str  # folder below which each training keeps its own
    code: str  # digest of the code
    manifest: Manifest
    cohort: Cohort
    spec: FeatureSpec


def run(
    request: Request, model_folder: pathlib.Path, folder: pathlib.Path
) -> ModelCard:
    """Train over the cohort, write `Model` and `ModelRun`, and return the model's card.

    Raises:
        SettingsError: The use case's `model.py` or the silo registry can't be used.
    """
    plan = request.settings
    registry = silo_registry.read(plan.silo_registry) if plan.silo_registry else None
    model_folder.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)

    def refuse(record: RunRecord) -> ModelCard:
        logger.warning("no model was trained: %s", record.refusal)
        record.write(folder)
        card = ModelCard(refusal=record.refusal)
        card.write(model_folder)
        return card

    record = RunRecord(plan.algorithm, refusal=request.cohort.refusal)
    if record.refusal:
        return refuse(record)
    data_key = _data_key(request)
    encoded, left_out = _encode(request, data_key)
    record = dataclasses.replace(record, left_out=left_out)
    if len(encoded) < plan.quorum_per_round:
        admitted = len(request.cohort.admitted)
        found = f"{len(encoded)} of {admitted} admitted silos have rows to train on"
        why = "".join(f"; {drop.reason}" for drop in left_out)
        refusal = f"{found}, the trainer's quorum is {plan.quorum_per_round}{why}"
        egress.write(folder, _egress_of(record, encoded, 0))
        return refuse(dataclasses.replace(record, refusal=refusal))

    from components.federated_trainer import export, model_module
    from components.federation import training

    client_model = model_module.load(request.module_file, request.spec, plan.seed)
    tensors = {silo: result.values["digest"] for silo, result in encoded.items()}
    result = training.train(
        training.program(client_model, tensor_files.folder(data_key), plan),
        [request.manifest[silo].silo for silo in encoded],
        plan,
        pathlib.Path(request.checkpoints, training_key(request, tensors)),
        folder / model_run.TENSORBOARD,
        silo_registry=registry,
    )
    if result.temporary_fault:
        temporary_faults.note(result.temporary_fault)
    record = dataclasses.replace(
        record,
        isolation=result.isolation,
        refusal=result.refusal,
        rounds=result.rounds,
        resumed_from=result.resumed_from,
    )
    egress.write(folder, _egress_of(record, encoded, client_model.num_bytes))
    timings = json.dumps({"round_seconds": result.seconds})
    (folder / model_run.TIMINGS_FILE_NAME).write_text(timings, encoding="utf-8")
    if record.refusal:
        return refuse(record)
    record.write(folder)
    return export.export(model_folder, client_model, result.weights, request.spec)


def training_key(request: Request, tensors: Mapping[str, str]) -> str:
    """Return the digest of all that decides a training's weights.

    `tensors` are the digests of each silo's tensors.
    """
    # Where the workers run decides nothing.
    settings = request.settings.model_dump(mode="json", exclude={"silo_registry"})
    return digests.of_json(
        {
            "use_case": request.manifest.use_case,
            "encoded": dict(tensors),
            "feature_spec": request.spec.digest,
            "settings": settings,
            "model": digests.of_python_below(pathlib.Path(request.module_file).parent),
            "code": request.code,
        }
    )


def _data_key(request: Request) -> str:
    """Return the name of the folder that holds tensors of these rows."""
    entries = [request.manifest[silo] for silo in request.cohort.admitted]
    splits = {
        entry.silo.id: entry.splits[TRAIN].digest
        for entry in entries
        if TRAIN in entry.splits
    }
    parts = [splits, request.spec.digest, request.label, request.code]
    return digests.of_json(parts)[:32]


def _encode(
    request: Request, key: str
) -> tuple[dict[str, tasks.Result], tuple[Dropped, ...]]:
    """Return what each silo's `encode` gave, and who is left out for its failure."""
    calls: list[tasks.Call] = []
    encoded: dict[str, tasks.Result] = {}
    failed: dict[str, str] = {}
    for entry in map(request.manifest.__getitem__, request.cohort.admitted):
        if not entry.rows(TRAIN):
            failed[entry.silo.id] = f"silo `{entry.silo.id}`: has no training rows"
            continue
        arguments = {
            "split": entry.digests(TRAIN),
            "spec": request.spec.to_json(),
            "label": request.label,
            "key": key,
        }
        calls.append((entry.silo, arguments))
    for silo, outcome in engine.run(ENCODE, calls):
        if isinstance(outcome, tasks.Result):
            encoded[silo.id] = outcome
        else:
            failed[silo.id] = outcome.sentence
    return encoded, tuple(Dropped(*item) for item in sorted(failed.items()))


def _egress_of(
    record: RunRecord, encoded: Mapping[str, tasks.Result], num_bytes: int
) -> dict[str, list[EgressItem]]:
    """Return what left each silo in encoding and in the rounds that it answered."""
    left = {
        drop.silo: [egress.of_failure(len(drop.reason.encode()))]
        for drop in record.left_out
    }
    answered = Counter(one.silo for each in record.rounds for one in each.silos)
    for silo, result in encoded.items():
        rounds = answered[silo]
        left[silo] = [
            EgressItem("counts and digests", 1, result.num_bytes),
            EgressItem("model updates", rounds, rounds * (num_bytes + WEIGHT_BYTES)),
            EgressItem("training metrics", rounds, rounds * METRICS_BYTES),
        ]
    return left
