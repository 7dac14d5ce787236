"""The node's work without artifacts: encode, train, export, account.

Refusals are data: with no cohort, or with too few silos left, the outputs say
so and nothing is raised.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import pathlib
from collections.abc import Mapping, Sequence

from components import circumstances, digests
from components.features.spec import FeatureSpec
from components.federated_trainer import encode
from components.federated_trainer.settings import TrainingSettings
from components.federation import silo_registry, tensor_files
from components.federation.silo_registry import SiloRegistry
from components.payloads import egress, model_run
from components.payloads.cohort import Cohort
from components.payloads.egress import EgressItem
from components.payloads.manifest import TRAIN, Manifest, SiloEntry
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
    """What the node is asked to do.

    Attributes:
        settings: Its section of the settings.
        label: Column of the label.
        module_file: Path of the use case's `model.py`, which may import what lies
            below its folder.
        checkpoints: Folder below which each training keeps its own.
        code: Digest of the code.
    """

    settings: TrainingSettings
    label: str
    module_file: str
    checkpoints: str
    code: str


@dataclasses.dataclass(frozen=True)
class Outputs:
    """The folders that the node writes.

    Attributes:
        model: Of the `Model`, see `components/scoring/model.py`.
        run: Of the `ModelRun`, see `components/payloads/model_run.py`.
    """

    model: pathlib.Path
    run: pathlib.Path


def run(
    request: Request,
    manifest: Manifest,
    cohort: Cohort,
    spec: FeatureSpec,
    outputs: Outputs,
) -> ModelCard:
    """Train over the cohort and write the outputs.

    Args:
        request: What to do.
        manifest: Where the silos' splits lie.
        cohort: Which silos train.
        spec: How rows become inputs.
        outputs: Where to write.

    Returns:
        The model's card, with its digest or with the reason why there is none.

    Raises:
        SettingsError: The use case's `model.py` or the silo registry can't be used.
    """
    path = request.settings.silo_registry
    registry = silo_registry.read(path) if path else None
    outputs.model.mkdir(parents=True, exist_ok=True)
    outputs.run.mkdir(parents=True, exist_ok=True)
    record = RunRecord(request.settings.algorithm, refusal=cohort.refusal)
    if record.refusal:
        return _refuse(record, outputs)
    entries = [manifest[silo] for silo in cohort.admitted]
    key = _data_key(request, entries, spec)
    encoded, left_out = _encode(request, entries, spec, key)
    quorum = request.settings.quorum_per_round
    record = dataclasses.replace(record, left_out=left_out)
    if len(encoded) < quorum:
        found = f"{len(encoded)} of {len(entries)} admitted silos have rows to train on"
        why = "".join(f"; {drop.reason}" for drop in left_out)
        refusal = f"{found}, the trainer's quorum is {quorum}{why}"
        egress.write(outputs.run, _egress_of(record, encoded, 0))
        return _refuse(dataclasses.replace(record, refusal=refusal), outputs)
    return _train(request, manifest, spec, encoded, key, record, outputs, registry)


def training_key(
    request: Request,
    use_case: str,
    encoded: Mapping[str, str],
    spec: FeatureSpec,
) -> str:
    """Return the digest of all that decides a training's weights.

    Args:
        request: Settings, `model.py` with what lies below its folder, and code.
        use_case: Name of the use case.
        encoded: Digest of each silo's tensors.
        spec: The FeatureSpec.
    """
    return digests.of_json(
        {
            "use_case": use_case,
            "encoded": dict(encoded),
            "feature_spec": spec.digest,
            # Where the workers run decides nothing.
            "settings": request.settings.model_dump(
                mode="json", exclude={"silo_registry"}
            ),
            "model": digests.of_python_below(pathlib.Path(request.module_file).parent),
            "code": request.code,
        }
    )


def _data_key(request: Request, entries: Sequence[SiloEntry], spec: FeatureSpec) -> str:
    """Return the name of the folder that holds tensors of these rows."""
    splits = {
        entry.silo.id: entry.splits[TRAIN].digest
        for entry in entries
        if TRAIN in entry.splits
    }
    return digests.of_json([splits, spec.digest, request.label, request.code])[:32]


def _encode(
    request: Request, entries: Sequence[SiloEntry], spec: FeatureSpec, key: str
) -> tuple[dict[str, tasks.Result], tuple[Dropped, ...]]:
    """Return what each silo's `encode` gave, and who is left out for its failure."""
    calls = [
        (
            entry.silo,
            {
                "split": entry.splits[TRAIN].paths,
                "digests": entry.digests(TRAIN),
                "spec": spec.to_json(),
                "label": request.label,
                "key": key,
            },
        )
        for entry in entries
        if entry.rows(TRAIN)
    ]
    encoded: dict[str, tasks.Result] = {}
    failed = {
        entry.silo.id: f"silo `{entry.silo.id}`: has no training rows"
        for entry in entries
        if not entry.rows(TRAIN)
    }
    for silo, outcome in engine.run(ENCODE, calls):
        if isinstance(outcome, tasks.Result):
            encoded[silo.id] = outcome
        else:
            failed[silo.id] = outcome.sentence
    return encoded, tuple(Dropped(*item) for item in sorted(failed.items()))


