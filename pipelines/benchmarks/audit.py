"""Measures whom the audit accuses: the innocent, and riders of each kind.

Worlds of `audit_worlds.py` go through the pipeline's own functions: validation,
training over real workers with hostile ones among them, SiloBenchmark, and the audit.
Counted are silos in one run each.
"""

from __future__ import annotations

import contextlib
import json
import logging
import pathlib
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import pandas as pd

from components.federation.plan import TrainingPlan
from components.federation.workers import Workers
from components.payloads.benefit import BenefitReport
from components.payloads.cohort import Member
from components.payloads.contribution import (
    CONTRIBUTES,
    RIDES,
    UNKNOWN,
    ContributionReport,
    SiloContribution,
)
from components.payloads.manifest import TRAIN
from components.payloads.model_run import RunRecord
from pipelines.benchmarks import audit_worlds, fairness, hostile_worker
from pipelines.benchmarks.audit_worlds import HARD, KINDS, World
from pipelines.benchmarks.fairness import Prepared

logger = logging.getLogger(__name__)

RIDERS = (0, 1, 3, 8)
RECALL = 0.95
SERIES = ("update_norm", "cosine", "echo", "repeat", "twin")  # by round

Row: TypeAlias = dict[str, Any]

COUNTS: dict[str, Callable[[Row], bool]] = {
    "silo-runs": lambda _: True,
    "quarantined": lambda row: not row["admitted"],
    "noted by validation": lambda row: bool(row["validation_notes"]),
    "hard sign": lambda row: bool(row["signs"]),
    "noted by audit": lambda row: bool(row["audit_notes"]),
    "rider": lambda row: bool(row["verdict"] == RIDES),
    "contributes": lambda row: bool(row["verdict"] == CONTRIBUTES),
    "can't tell": lambda row: row["admitted"] and bool(row["verdict"] == UNKNOWN),
}


def bench_audit(
    seeds: int = 5, source: str = "", riders: int = -1, rows: str = "", first: int = 0
) -> dict[str, Any]:
    """Return whom the audit accuses, and what it costs.

    Args:
        seeds: Worlds of each source and number of riders, from the seed `first`.
        source: One of `audit_worlds.SOURCES`; all when empty.
        riders: How many a world has; each of `RIDERS` when negative.
        rows: File for all that was measured of each silo, as JSON; none when empty.
        first: Thresholds were chosen on census with the seeds 0 to 4.

    Returns:
        `clean`: silo-runs without a fault by source, counted by `COUNTS`, and `kinds`:
        those with one; `cost`: mean seconds, and the audit's share of the training's;
        `hard`: the share of silos of `HARD` kinds that validation stopped, or that have
        a hard sign; `passed`: whether it is `RECALL`, and nobody innocent has a sign.
    """
    found: list[Row] = []
    costs: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="fairsilo-bench-") as folder:
        for name in [source] if source else audit_worlds.SOURCES:
            for seed in range(first, first + seeds):
                if seed == first or name == audit_worlds.SYNTHETIC:  # else the same
                    place = pathlib.Path(folder, f"{name}-{seed}")
                    prepared = audit_worlds.prepare(name, seed, place)
                for number in RIDERS if riders < 0 else [riders]:
                    world = audit_worlds.draw(prepared, seed, number)
                    told, seconds = run_world(prepared, world)
                    costs.append({"source": name, **seconds})
                    found += [{"source": name, **row} for row in told]
                    logger.info("%s seed=%d riders=%d: %s", name, *world[:2], seconds)
                    if rows:
                        pathlib.Path(rows).write_text(json.dumps(found), "utf-8")
    return summary(found, costs)


