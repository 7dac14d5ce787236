"""The run as a whole: its decision, from the summary that is kept of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.dashboard import formats
from components.dashboard.run.key_figures import KeyFigure
from components.dashboard.scores import Cell
from components.payloads import findings
from components.payloads.egress import KINDS
from pipelines import summary
from pipelines.runners.step_reports import silo_auc
from pipelines.runners.step_reports.content import (
    Column,
    Content,
    Mark,
    Mood,
    Table,
    facts,
)
from pipelines.runners.step_reports.fairness import NO, YES, gate_metrics
from pipelines.runners.step_reports.silo_auc import SiloAuc, SiloAucs
from pipelines.summary import Summary

VERDICTS: dict[str, tuple[str, Mood]] = {
    summary.BLESSED: ("Blessed: the model went into service", "good"),
    summary.INCOMPLETE: (
        "Blessed and in service, incomplete: some silo was not trained or not scored",
        "bad",
    ),
    summary.NOT_BLESSED: (
        "Not blessed: whatever is in service stays in service",
        "bad",
    ),
    summary.BELOW_QUORUM: ("Nothing was trained: too few silos were admitted", "bad"),
    summary.FAILED: ("The run failed", "bad"),
}


def describe(told: Summary) -> Content:
    """Return what the last steps say.

    Args:
        told: The run's summary.
    """
    status = told.status
    verdict, mood = VERDICTS.get(status, (f"The run is {status}", "plain"))
    if told.is_blessed and not told.pushed:
        verdict = "Blessed, not put into service: a model of a later span is blessed"
        mood = "plain" if status == summary.BLESSED else "bad"
    if waived := told.waivers:
        verdict = verdict.replace("Blessed", f"Blessed, {waived}", 1)
    silos = _aucs(told.silos)
    return Content(
        verdict,
        mood,
        reasons=told.reasons,
        figures=_figures(told, silos) if told.silos else (),
        tables=(
            _gates(told.gates),
            _quarantined(told.silos),
            silos.table(),
            _places(told),
            _seconds(told.seconds),
            _left(told.silos),
        ),
        metrics={
            "status": status,
            "blessed": YES if told.is_blessed else NO,
            **gate_metrics({gate.gate: gate.waived for gate in told.refused}),
            "AUC": told.metrics.auc,
            **silos.metrics,
            "AUC on the following span": told.metrics.auc_next_span,
            "silos admitted": _num_admitted(told),
            "rows scored": told.predictions.rows,
            "dead letters": told.predictions.dead_letters,
        },
    )


def _num_admitted(told: Summary) -> int:
    return sum(item.admitted for item in told.silos)


def _figures(told: Summary, silos: SiloAucs) -> tuple[KeyFigure, ...]:
    auc, following = told.metrics.auc, told.metrics.auc_next_span
    of_all = f"of {formats.count(len(told.silos))}"
    return (
        KeyFigure("AUC", formats.metric(auc)),
        *silos.key_figures,
        KeyFigure("AUC on the following span", formats.metric(following)),
        KeyFigure("Silos admitted", f"{formats.count(_num_admitted(told))} {of_all}"),
        KeyFigure("Rows scored", formats.count(told.predictions.rows)),
    )


def _aucs(silos: Sequence[summary.Silo]) -> SiloAucs:
    return silo_auc.of_lines(
        [
            SiloAuc(
                item.silo,
                item.judged,
                Cell(
                    item.auc,
                    item.auc_low,
                    item.auc_high,
                    item.rows_eval,
                    "",
                )
                if item.auc is not None
                else None,
            )
            for item in silos
        ]
    )


def _gates(gates: Sequence[summary.Gate]) -> Table:
    rows = []
    for gate in sorted(gates, key=lambda gate: (gate.passed, gate.waived)):
        word = "waived" if gate.waived else "failed"
        mark = Mark(True, "passed") if gate.passed else Mark(False, word)
        rows.append((gate.gate, mark))
    note = "What each found stands on the page of FairnessEvaluator."
    return Table("Gates", (Column("Gate"), Column("Result")), tuple(rows), note)


def _quarantined(silos: Sequence[summary.Silo]) -> Table:
    rows = tuple(
        (item.silo, Mark(False, "not admitted", _reasons(item)))
        for item in silos
        if not item.admitted
    )
    columns = (Column("Silo"), Column("Why", "sentence"))
    return Table("Silos that were not admitted", columns, rows)


def _reasons(silo: summary.Silo) -> tuple[str, ...]:
    return findings.sentences(silo.reasons)


def _left(silos: Sequence[summary.Silo]) -> Table:
    columns = (Column("Silo"), *(Column(kind.capitalize(), "number") for kind in KINDS))
    rows = []
    for item in silos:
        of_kind = {left.kind: left for left in item.left}
        if not of_kind:
            continue
        cells = [
            f"{formats.count(left.count)} ({formats.size(left.bytes)})"
            if (left := of_kind.get(kind))
            else ""
            for kind in KINDS
        ]
        rows.append((item.silo, *cells))
    note = "Nothing but these kinds: never a row, never a score with a row's name."
    return Table("What left the silos", columns, tuple(rows), note)


def _places(told: Summary) -> Table:
    values = {
        "Model": told.model.saved_model,
        "Digest of the model": told.model.digest,
        "Model for TFLite": told.model.tflite,
        "Predictions, below": told.predictions.path,
        "Dashboard": told.dashboard,
    }
    return facts("Where things are", {k: v for k, v in values.items() if v})


def _seconds(seconds: Mapping[str, float]) -> Table:
    rows = tuple((node, f"{value:,.1f}") for node, value in seconds.items())
    columns = (Column("Step"), Column("Seconds", "number"))
    return Table("How long the steps took", columns, rows)
