"""Measures what the privacy of rows costs: time of a round, and silos' AUC.

`cost`: silos, model and workers as in `bench round`, trained in turn with and without
privacy; a private round over a plain one, by medians, without each training's first.
`census` and `flights`: trainings over real workers with the use case's settings, which
spend an epsilon each; figures are those of base models in `bench fairness`.
"""

from __future__ import annotations

import collections
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

BARS = {256: 3.0, 1024: 2.2}  # by rows of a step
TURNS, PASSES = 3, 10
STEPS = 120  # over all rows; the largest silo has a sixth: 20, the most by default
SETTINGS = PrivacySettings(mode="example")
ASKED: dict[float | str, PrivacySettings] = {"none": PrivacySettings()} | {
    it: SETTINGS.model_copy(update={"epsilon": it, "run_epsilon": it})
    for it in (8, 3, 1)
}
FASTER = 20  # times the use case's learning rate: cut gradients make short steps
SPANS = {"census": "latest", "flights": "2013-11"}


def bench_privacy(seeds: int = 5, only: str = "") -> dict[str, Any]:
    """Return costs by rows of a step, figures by use case and epsilon of a training.

    Intervals are over seeds; `only` is `cost`, `census` or `flights`, or empty for all.
    """
    parts = [only] if only else ["cost", *SPANS]
    costs = [cost(batch) for batch in BARS] if "cost" in parts else []
    figures = [row for name in SPANS if name in parts for row in utility(name, seeds)]
    within = [one["private_over_plain"] <= one["at_most"] for one in costs]
    return {"cost": costs, "figures": figures, "passed": all(within)}


def cost(batch: int) -> dict[str, float]:
    """Return what a private round costs over a plain one, with steps as large."""
    changes = {"batch_size": batch, "local_epochs": PASSES}
    plan = plain_round.PLAN.model_copy(update=changes)
    widths = plain_round.NUM_FLOATS, len(plain_round.CATEGORIES)
    start = model.initialise(plain_round.perceptron, *widths, seed=0)
    cut = PrivateTraining(SETTINGS.clip, SETTINGS.canaries)
    seconds: dict[bool, list[float]] = {False: [], True: []}
    with tempfile.TemporaryDirectory(prefix="fairsilo-bench-") as folder:
        data = plain_round.random_rows(STEPS * batch)
        silos = plain_round.write(pathlib.Path(folder, "homes"), data)
        told = {silo.id: _told(silo.id, own, batch) for silo, own in silos.items()}
        key = tensor_files.folder(plain_round.KEY)
        for turn in range(TURNS):
            for is_private, many in seconds.items():
                place = pathlib.Path(folder, f"{turn}-{is_private}")
                by = training.program(start, key, plan, cut if is_private else None)
                args = (by, silos, plan, place, place / "tensorboard")
                numbers = told if is_private else {}
                many += training.train(*args, private_silos=numbers).seconds[1:]
    plain_s, private_s = map(statistics.median, seconds.values())
    ratio = {"private_over_plain": private_s / plain_s, "at_most": BARS[batch]}
    return {"batch": batch, **ratio, "plain_s": plain_s, "private_s": private_s}


def _told(silo: str, rows: int, batch: int) -> PrivateSilo:
    mean = min(float(batch), rows / 2)
    threshold, steps = private.threshold_of(mean / rows), PASSES * rows / mean
    coins = private.coins_of(0, silo, SETTINGS.canaries)
    return PrivateSilo(1.0, threshold, round(steps), mean, rows, coins)


def utility(name: str, seeds: int) -> list[dict[str, Any]]:
    """Return the figures of a use case by epsilon of a training, and of silos alone."""
    chosen = use_case.find(name)
    chosen.prepare()
    found: dict[float | str, list[fairness.Figures]] = collections.defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="fairsilo-bench-") as folder:
        prepared = fairness.prepare(chosen, pathlib.Path(folder), SPANS[name])
        for seed in range(seeds):
            plan = chosen.settings.training.model_copy(update={"seed": seed})
            for epsilon, asked in ASKED.items():
                rate = plan.client_learning_rate * (FASTER if epsilon != "none" else 1)
                own = plan.model_copy(update={"client_learning_rate": rate})
                with tempfile.TemporaryDirectory(dir=folder) as place:
                    ledger = f"sqlite:///{place}/ledger"
                    more = {"privacy": asked, "ledger": ledger, "run_id": "bench"}
                    folders, seconds = fairness.train(prepared, own, place, **more)
                    report = fairness.compare(prepared, plan, folders, "none")
                figures = fairness.figures_of(prepared, report, BASE, seconds)
                found[epsilon].append(figures)
            found["alone"].append(fairness.figures_of(prepared, report, ALONE, None))
    by = {epsilon: fairness.row_of(many) for epsilon, many in found.items()}
    return [{"use_case": name, "epsilon": it, **row} for it, row in by.items()]
