"""Runs that ended, made by hand: three judged silos, and one with too few rows."""

from __future__ import annotations

import dataclasses

from components.errors import FairSiloError
from components.fairness_evaluator import decision
from components.fairness_evaluator.gate_settings import GateSettings
from components.payloads import table
from pipelines import summary
from pipelines.places import Places
from pipelines.runs.store import RunStore
from pipelines.summary import Gate, ModelFiles, Summary
from tests.components.fairness_evaluator.gates.evidence import OVERALL, THREE, silo

FIGURES = table.make_table(
    [OVERALL, *THREE, *silo("HA", 0.1, 0.0, 0.2, rows=20, positives=8)]
)
SILOS = ["9E", "AA", "F9", "HA"]
DIGEST = "d" * 64


def evaluated(
    places: Places,
    run_id: str,
    floor: float,
    *,
    gap: float = 0.2,
    use_case: str = "flights",
    waivers=(),
    figures=FIGURES,
    asked=None,
    served_digest=None,
    **more,
) -> Summary:
    """Record a run with its evaluation; silo F9 has AUC .612, .573 to .651.

    `asked` are more gates; `more` replaces fields of the decision.
    """
    both = {"silo_floor": {"at_least": floor}, "silo_gap": {"at_most": gap}}
    gates = GateSettings.model_validate(both | (asked or {}))
    decided = decision.decide(figures, SILOS, {}, gates, None, waivers)
    decided = dataclasses.replace(decided, **more)
    folders = {
        name: places.pipeline_root / "FairnessEvaluator" / name / run_id
        for name in ("evaluation", "blessing")
    }
    for folder in folders.values():
        folder.mkdir(parents=True)
    figures.write(folders["evaluation"])
    decided.write(folders["blessing"])
    ended = Summary(
        run_id,
        use_case,
        "2013-05",
        summary.BLESSED if decided.blessed else summary.NOT_BLESSED,
        reasons=tuple(decided.reasons),
        gates=tuple(
            Gate(g.gate, g.passed, g.waived, g.waiver.by if g.waiver else None)
            for g in decided.gates
        ),
        model=ModelFiles(digest=DIGEST, served_digest=served_digest),
        evaluation=str(folders["evaluation"]),
        blessing=str(folders["blessing"]),
    )
    RunStore("", use_case, places.output).finish(ended)
    return ended


def failed(places: Places, run_id: str, **more) -> Summary:
    """Record a run that came to no evaluation."""
    started = summary.of_start(run_id, "flights", "2013-05")
    ended = summary.of_failure(started, FairSiloError("the disk is full"), {})
    ended = dataclasses.replace(ended, **more)
    RunStore("", "flights", places.output).finish(ended)
    return ended


def stored(url: str, ended: Summary) -> None:
    """Put a recorded run into a cluster's store."""
    RunStore(url, ended.use_case).finish(ended)
