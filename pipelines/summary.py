"""The summary of a run: the one object that scripts read, kept as `summary.json`.

Built from the nodes' payloads, so a cached node tells as much as one that ran.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import pathlib
import uuid
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from components.payloads import (
    egress,
    ledger,
    manifest,
    pushed_model,
    table,
)
from components.payloads.cohort import Cohort
from components.payloads.decision import Decision
from components.payloads.ledger import Ledger
from components.payloads.manifest import Manifest
from components.payloads.model_run import RunRecord
from components.payloads.table import Figure
from components.payloads.unused_columns import UnusedColumns
from components.scoring import model
from pipelines import faults
from pipelines.places import Places
from pipelines.runners.result import NodeResult

logger = logging.getLogger(__name__)

FILE_NAME = "summary.json"

BLESSED = "blessed"
NOT_BLESSED = "not_blessed"
BELOW_QUORUM = "below_quorum"
INCOMPLETE = "incomplete"  # blessed, but some silo was not trained or not scored
FAILED = "failed"
STOPPED = "stopped"  # by Ctrl-C
EXIT_STATUS = {
    BLESSED: 0,
    FAILED: 1,
    BELOW_QUORUM: 3,
    NOT_BLESSED: 4,
    INCOMPLETE: 5,
    STOPPED: 130,
}

Summary = dict[str, Any]


def of_run(
    run_id: str, use_case: str, places: Places, nodes: Mapping[str, NodeResult]
) -> Summary:
    """Return the summary of a run that came to its end.

    Args:
        run_id: Name of the run.
        use_case: Name of the use case.
        places: Where it wrote.
        nodes: What its nodes gave.
    """
    examples = nodes["SiloExampleGen"].outputs["examples"]
    model_folder = nodes["FederatedTrainer"].outputs["model"]
    listed = Manifest.read(examples)
    members = Cohort.read(nodes["SiloValidator"].outputs["cohort"])
    evaluated = nodes["FairnessEvaluator"].outputs
    verdict = Decision.read(evaluated["blessing"])
    scored = Ledger.read(nodes["BatchInferrer"].outputs["inference_result"])
    figures = table.read(evaluated["evaluation"])
    status = BLESSED if verdict.blessed else NOT_BLESSED
    reasons = list(verdict.reasons)
    if members.refusal:
        status, reasons = BELOW_QUORUM, [members.refusal]
    unscored = scored.unscored
    untrained = RunRecord.read(
        nodes["FederatedTrainer"].outputs["model_run"]
    ).untrained(members.admitted)
    reasons += [f"not scored: {one.reason}" for one in unscored]
    reasons += [f"not trained: {one.reason}" for one in untrained]
    if status == BLESSED and scored.status == ledger.SKIPPED:
        reasons.append(f"nothing was scored: {scored.reason}")
    if status == BLESSED and len(reasons) > len(verdict.reasons):
        status = INCOMPLETE
    pushed = nodes["Pusher"].outputs["pushed_model"]
    reasons += filter(None, [pushed_model.why_held_back(pushed)])
    left = _left(nodes)
    entries = {entry.silo.id: entry for entry in listed}
    by_silo = {figure.silo: figure for figure in figures.by_silo("auc")}
    judged = _judged(verdict, by_silo)
    silos = []
    for member in members.members:
        auc = by_silo.get(member.silo)
        silos.append(
            {
                "silo": member.silo,
                "rows_train": entries[member.silo].rows(manifest.TRAIN),
                "rows_eval": entries[member.silo].rows(manifest.EVAL),
                "admitted": member.admitted,
                "reasons": [dataclasses.asdict(one) for one in member.reasons],
                "notes": [dataclasses.asdict(one) for one in member.notes],
                "judged": member.silo in judged,
                "auc": auc.value if auc else None,
                "auc_low": auc.low if auc else None,
                "auc_high": auc.high if auc else None,
                "left": left.get(member.silo, []),
            }
        )
    overall = figures.metric("auc")
    following = figures.metric("auc", split=manifest.NEXT)
    digest = model.read_card(model_folder).digest
    return {
        "run_id": run_id,
        "use_case": use_case,
        "span": listed.span,
        "status": status,
        "reasons": reasons,
        "metrics": {
            "auc": overall.value if overall else None,
            "auc_next_span": following.value if following else None,
        },
        "gates": [
            {
                "gate": gate.gate,
                "passed": gate.passed,
                "waived": gate.waived,
                "waived_by": gate.waiver.by if gate.waiver and gate.waived else None,
            }
            for gate in verdict.gates
        ],
        "baseline": _baseline(verdict),
        **_spread(judged),
        "silos": silos,
        "unused_columns": [
            dataclasses.asdict(one)
            for one in UnusedColumns.read(
                nodes["FeatureSpecGen"].outputs["feature_spec"]
            ).columns
        ],
        "unscored": [dataclasses.asdict(one) for one in unscored],
        "untrained": [dataclasses.asdict(one) for one in untrained],
        "without": scored.without,
        "evaluation": str(evaluated["evaluation"]),
        "blessing": str(evaluated["blessing"]),
        "pushed": pushed_model.is_pushed(pushed),
        "model": {
            "saved_model": str(model.serving_path(model_folder)) if digest else None,
            "tflite": str(model_folder / model.TFLITE) if digest else None,
            "digest": digest or None,
        },
        "predictions": {
            "path": str(places.homes) if scored.rows else None,
            "rows": scored.rows,
            "dead_letters": scored.dead_letters,
        },
        "dashboard": str(nodes["Dashboard"].outputs["dashboard"] / "index.html"),
        "seconds": _seconds(nodes),
    }


def of_failure(
    run_id: str,
    use_case: str,
    span: str,
    error: BaseException,
    nodes: Mapping[str, NodeResult],
) -> Summary:
    """Return the summary of a run that a fault or Ctrl-C ended."""
    stopped = not isinstance(error, Exception)
    text = "stopped by Ctrl-C; the next run goes on from there"
    if isinstance(error, Exception):
        # In a line, since reasons have no hints of their own.
        text = " ".join(str(faults.in_words(error)).split())
    return {
        "run_id": run_id,
        "use_case": use_case,
        "span": span,
        "status": STOPPED if stopped else FAILED,
        "reasons": [text],
        "metrics": {"auc": None, "auc_next_span": None},
        "gates": [],
        "baseline": None,
        "worst_silo": None,
        "gap": None,
        "silos": [],
        "unused_columns": [],
        "unscored": [],
        "untrained": [],
        "without": {},
        "evaluation": None,
        "blessing": None,
        "pushed": False,
        "model": {"saved_model": None, "tflite": None, "digest": None},
        "predictions": {"path": None, "rows": 0, "dead_letters": 0},
        "dashboard": None,
        "seconds": _seconds(nodes),
    }


def words(summary: Summary) -> str:
    """Return how a run ended: `blessed, 2 gates waived by A. Reviewer`.

    Args:
        summary: The run's; one of an earlier version doesn't tell who waived.
    """
    status = summary["status"].replace("_", " ")
    said = f"blessed, {status}" if status == INCOMPLETE else status
    return ", ".join(filter(None, [said, waived(summary)]))


def is_blessed(summary: Summary) -> bool:
    """Return whether the run's model is blessed, be the run incomplete or not."""
    return summary["status"] in {BLESSED, INCOMPLETE}