def run_world(prepared: Prepared, world: World) -> tuple[list[Row], dict[str, float]]:
    """Validate, train, compare and audit a world.

    Returns what was found of each silo, and the seconds of the rounds alone, of the
    trainer's node with the start of the workers, of SiloBenchmark and of the audit.
    """
    ready = audit_worlds.plant(prepared, world)
    settings = ready.chosen.settings
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="fairsilo-"))
        folder = pathlib.Path(place)
        workers = stack.enter_context(Workers(folder / "workers"))
        silos = [ready.manifest[silo].silo for silo in ready.cohort.admitted]
        workers.launch(silos)
        real = {silo.id: workers.address(silo) for silo in silos}
        riders = audit_worlds.riders(
            world, [*real], settings.training.rounds, folder / "lent"
        )
        addresses = stack.enter_context(hostile_worker.started(riders, real))
        registry = folder / "silos.json"
        registry.write_text(json.dumps(addresses), encoding="utf-8")
        plan = settings.training.model_copy(
            update={"seed": world.seed, "silo_registry": str(registry)}
        )
        folders, rounds_s = fairness.train(ready, plan, place)
        trained = time.monotonic()
        benefit = fairness.compare(ready, plan, folders, settings.personal.method)
        compared = time.monotonic()
        report = _audit(ready, plan, folders[1], benefit)
        ended = time.monotonic()
        run = RunRecord.read(folders[1])
    seconds = {
        "rounds": rounds_s,
        "trainer": trained - began,
        "benchmark": compared - trained,
        "audit": ended - compared,
    }
    return [_row(world, one, run, report) for one in ready.cohort.members], seconds


def _audit(
    ready: Prepared, plan: TrainingPlan, model_run: pathlib.Path, benefit: BenefitReport
) -> ContributionReport:
    """Return the audit's report, as if each silo had had a sign in an earlier one.

    So a verdict rests on this audit alone, and falls sooner than in a real second one.
    """
    from components.contribution_auditor import auditor
    from components.contribution_auditor.earlier import Found

    before = Found("an earlier run", ("zero", "replay", "copy", "repeated_rows"))

    settings = ready.chosen.settings
    request = auditor.Request(
        settings=settings.audit,
        plan=plan,
        min_rows=settings.evaluation.min_slice_rows,
        appeals={},
        earlier={silo: [before] for silo in ready.cohort.admitted},
        model_run=model_run,
        benefit=benefit,
        **ready.arguments,
    )
    return auditor.run(request)[0]


def _row(
    world: World, member: Member, run: RunRecord, report: ContributionReport
) -> Row:
    judged = report.get(member.silo) or SiloContribution(member.silo)
    rounds = [o for each in run.rounds for o in each.silos if o.silo == member.silo]
    return {
        **{"seed": world.seed, "riders": world.riders, "silo": member.silo},
        "kind": world.kinds.get(member.silo, ""),
        "rows": member.rows.get(TRAIN, 0),
        "admitted": member.admitted,
        "reasons": [finding.sentence for finding in member.reasons],
        "validation_notes": [finding.sentence for finding in member.notes],
        **{name: [getattr(one, name) for one in rounds] for name in SERIES},
        "verdict": judged.verdict,
        "reason": judged.reason,
        "signs": [sign.kind for sign in judged.signs],
        "audit_notes": [finding.sentence for finding in judged.notes],
        "measures": judged.measures,
        "gain": judged.gain,
        "contribution": judged.contribution,
        "helped": len(judged.helped),
        "hurt": len(judged.hurt),
    }


def summary(found: Sequence[Row], costs: Sequence[Row]) -> dict[str, Any]:
    """Return what `bench_audit` does, from what was found of each silo."""
    counts = pd.DataFrame(
        [{name: int(test(row)) for name, test in COUNTS.items()} for row in found]
    )
    kinds = pd.Series([row["kind"] for row in found])
    kinds = kinds.astype(pd.CategoricalDtype(KINDS)).rename("kind")  # else missing
    sources = pd.Series([row["source"] for row in found]).rename("source")
    is_hard, is_clean = kinds.isin(HARD), kinds.isna()
    caught = (counts["hard sign"] | counts["quarantined"])[is_hard].sum()
    cost = pd.DataFrame(costs).groupby("source", sort=False)
    mean = cost.mean().round(2)
    mean.insert(0, "worlds", cost.size())
    for whole in ("rounds", "trainer"):
        mean[f"audit of {whole}"] = (cost["audit"].sum() / cost[whole].sum()).round(3)
    return {
        "clean": _records(counts[is_clean].groupby(sources, sort=False).sum()),
        "kinds": _records(counts.groupby(kinds, observed=True).sum()),
        "cost": _records(mean),
        "hard": f"{caught} of {is_hard.sum()}",
        "passed": bool(
            caught >= RECALL * is_hard.sum() and not counts["hard sign"][is_clean].any()
        ),
    }


def _records(table: pd.DataFrame) -> list[Row]:
    """Return the rows of a table, with the names of groups first."""
    records: list[Row] = table.reset_index().to_dict("records")
    return records
