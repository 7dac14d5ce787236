"""Tables for people: silos of a run, seconds by node, runs."""

from __future__ import annotations

from typing import Any

import rich.console
import rich.table
import rich.text

from components.silos import findings
from pipelines.summary import Summary


def silos(summary: Summary) -> rich.table.Table:
    """Return a run's silos: rows, admitted or why not, AUC with its interval."""
    table = rich.table.Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("silo")
    table.add_column("train rows", justify="right")
    table.add_column("eval rows", justify="right")
    table.add_column("admitted, or why not", max_width=60, overflow="fold")
    table.add_column("AUC (95 % interval)", justify="right", no_wrap=True)
    for item in summary["silos"]:
        table.add_row(
            rich.text.Text(item["silo"]),
            f"{item['rows_train']:,}",
            f"{item['rows_eval']:,}",
            rich.text.Text("yes" if item["admitted"] else "; ".join(why(item))),
            auc(item["auc"], item["auc_low"], item["auc_high"]),
        )
    return table


def why(silo: dict[str, Any]) -> tuple[str, ...]:
    """Return why a silo of a summary was not admitted, each a sentence."""
    return findings.sentences(findings.all_of_json(silo["reasons"]))


def auc(value: float | None, low: float | None, high: float | None) -> str:
    """Return an AUC with its interval, or a dash where there is none."""
    if value is None:
        return "-"
    if low is None or high is None:
        return f"{value:.3f}"
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def seconds(summary: Summary) -> rich.table.Table:
    """Return a run's seconds by node."""
    table = rich.table.Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("node")
    table.add_column("seconds", justify="right")
    for node, spent in summary["seconds"].items():
        table.add_row(node, f"{spent:.1f}")
    table.add_row("all", f"{sum(summary['seconds'].values()):.1f}")
    return table


def runs(summaries: list[Summary]) -> rich.table.Table:
    """Return the log of decisions: the runs of a use case, oldest first."""
    table = rich.table.Table(box=None, pad_edge=False, header_style="bold")
    for name in ("run", "span", "status", "AUC", "worst silo", "against"):
        table.add_column(name, overflow="fold", no_wrap=name != "worst silo")
    for summary in summaries:
        # Runs of earlier versions tell less.
        worst = summary.get("worst_silo") or {"silo": "", "auc": None}
        table.add_row(
            summary["run_id"],
            summary["span"],
            summary["status"].replace("_", " "),
            auc(summary["metrics"]["auc"], None, None),
            rich.text.Text(f"{worst['silo']} {auc(worst['auc'], None, None)}".strip()),
            baseline(summary.get("baseline")),
        )
    return table


def reasons(summaries: list[Summary]) -> list[str]:
    """Return a line for each run that was refused or waived, oldest first."""
    found = []
    for summary in summaries:
        gates = refused(summary.get("gates", []))
        if gates or summary["reasons"]:
            parts = filter(None, [gates, *summary["reasons"][:1]])
            found.append(": ".join([summary["run_id"], *parts]))
    return found


def baseline(told: dict[str, Any] | None) -> str:
    """Return the model in service that a run was compared with."""
    return (told["span"] or told["digest"][:12]) if told else "-"


def refused(gates: list[dict[str, Any]]) -> str:
    """Return the gates that refused, and which of them were waived."""
    return ", ".join(
        f"{gate['gate']}{' (waived)' if gate['waived'] else ''}"
        for gate in gates
        if not gate["passed"]
    )