def waived(summary: Summary) -> str:
    """Return what was waived so that a model is blessed; empty where nothing was."""
    gates = [gate for gate in summary.get("gates") or () if gate["waived"]]
    if not gates or not is_blessed(summary):
        return ""
    names = dict.fromkeys(gate.get("waived_by") for gate in gates)
    by = " and ".join(name for name in names if name)
    many = f"{len(gates)} gate{'s' if len(gates) > 1 else ''} waived"
    return f"{many} by {by}" if by else many


def heading(summary: Summary) -> str:
    """Return what names a run: use case and span, or its id where it has no span."""
    return f"{summary['use_case']} {summary['span'] or summary['run_id']}"


def write(summary: Summary, places: Places) -> pathlib.Path:
    """Write a summary into its run's folder and return the file."""
    path: pathlib.Path = places.runs / summary["run_id"] / FILE_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(summary, indent=1, ensure_ascii=False)
    unfinished = path.with_name(f".{uuid.uuid4().hex}")
    unfinished.write_text(text + "\n", encoding="utf-8")
    unfinished.replace(path)
    return path


def read_all(places: Places) -> list[Summary]:
    """Return the summaries of all runs, oldest first; damaged ones are left out."""
    found = map(_read, sorted(places.runs.glob(f"*/{FILE_NAME}")))
    return [summary for summary in found if summary is not None]


def _read(path: pathlib.Path) -> Summary | None:
    try:
        summary: Summary = json.loads(path.read_text(encoding="utf-8"))
        if {"run_id", "use_case", "span", "status"} <= summary.keys():
            return summary
        reason = "no run's summary"
    except (OSError, ValueError, AttributeError) as error:
        reason = f"a file that can't be read ({error})"
    logger.warning(
        "%s: found %s, so this run is left out; run its span again, or delete the file",
        path,
        reason,
    )
    return None


def _baseline(verdict: Decision) -> Summary | None:
    found = verdict.baseline
    return {"span": found.span, "digest": found.digest} if found else None


def _judged(verdict: Decision, by_silo: Mapping[str, Figure]) -> dict[str, float]:
    """Return the AUC of each silo that the gates judged, sorted by id."""
    unjudged = {item.silo for item in verdict.not_judged}
    return {
        silo: figure.value
        for silo, figure in sorted(by_silo.items())
        if silo not in unjudged and figure.value is not None
    }


def _spread(judged: Mapping[str, float]) -> Summary:
    """Return the worst judged silo, and how far the best lies above it."""
    if not judged:
        return {"worst_silo": None, "gap": None}
    worst = min(judged, key=lambda silo: judged[silo])
    return {
        "worst_silo": {"silo": worst, "auc": judged[worst]},
        "gap": max(judged.values()) - judged[worst],
    }


def _seconds(nodes: Mapping[str, NodeResult]) -> dict[str, float]:
    return {name: round(node.seconds, 2) for name, node in nodes.items()}


def _left(nodes: Mapping[str, NodeResult]) -> dict[str, list[dict[str, Any]]]:
    """Add up what left each silo, by kind, over all nodes."""
    totals: dict[str, dict[str, list[int]]] = defaultdict(dict)
    folders = {folder for node in nodes.values() for folder in node.outputs.values()}
    for folder in sorted(folders):
        for silo, items in egress.read(folder).items():
            for item in items:
                total = totals[silo].setdefault(item.kind, [0, 0])
                total[0] += item.count
                total[1] += item.bytes
    return {
        silo: [
            {
                "kind": kind,
                "count": totals[silo][kind][0],
                "bytes": totals[silo][kind][1],
            }
            for kind in egress.KINDS
            if kind in totals[silo]
        ]
        for silo in totals
    }
