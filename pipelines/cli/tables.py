"""Tables for people: silos of a run, seconds by node, runs."""

from __future__ import annotations

import rich.table
import rich.text

from components.dashboard.gains import Gains
from components.payloads import contribution, findings
from components.payloads.benefit import BASE
from components.payloads.interval import Interval
from components.payloads.ledger import Ledger
from components.payloads.predictions import in_words
from components.payloads.privacy import SiloPrivacy
from pipelines.cli import console
from pipelines.summary import FAILED, RUNNING, STOPPED, Summary

MAX_NAME = 40


def short(name: str) -> str:
    """Return a name for a table, shortened in its middle where it is long."""
    return name if len(name) <= MAX_NAME else f"{name[:24]}…{name[-15:]}"


def silos(summary: Summary) -> rich.table.Table:
    """Return a run's silos: rows, admitted or why not, AUC, what serves, the gain."""
    table = console.plain_table()
    table.add_column("silo", overflow="fold")
    table.add_column("train\nrows", justify="right")
    table.add_column("eval\nrows", justify="right")
    table.add_column("admitted,\nor why not", max_width=60, overflow="fold")
    table.add_column("AUC\n(95 % interval)", justify="right", no_wrap=True)
    table.add_column("served\nby", no_wrap=True)
    table.add_column("gain over\nalone", justify="right", no_wrap=True)
    told = []
    if any(item.gain for item in summary.silos):
        told.append("gain in AUC; ?: it may be chance")
    if spent := summary.privacy:
        table.add_column("epsilon\n(left)", justify="right", no_wrap=True)
        told.append("epsilon that the training cost, and what it left of the budget")
    if told:
        table.caption = "\n".join(told)
        table.caption_justify = "left"
    for item in summary.silos:
        why = "; ".join(findings.sentences(item.reasons))
        table.add_row(
            rich.text.Text(short(item.silo)),
            f"{item.rows_train:,}",
            f"{item.rows_eval:,}",
            rich.text.Text("yes" if item.admitted else why),
            auc(item.auc, item.auc_low, item.auc_high),
            item.served if summary.model.digest else "-",
            gain(item.gain) if item.gain else "-",
            *([epsilon(spent.get(item.silo))] if spent else []),
        )
    return table


def epsilon(found: SiloPrivacy | None) -> str:
    """Return what a training cost a silo, and what it left; a dash where nothing."""
    if found is None:
        return "-"
    cost = "-" if found.epsilon is None else f"{found.epsilon:.2f}"
    return f"{cost} ({found.balance.left:.2f})"


def gain(found: Interval) -> str:
    """Return a gain in AUC, with a question mark where it may be chance."""
    rounded = round(found.value, 3) + 0.0  # never -0.000
    return f"{rounded:+.3f}{'' if found.is_sure else '?'}"


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
    table = console.plain_table()
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
        counted = summary.verdicts
        following = "" if after is None else f", {after:.3f} on the following span"
        lines = [
            f"AUC {auc(summary.metrics.auc)} on held-out rows{following}",
            *gained(summary.benefit),
            *([f"silos: {contribution.in_words(counted)}"] if counted else []),
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


def gained(found: Gains | None) -> list[str]:
    """Return a line on what judged silos gain; none where nothing was compared."""
    if found is None or not found.compared:
        return []
    own = sum(number for model, number in found.served.items() if model != BASE)
    return [
        f"against going alone, of {found.compared:,} judged silos "
        f"{found.surely_better:,} surely gain, {found.surely_worse:,} surely lose; "
        f"{own:,} are served by a model of their own"
    ]


def missing_columns(columns: dict[str, list[str]]) -> list[str]:
    """Return a line for each silo that was scored without columns of the model."""
    return [
        f"silo `{silo}`: scored without {', '.join(f'`{name}`' for name in names)}, "
        "which the model uses and its rows don't have: each counts as missing"
        for silo, names in columns.items()
    ]


def predicted(scored: Ledger, path: str) -> list[str]:
    """Return what `predict` came to, what is not as it should be first."""
    lines = [f"not scored: {item.reason}" for item in scored.silos_not_scored]
    lines += [f"scored by the base model: {why}" for why in scored.lost.values()]
    lines += missing_columns(scored.missing_columns)
    lines += [
        f"dead letters: silo `{line.silo}`: {line.dead_letters:,} of "
        f"{line.rows + line.dead_letters:,} rows: {in_words(line.reasons)}"
        for line in scored.silos
        if line.dead_letters
    ]
    before = f"{scored.unchanged:,} before, unchanged"
    if scored.resumed:
        before += f"; {scored.resumed:,} pieces of work by a run that was ended"
    lines.append(
        f"{scored.rows:,} rows scored ({before}), "
        f"{scored.dead_letters:,} dead letters: {path or scored.reason}"
    )
    if speed := scored.speed:
        lines.append(
            f"{speed.rows_per_second:,.0f} rows a second, "
            f"{speed.cpu_seconds_per_million:.2f} CPU seconds a million rows"
        )
    return lines


def runs(summaries: list[Summary]) -> rich.table.Table:
    """Return the log of decisions: the runs of a use case, oldest first."""
    table = console.plain_table()
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
