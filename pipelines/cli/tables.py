"""Tables for people: silos of a run, seconds by node, runs."""

from __future__ import annotations

import rich.table
import rich.text

from components.payloads import findings
from pipelines.summary import FAILED, RUNNING, STOPPED, Summary

MAX_NAME = 40


def short(name: str) -> str:
    """Return a name for a table, shortened in its middle where it is long."""
    return name if len(name) <= MAX_NAME else f"{name[:24]}…{name[-15:]}"


def plain() -> rich.table.Table:
    """Return a table without lines."""
    return rich.table.Table(box=None, pad_edge=False, header_style="bold")


def silos(summary: Summary) -> rich.table.Table:
    """Return a run's silos: rows, admitted or why not, AUC with its interval."""
    table = plain()
    table.add_column("silo")
    table.add_column("train rows", justify="right")
    table.add_column("eval rows", justify="right")
    table.add_column("admitted, or why not", max_width=60, overflow="fold")
    table.add_column("AUC (95 % interval)", justify="right", no_wrap=True)
    for item in summary.silos:
        why = "; ".join(findings.sentences(item.reasons))
        table.add_row(
            rich.text.Text(short(item.silo)),
            f"{item.rows_train:,}",
            f"{item.rows_eval:,}",
            rich.text.Text("yes" if item.admitted else why),
            auc(item.auc, item.auc_low, item.auc_high),
        )
    return table


def auc(
    value: float | None, low: float | None = None, high: float | None = None
) -> str:
    """Return an AUC with its interval, or a dash where there is none."""
    if value is None:
        return "-"
    if low is None or high is None:
        return f"{value:.3f}"
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def seconds(summary: Summary) -> rich.table.Table:
    """Return a run's seconds by node."""
    table = plain()
    table.add_column("node")
    table.add_column("seconds", justify="right")
    for node, spent in summary.seconds.items():
        table.add_row(node, f"{spent:.1f}")
    table.add_row("all", f"{sum(summary.seconds.values()):.1f}")
    return table


def outcome(summary: Summary) -> list[str]:
    """Return what a run came to, a line each; none for what it did not come to."""
    lines: list[str] = []
    if summary.status not in {FAILED, STOPPED, RUNNING}:
        after, scored = summary.metrics.auc_next_span, summary.predictions
        following = "" if after is None else f", {after:.3f} on the following span"
        lines = [
            f"AUC {auc(summary.metrics.auc)} on held-out rows{following}",
            f"{scored.rows:,} rows scored, {scored.dead_letters:,} dead letters",
            f"model {summary.model.saved_model or 'none'}",
        ]
    lines += missing_columns(summary.missing_columns)
    lines += [
        f"no feature: column `{one.column}` {one.reason}"
        for one in summary.unused_columns
        if not one.chosen
    ]
    if summary.dashboard:
        lines.append(f"page  {summary.dashboard}")
    return lines


def missing_columns(columns: dict[str, list[str]]) -> list[str]:
    """Return a line for each silo that was scored without columns of the model."""
    return [
        f"silo `{silo}`: scored without {', '.join(f'`{name}`' for name in names)}, "
        "which the model uses and its rows don't have: each counts as missing"
        for silo, names in columns.items()
    ]


def runs(summaries: list[Summary]) -> rich.table.Table:
    """Return the log of decisions: the runs of a use case, oldest first."""
    table = plain()
    for name in ("run", "span", "status", "AUC", "worst silo", "against"):
        wraps = name in {"status", "worst silo"}
        table.add_column(name, overflow="fold", no_wrap=not wraps)
    for summary in summaries:
        worst, baseline = summary.worst_silo, summary.baseline
        table.add_row(
            summary.run_id,
            summary.span or "-",
            rich.text.Text(summary.outcome),
            auc(summary.metrics.auc),
            rich.text.Text(f"{short(worst.silo)} {auc(worst.auc)}" if worst else "-"),
            (baseline.span or baseline.digest[:12]) if baseline else "-",
        )
    return table


def reasons(summaries: list[Summary]) -> list[str]:
    """Return a line for each run that was refused or waived, oldest first."""
    found = []
    for summary in summaries:
        gates = ", ".join(
            f"{gate.gate}{' (waived)' if gate.waived else ''}"
            for gate in summary.refused
        )
        if gates or summary.reasons:
            parts = filter(None, [gates, *summary.reasons[:1]])
            found.append(": ".join([summary.run_id, *parts]))
    return found
