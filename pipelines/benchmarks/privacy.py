"""Measures what the privacy of rows costs: time of a round, and silos' AUC.

`cost`: the silos, model and workers of `bench round`, trained in turn with and without
privacy; a private round over a plain one, by medians, without each training's first.
`census` and `flights`: trainings over real workers with the use case's settings, whose
runs spend an epsilon each; figures are those of `bench fairness`, of base models.
"""

from __future__ import annotations

import collections
import logging
import math
import pathlib
import statistics
import tempfile
from typing import Any

from components.federation import model, private, tensor_files, training
from components.federation.private import PrivateSilo, PrivateTraining
from components.payloads.benefit import ALONE, BASE
from components.privacy.settings import PrivacySettings
from pipelines import use_case
from pipelines.benchmarks import fairness
from pipelines.benchmarks import round as plain_round
from pipelines.benchmarks.fairness import Figures

logger = logging.getLogger(__name__)

BARS = {256: 3.0, 1024: 2.2}  # by rows of a step
TURNS = 3
SETTINGS = PrivacySettings(mode="example")
EPSILONS = (None, 8.0, 3.0, 1.0)
SPANS = {"census": "latest", "flights": "2013-11"}


def bench_privacy(
    seeds: int = 5, only: str = "", rows: int = plain_round.ROWS
) -> dict[str, Any]:
    """Return costs and figures, and whether the costs are within their bars.

    Args:
        seeds: Trainings with each epsilon, from seed 0; intervals are over them.
        only: `cost`, `census` or `flights`; all when empty.
        rows: Of all silos of `cost` together.

    Returns:
        `cost`: by `batch` `private_over_plain` with its bar, and both in seconds;
        `figures`, by use case and epsilon; `passed`: whether no cost is above its bar.
    """
    parts = [only] if only else ["cost", *SPANS]
    costs = [cost(batch, rows) for batch in BARS] if "cost" in parts else []
    figures = [row for name in SPANS if name in parts for row in utility(name, seeds)]
    within = [one["private_over_plain"] <= one["at_most"] for one in costs]
    return {"cost": costs, "figures": figures, "passed": all(within)}


def cost(batch: int, rows: int) -> dict[str, float]:
    """Return what a private round costs over a plain one, with steps as large."""
    plan = plain_round.PLAN.model_copy(update={"batch_size": batch})
    ids = len(plain_round.CATEGORIES)
    start = model.initialise(plain_round.perceptron, plain_round.NUM_FLOATS, ids, 0)
    seconds: dict[bool, list[float]] = {False: [], True: []}
    with tempfile.TemporaryDirectory(prefix="fairsilo-bench-") as folder:
        data = plain_round.random_rows(rows)
        silos = plain_round.write(pathlib.Path(folder, "homes"), data)
        numbers = {silo.id: _told(silo.id, own, batch) for silo, own in silos.items()}
        for turn in range(TURNS):
            for is_private, many in seconds.items():
                place = pathlib.Path(folder, f"{turn}-{is_private}")
                cut = PrivateTraining(SETTINGS.clip, SETTINGS.canaries)
                program = training.program(
                    start,
                    tensor_files.folder(plain_round.KEY),
                    plan,
                    cut if is_private else None,
                )
                result = training.train(
                    program,
                    silos,
                    plan,
                    place,
                    place / "tensorboard",
                    private_silos=numbers if is_private else {},
                )
                many += result.seconds[1:]
    plain, protected = map(statistics.median, seconds.values())
    return {
        "batch": batch,
        "private_over_plain": protected / plain,
        "at_most": BARS[batch],
        "plain_s": plain,
        "private_s": protected,
    }


def _told(silo: str, rows: int, batch: int) -> PrivateSilo:
    """Return numbers of a silo with steps as large as those without privacy."""
    mean = min(float(batch), rows / 2)
    return PrivateSilo(
        noise=1.0,
        threshold=private.threshold_of(mean / rows),
        steps=round(rows / mean),
        batch=mean,
        cap=min(rows, math.ceil(mean + 6 * math.sqrt(mean))),
        coins=private.coins_of(0, silo, SETTINGS.canaries),
    )


def utility(name: str, seeds: int) -> list[dict[str, Any]]:
    """Return the figures of a use case by epsilon of a run, and of silos alone."""
    chosen = use_case.find(name)
    chosen.prepare()
    found: dict[float | str | None, list[Figures]] = collections.defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="fairsilo-bench-") as folder:
        prepared = fairness.prepare(chosen, pathlib.Path(folder), SPANS[name])
        for seed in range(seeds):
            plan = chosen.settings.training.model_copy(update={"seed": seed})
            for epsilon in EPSILONS:
                with tempfile.TemporaryDirectory(dir=folder) as place:
                    spends: dict[str, Any] = {}
                    if epsilon:
                        own = {"epsilon": epsilon, "run_epsilon": epsilon}
                        spends["privacy"] = SETTINGS.model_copy(update=own)
                        spends["ledger"] = f"sqlite:///{place}/ledger.sqlite"
                        spends["run_id"] = "bench"
                    folders, seconds = fairness.train(prepared, plan, place, **spends)
                    report = fairness.compare(prepared, plan, folders, "none")
                figures = fairness.figures_of(prepared, report, BASE, seconds)
                logger.info("seed=%d epsilon=%s: %s", seed, epsilon, figures)
                found[epsilon].append(figures)
            found["alone"].append(fairness.figures_of(prepared, report, ALONE, None))
    return [
        {"use_case": name, "epsilon": epsilon or "none", **fairness.row_of(many)}
        for epsilon, many in found.items()
    ]
