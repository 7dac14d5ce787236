"""FairnessEvaluator: blessed or not, with every reason, and the AUC of each silo."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

from components.dashboard import formats
from components.dashboard.run.key_figures import KeyFigure
from components.dashboard.scores import RANKED_BY, Cell, Question, Scores, of_table
from components.payloads import table
from components.payloads.decision import Decision, GateResult
from components.payloads.manifest import NEXT
from components.payloads.table import BASELINE
from pipelines.runners.result import NodeResult
from pipelines.runners.step_reports import outputs, silo_auc, slice_tables
from pipelines.runners.step_reports.content import (
    Column,
    Content,
    Mark,
    Metric,
    Table,
)
from pipelines.runners.step_reports.silo_auc import SiloAucs
from pipelines.runners.step_reports.slice_tables import SliceTable

NODE = "FairnessEvaluator"
GATE_COLUMNS = (
    Column("Gate"),
    Column("Result"),
    Column("What was found", "sentence"),
)
YES, NO = "yes", "no"
TOTAL = Question(RANKED_BY)
OF_BASELINE = Question(RANKED_BY, model=BASELINE)
FOLLOWING = Question(RANKED_BY, split=NEXT)


def find(nodes: Mapping[str, NodeResult]) -> Decision | None:
    """Read the decision of a run; None where it is not there."""
    return outputs.optional(nodes, NODE, "blessing", Decision.read)


def describe(nodes: Mapping[str, NodeResult]) -> Content:
    """Return what the step says.

    Raises:
        FairSiloError: An output of it is not there.
    """
    decided = outputs.required(nodes, NODE, "blessing", Decision.read)
    scores = outputs.required(nodes, NODE, "evaluation", _scores)
    silos = silo_auc.of_scores(scores, {item.silo for item in decided.not_judged})
    return Content(
        _verdict(decided, scores),
        "good" if decided.blessed else "bad",
        reasons=decided.reasons,
        figures=_figures(scores, silos) if len(scores) else (),
        tables=(
            _gates(decided),
            silos.table(),
            _not_judged(decided),
            *_groups(scores),
            _baseline(decided),
        ),
        metrics={
            "blessed": YES if decided.blessed else NO,
            **gate_metrics(
                {gate.gate: gate.waived for gate in decided.gates if not gate.passed}
            ),
            "AUC": _number(scores.ask(TOTAL)),
            **silos.metrics,
            "AUC on the following span": _number(scores.ask(FOLLOWING)),
            "AUC of the baseline": _number(scores.ask(OF_BASELINE)),
        },
    )


def gate_metrics(refused: Mapping[str, bool]) -> dict[str, Metric]:
    """Return the metrics that tell of the gates.

    Args:
        refused: Whether it was waived, by gate that refused.
    """
    return {
        "gates failed": ", ".join(gate for gate in refused if not refused[gate])
        or None,
        "gates waived": ", ".join(gate for gate in refused if refused[gate]) or None,
    }


def _verdict(decided: Decision, scores: Scores) -> str:
    if decided.blessed:
        waived = [gate.gate for gate in decided.gates if gate.waived]
        if waived:
            return f"Blessed: every gate passed but {', '.join(waived)}, waived"
        return "Blessed: every gate passed"
    if not len(scores):
        return "Not blessed: there was nothing to judge"
    return "Not blessed: this model does not go into service"


def _scores(folder: pathlib.Path) -> Scores:
    return of_table(table.read(folder))


def _number(cell: Cell | None) -> Metric:
    return cell.number if cell is not None and cell.is_number else None


def _figures(scores: Scores, silos: SiloAucs) -> tuple[KeyFigure, ...]:
    total, after = scores.ask(TOTAL), scores.ask(FOLLOWING)
    following = _between(after) or "its labels are not known"
    return (
        KeyFigure(
            "AUC", formats.cell(total), _compared(total, scores.ask(OF_BASELINE))
        ),
        *silos.key_figures,
        KeyFigure("AUC on the following span", formats.cell(after), following),
    )


def _between(cell: Cell | None) -> str:
    between = formats.interval(cell)
    return f"95 % interval: {between}" if between else ""


def _compared(total: Cell | None, before: Cell | None) -> str:
    parts = [_between(total)]
    now, then = _number(total), _number(before)
    if isinstance(now, float) and isinstance(then, float):
        parts.append(f"{formats.signed(now - then)} against the baseline")
    return "; ".join(filter(None, parts))


def _gates(decided: Decision) -> Table:
    gates = sorted(decided.gates, key=lambda gate: (gate.passed, gate.waived))
    rows = tuple((gate.gate, _mark(gate), gate.sentence) for gate in gates)
    return Table("Gates", GATE_COLUMNS, rows)


def _mark(gate: GateResult) -> Mark:
    if gate.passed:
        return Mark(True, "passed")
    if gate.waiver:
        waiver = gate.waiver
        answers = f"by {waiver.by} until {waiver.until}: {waiver.reason}"
        return Mark(False, "waived", (answers,))
    return Mark(False, "failed", tuple(filter(None, (gate.hint,))))


def _not_judged(decided: Decision) -> Table:
    columns = (Column("Silo"), Column("Why", "sentence"))
    rows = tuple((item.silo, item.reason) for item in decided.not_judged)
    return Table("Silos that no gate judged", columns, rows)


def _groups(scores: Scores) -> list[Table]:
    """Return the groups over all silos; those inside silos are the dashboard's."""
    found = slice_tables.slice_tables(scores, max_rows=1000)
    return [_group_table(item) for item in found if not item.by_silo]


def _group_table(found: SliceTable) -> Table:
    return Table(
        found.title,
        (
            Column("Group"),
            Column("Column"),
            Column("AUC", "number"),
            Column("95 % interval", "number"),
            Column("Baseline", "number"),
        ),
        tuple(
            (
                row.of.group,
                row.of.column,
                formats.cell(row.auc),
                formats.interval(row.auc),
                formats.cell(row.baseline) if row.baseline else "",
            )
            for row in found.rows
        ),
        "Worst AUC first; groups with too few rows have no number.",
    )


def _baseline(decided: Decision) -> Table:
    columns = (Column("Span"), Column("Digest of the model"))
    found = decided.baseline
    rows = ((found.span or formats.NONE, found.digest),) if found else ()
    return Table(
        "The baseline: the latest blessed model of an earlier span", columns, rows
    )
