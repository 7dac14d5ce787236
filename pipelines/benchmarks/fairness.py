"""Measures what each algorithm and personal model does for the silos of a use case.

Trainings over real workers and SiloBenchmark's own comparison, on the use case's rows
and with its settings, over several seeds; the silos are prepared once. Over the silos
that its gates would judge: mean AUC, mean of the worst tenth, the worst, standard
deviation, how many are worse than alone by more than `MARGIN` and how many surely so,
by intervals that hold for all of them at once, as gates take them. Seconds are of the
rounds, or of training all silos' own models.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import logging
import math
import pathlib
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from components.errors import FairSiloError
from components.fairness_evaluator.gates import bounds
from components.features import spec as feature_spec
from components.federated_trainer.settings import TrainingSettings
from components.federation.plan import TrainingPlan
from components.payloads import model_run
from components.payloads.benefit import ALONE, BASE, PERSONAL, SERVED, BenefitReport
from components.payloads.cohort import Cohort
from components.payloads.manifest import EVAL, Manifest
from components.payloads.minimum_data import MinimumData
from components.scoring import intervals
from components.silo_benchmark.settings import PersonalSettings
from pipelines import operator_snapshot, use_case
from pipelines.places import Places

logger = logging.getLogger(__name__)

MARGIN = 0.005  # of AUC
ALGORITHMS: dict[str, dict[str, Any]] = {
    "fed_avg": {},
    "fed_avg, tempered 0.5": {"weighting": {"name": "tempered", "power": 0.5}},
    "fed_avg, uniform": {"weighting": "uniform"},
    "fed_avg, capped 0.06": {"weighting": {"name": "capped", "cap": 0.06}},
    "fed_prox 0.1": {"algorithm": {"name": "fed_prox", "mu": 0.1}},
    "scaffold": {"algorithm": "scaffold"},
    "q_fed_avg 0.1": {"algorithm": {"name": "q_fed_avg", "q": 0.1}},
    "q_fed_avg 1": {"algorithm": {"name": "q_fed_avg", "q": 1.0}},
    "afl 0.1": {"algorithm": {"name": "afl", "step": 0.1}},
    "term 1": {"algorithm": {"name": "term", "tilt": 1.0}},
    "term 5": {"algorithm": {"name": "term", "tilt": 5.0}},
    "loss_gap 5": {"algorithm": {"name": "loss_gap", "tilt": 5.0}},
}
PERSONALISED = ("fed_avg", "scaffold")
METHODS = ("ditto", "fine_tune", "mr_mtl")
CENSUS = "census"
BAR = "fed_avg"
LIFT = 0.01  # of AUC


class Figures(NamedTuple):
    """What a model does for the judged silos, with one seed."""

    mean: float
    worst_tenth: float
    worst: float
    deviation: float
    worse: int  # than alone by more than MARGIN
    surely_worse: int
    seconds: float | None


@dataclasses.dataclass(frozen=True)
class Prepared:
    """The silos of a use case, ready to train."""

    chosen: use_case.UseCase
    folder: pathlib.Path
    manifest: Manifest
    cohort: Cohort
    spec: feature_spec.FeatureSpec

    @property
    def arguments(self) -> dict[str, Any]:
        """What the requests of training, SiloBenchmark and audit have in common."""
        rows = self.chosen.settings.rows
        shared = {"manifest": self.manifest, "cohort": self.cohort, "spec": self.spec}
        model = {"module_file": str(self.chosen.model_file)}
        return {"label": rows.label, "split_by": rows.split_by, **model, **shared}


def bench_fairness(
    name: str = CENSUS, seeds: int = 5, span: str = "latest", only: str = ""
) -> dict[str, Any]:
    """Return figures by algorithm and personal method, and whether they reach the bar.

    The bar (`passed`) is of census: the personal models of `fed_avg` have a worst tenth
    that is `LIFT` of AUC above its base model's, with intervals apart, no lower mean,
    and at most half as many silos worse than alone; none is surely so by what serves.

    Args:
        name: The use case, with its settings.
        seeds: Trainings of each, from seed 0; intervals are over them.
        span: Its span.
        only: Algorithms whose name begins with this; all when empty.
    """
    chosen = use_case.find(name)
    chosen.prepare()
    found: dict[str, list[Figures]] = collections.defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="fairsilo-bench-") as folder:
        prepared = prepare(chosen, pathlib.Path(folder), span)
        for seed in range(seeds):
            for algorithm, changes in ALGORITHMS.items():
                if algorithm.startswith(only):
                    for row, figures in _measure(prepared, algorithm, changes, seed):
                        found[row].append(figures)
                        logger.info("seed=%d %s: %s", seed, row, figures)
    rows = [{"model": row, **row_of(many)} for row, many in found.items()]
    return {"figures": rows, "passed": name != CENSUS or _passes(found)}


def _passes(found: Mapping[str, list[Figures]]) -> bool:
    names = [f"{BAR} + {METHODS[0]}, {kind}" for kind in (PERSONAL, SERVED)]
    if not {BAR, *names} <= {*found}:
        return True  # it was not asked for
    base, personal, served = (
        Figures(*map(statistics.mean, zip(*found[name], strict=True)))
        for name in (BAR, *names)
    )
    halves = [half_of([one.worst_tenth for one in found[n]]) for n in (BAR, names[0])]
    lift = personal.worst_tenth - base.worst_tenth
    return (
        lift >= LIFT
        and lift > math.fsum(halves)
        and personal.mean >= base.mean
        and 2 * personal.worse <= base.worse
        and served.surely_worse == 0
    )


def prepare(chosen: use_case.UseCase, folder: pathlib.Path, span: str) -> Prepared:
    """Run the nodes before the trainer into a folder, and return what they made."""
    from pipelines import pipeline
    from pipelines.runners import local

    places = Places(folder)
    pipeline.stage_schema(chosen, places)
    steps = pipeline.build_checks(chosen, places, span, operator_snapshot.NOTHING)
    nodes = local.run(steps, "bench", lambda _: None, folder / "log.txt")
    return Prepared(
        chosen,
        folder,
        Manifest.read(nodes["SiloExampleGen"].outputs["examples"]),
        Cohort.read(nodes["SiloValidator"].outputs["cohort"]),
        feature_spec.read(nodes["FeatureSpecGen"].outputs["feature_spec"]),
    )


def _measure(
    prepared: Prepared, algorithm: str, changes: Mapping[str, Any], seed: int
) -> Iterator[tuple[str, Figures]]:
    plan = prepared.chosen.settings.training
    plan = plan.model_validate({**plan.model_dump(), "seed": seed, **changes})
    with tempfile.TemporaryDirectory(dir=prepared.folder) as place:
        folders, seconds = train(prepared, plan, place)
        methods = METHODS if algorithm in PERSONALISED else ("none",)
        for method in methods:
            began = time.monotonic()
            report = compare(prepared, plan, folders, method)
            own_seconds = time.monotonic() - began
            if method == methods[0]:
                yield algorithm, figures_of(prepared, report, BASE, seconds)
                if algorithm == next(iter(ALGORITHMS)):
                    yield "alone", figures_of(prepared, report, ALONE, None)
            if method != "none":
                for kind in (PERSONAL, SERVED):
                    row = f"{algorithm} + {method}, {kind}"
                    yield row, figures_of(prepared, report, kind, own_seconds)


def train(
    prepared: Prepared,
    plan: TrainingSettings,
    place: str,
    **more: Any,  # noqa: ANN401
) -> tuple[list[pathlib.Path], float]:
    """Return the folders of the model and its run below a place, and their seconds."""
    from components.federated_trainer import trainer

    folders = [pathlib.Path(place, part) for part in ("model", "run")]
    request = trainer.Request(
        settings=plan,
        checkpoints=place,
        code="",
        audited_rounds=prepared.chosen.settings.audit.kept_rounds,
        **more,
        **prepared.arguments,
    )
    card = trainer.run(request, *folders)
    if card.refusal:
        raise FairSiloError(f"{plan.algorithm.name}: {card.refusal}")
    timings = (folders[1] / model_run.TIMINGS_FILE_NAME).read_text("utf-8")
    return folders, math.fsum(json.loads(timings)["round_seconds"])


def compare(
    prepared: Prepared, plan: TrainingPlan, folders: list[pathlib.Path], method: str
) -> BenefitReport:
    """Return SiloBenchmark's report of a trained model and a personal method."""
    from components.payloads.model_run import RunRecord
    from components.silo_benchmark import benchmark

    settings = prepared.chosen.settings
    personal = {**settings.personal.model_dump(), "method": method}
    request = benchmark.Request(
        settings=PersonalSettings.model_validate(personal),
        plan=plan,
        min_rows=settings.evaluation.min_slice_rows,
        model=str(folders[0]),
        model_run=str(folders[1]),
        run=RunRecord.read(folders[1]),
        **prepared.arguments,
    )
    report, _ = benchmark.run(request)
    if report.refusal:
        raise FairSiloError(report.refusal)
    return report


