"""Runs that ended, made by hand: three judged silos, and one with too few rows."""

from __future__ import annotations

import pathlib
import shutil

from components.dashboard.silo.page import FOLDER
from components.errors import FairSiloError
from components.fairness_evaluator import decision
from components.fairness_evaluator.gate_settings import GateSettings
from components.payloads import table
from components.payloads.decision import Decision
from pipelines import summary
from pipelines.past_runs import silo_pages
from pipelines.places import Places
from pipelines.run_store import RunStore
from tests.components.fairness_evaluator.gates.evidence import OVERALL, THREE, silo

FIGURES = table.of([OVERALL, *THREE, *silo("HA", 0.1, 0.0, 0.2, rows=20, positives=8)])
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
) -> summary.Summary:
    """Write a run with its evaluation; silo F9 has AUC .612, .573 to .651."""
    gates = GateSettings(silo_floor={"at_least": floor}, silo_gap={"at_most": gap})
    decided = decision.decide(FIGURES, SILOS, {}, gates, None, waivers)
    folders = {
        name: places.pipeline_root / "FairnessEvaluator" / name / run_id
        for name in ("evaluation", "blessing")
    }
    for folder in folders.values():
        folder.mkdir(parents=True)
    FIGURES.write(folders["evaluation"])
    decided.write(folders["blessing"])
    told = {
        **summary.of_failure(run_id, use_case, "2013-05", FairSiloError(""), {}),
        "status": summary.BLESSED if decided.blessed else summary.NOT_BLESSED,
        "reasons": list(decided.reasons),
        "gates": [
            {"gate": gate.gate, "passed": gate.passed, "waived": gate.waived}
            for gate in decided.gates
        ],
        **{name: str(folder) for name, folder in folders.items()},
    }
    told["model"] = {**told["model"], "digest": DIGEST}
    summary.write(told, places)
    return told


def failed(places: Places, run_id: str) -> summary.Summary:
    """Write a run that came to no evaluation."""
    error = FairSiloError("the disk is full")
    told = summary.of_failure(run_id, "flights", "2013-05", error, {})
    summary.write(told, places)
    return told


def stored(url: str, told: summary.Summary) -> None:
    """Put a written run into a cluster's store, with all that it left."""
    documents: dict[str, bytes] = {}
    if told["evaluation"]:
        documents = {
            "table": pathlib.Path(told["evaluation"], table.PARQUET).read_bytes(),
            "decision": pathlib.Path(told["blessing"], Decision.FILE_NAME).read_bytes(),
        }
    page = None
    if told["dashboard"]:
        path = pathlib.Path(told["dashboard"])
        page = path.read_bytes()
        documents["silo_pages"] = silo_pages.pack(path.parent / FOLDER)
    RunStore(url, told["use_case"]).finish(told, page, **documents)


def stored_alone(url: str, told: summary.Summary) -> None:
    """Put a run into a cluster's store, as one that has lost what it left."""
    RunStore(url, told["use_case"]).finish(told, None)


def clear(told: summary.Summary) -> None:
    """Clear away what a written run left, but not its summary."""
    for path in (told["evaluation"], told["blessing"]):
        shutil.rmtree(path)
    shutil.rmtree(pathlib.Path(told["dashboard"]).parent)