def _train(
    request: Request,
    manifest: Manifest,
    spec: FeatureSpec,
    encoded: Mapping[str, tasks.Result],
    data_key: str,
    record: RunRecord,
    outputs: Outputs,
    registry: SiloRegistry | None,
) -> ModelCard:
    from components.federated_trainer import export, model_module
    from components.federation import training

    plan = request.settings
    client_model = model_module.load(request.module_file, spec, plan.seed)
    tensors = {silo: result.values["digest"] for silo, result in encoded.items()}
    key = training_key(request, manifest.use_case, tensors, spec)
    result = training.train(
        client_model,
        [manifest[silo].silo for silo in encoded],
        tensor_files.folder(data_key),
        plan,
        pathlib.Path(request.checkpoints, key),
        outputs.run / model_run.TENSORBOARD,
        silo_registry=registry,
    )
    if result.circumstance:
        circumstances.note(result.circumstance)
    record = dataclasses.replace(
        record,
        isolation=result.isolation,
        refusal=result.refusal,
        rounds=result.rounds,
        resumed_from=result.resumed_from,
    )
    egress.write(outputs.run, _egress_of(record, encoded, client_model.num_bytes))
    timings = {"round_seconds": result.seconds}
    path = outputs.run / model_run.TIMINGS_FILE_NAME
    path.write_text(json.dumps(timings), encoding="utf-8")
    if record.refusal:
        return _refuse(record, outputs)
    record.write(outputs.run)
    return export.export(outputs.model, client_model, result.weights, spec)


def _refuse(record: RunRecord, outputs: Outputs) -> ModelCard:
    logger.warning("no model was trained: %s", record.refusal)
    record.write(outputs.run)
    card = ModelCard(refusal=record.refusal)
    card.write(outputs.model)
    return card


def _egress_of(
    record: RunRecord, encoded: Mapping[str, tasks.Result], num_bytes: int
) -> dict[str, list[EgressItem]]:
    """Return what left each silo in encoding and in the rounds that it answered."""
    update_bytes = num_bytes + WEIGHT_BYTES
    left = {
        drop.silo: [
            EgressItem("findings and label counts", 1, len(drop.reason.encode()))
        ]
        for drop in record.left_out
    }
    for silo, result in encoded.items():
        rounds = sum(silo in {s.silo for s in r.silos} for r in record.rounds)
        left[silo] = [
            EgressItem("counts and digests", 1, result.num_bytes),
            EgressItem("model updates", rounds, rounds * update_bytes),
            EgressItem("training metrics", rounds, rounds * METRICS_BYTES),
        ]
    return left
