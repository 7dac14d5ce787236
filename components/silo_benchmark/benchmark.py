"""The node's work without artifacts: one task a silo, and what came of them.

Refusals are data: where there is no model, or no row to choose by, the report says so
and nothing is raised. A silo whose task fails is served by the base model.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import pathlib
import tempfile
from collections.abc import Iterator
from typing import Any

from components.features.spec import FeatureSpec
from components.federation.plan import TrainingPlan
from components.payloads import egress, model_run
from components.payloads.benefit import BenefitReport, SiloBenefit
from components.payloads.cohort import Cohort
from components.payloads.egress import EgressItem
from components.payloads.manifest import CHOOSE, EVAL, TRAIN, Manifest, SiloEntry
from components.payloads.model_run import RunRecord
from components.personal import calls
from components.scoring import model
from components.silo_benchmark.compare import BENEFIT, COMPARE
from components.silo_benchmark.settings import PersonalSettings
from components.silos import engine, tasks

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Request:
    """What the node is asked to do, from its parameters and inputs."""

    settings: PersonalSettings
    plan: TrainingPlan  # of the federation's training
    label: str  # its column
    split_by: tuple[str, ...]  # columns of which rows with the same values are alike
    min_rows: int  # with fewer rows of a split only their number leaves a silo
    module_file: str  # the use case's `model.py`, which may import what lies below
    manifest: Manifest
    cohort: Cohort
    spec: FeatureSpec
    model: str  # folder of the federation's model
    model_run: str  # folder of how it was trained
    run: RunRecord


def run(request: Request) -> tuple[BenefitReport, dict[str, list[EgressItem]]]:
    """Compare the models silo by silo, and return what left each silo."""
    card = model.read_card(request.model)
    report = BenefitReport(request.settings.method, card.digest)
    entries = [request.manifest[silo] for silo in request.cohort.admitted]
    entries.sort(key=lambda entry: entry.silo.id)
    if refusal := _refusal(request, card.refusal, entries):
        logger.warning("nothing is compared: %s", refusal)
        return dataclasses.replace(report, refusal=refusal), {}
    shared = calls.shared(
        request.plan,
        request.spec,
        request.label,
        request.split_by,
        request.module_file,
        request.run.tensors,
    )
    shared |= {**_of_method(request), "min_rows": request.min_rows}
    found, left = [], {}
    with _pooled(request, shared, entries) as (pooled, sentence):
        asked: list[tasks.Call] = [
            (entry.silo, {**shared, **calls.of_silo(entry, EVAL), "pooled": pooled})
            for entry in entries
        ]
        for silo, outcome in engine.run(COMPARE, asked):
            if isinstance(outcome, tasks.Failure):
                failure = outcome.sentence
                one = SiloBenefit(silo.id, digest=card.digest, failure=failure)
                left[silo.id] = [egress.of_failure(outcome.num_bytes)]
            else:
                one = BENEFIT.validate_python(outcome.values)
                size = outcome.num_bytes
                left[silo.id] = [EgressItem("benefit figures", 1, size)]
            found.append(one)
            logger.info("silo=%s served=%s", silo.id, one.served)
    return dataclasses.replace(report, silos=tuple(found), pooled=sentence), left


def _refusal(request: Request, no_model: str, entries: list[SiloEntry]) -> str:
    """Return why nothing can be compared, in a sentence; empty where it can."""
    if no_model:
        return f"no model was trained: {no_model}"
    if not any(entry.rows(CHOOSE) for entry in entries):
        return "no silo has rows to choose by (rows.choose_share)"
    if request.settings.method == "mr_mtl" and not _anchor(request).exists():
        return (
            f"{_anchor(request)}: found no file, expected the mean of the silos' "
            "models of the last round, to which personal.method mr_mtl draws them; "
            "train again"
        )
    return ""


def _anchor(request: Request) -> pathlib.Path:
    if request.settings.method == "mr_mtl":
        return pathlib.Path(request.model_run, model_run.MEAN_OF_SILOS)
    return pathlib.Path(request.model, model.WEIGHTS)


def _of_method(request: Request) -> dict[str, Any]:
    """Return the arguments that say which personal models are trained."""
    settings, plan = request.settings, request.plan
    schedule = calls.Schedule(
        passes=settings.passes,
        batch_size=plan.batch_size,
        learning_rate=settings.learning_rate or plan.client_learning_rate,
        seed=plan.seed,
        strength=0.0 if settings.method == "fine_tune" else settings.strength,
    )
    is_personal = settings.method != "none"
    return {
        "base": str(pathlib.Path(request.model, model.WEIGHTS)),
        "personal": dataclasses.asdict(schedule) if is_personal else None,
        "anchor": str(_anchor(request)),
    }


@contextlib.contextmanager
def _pooled(
    request: Request, shared: dict[str, Any], entries: list[SiloEntry]
) -> Iterator[tuple[str, str]]:
    """Yield the file of the pooled model's weights and whose rows met for it.

    Both are empty where the settings allow no such model. The file is there while the
    block runs.
    """
    if not request.settings.pooled:
        yield "", ""
        return
    from components.silo_benchmark import pooled  # loads TensorFlow

    with_rows = [entry for entry in entries if entry.rows(TRAIN)]
    with tempfile.TemporaryDirectory(prefix="fairsilo-pooled-") as folder:
        path = pathlib.Path(folder, model.WEIGHTS)
        yield pooled.train(with_rows, shared, path)