def figures_of(
    prepared: Prepared, report: BenefitReport, kind: str, seconds: float | None
) -> Figures:
    """Return what models of a kind do for the judged silos."""
    minimum: MinimumData = prepared.chosen.settings.gates.minimum_data
    judged = [
        silo
        for silo in report.silos
        if ALONE in silo.figures
        and minimum.has_enough(silo.rows.get(EVAL, 0), silo.positives)
    ]
    aucs = sorted(
        silo.figures[silo.served if kind == SERVED else kind]["auc"].value
        for silo in judged
    )
    gains = [] if kind == ALONE else [silo.gains[kind]["auc"] for silo in judged]
    together = [
        bounds.widened(gain, len(gains), freedom=silo.freedom)
        for gain, silo in zip(gains, judged, strict=False)
    ]
    worst = aucs[: math.ceil(len(aucs) / 10)]
    return Figures(
        statistics.mean(aucs),
        statistics.mean(worst),
        aucs[0],
        statistics.pstdev(aucs),
        sum(gain.value < -MARGIN for gain in gains),
        sum(gain.high < 0.0 for gain in together),
        seconds,
    )


def row_of(many: list[Figures]) -> dict[str, str]:
    """Return the mean over seeds of each figure, with half its 95 % interval."""
    row = {}
    for name, values in zip(Figures._fields, zip(*many, strict=True), strict=True):
        if None in values:  # the model alone takes no seconds of its own
            row[name] = ""
            continue
        text = f"{statistics.mean(values):.4g}"
        row[name] = f"{text} ± {half_of(values):.2g}" if len(values) > 1 else text
    return row


def half_of(values: Sequence[float]) -> float:
    """Return half the 95 % interval of a mean over seeds; 0 of a single seed."""
    if len(values) < 2:
        return 0.0
    deviation = statistics.stdev(values) / math.sqrt(len(values))
    return intervals.student(len(values) - 1) * deviation
