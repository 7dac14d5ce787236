"""Two runs compared, for the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import rich.table
import rich.text

from components.payloads.table import Figure
from pipelines.cli.tables import short
from pipelines.runs import figures
from pipelines.runs.comparison import Change

MOST_SILOS = 30  # in the terminal; JSON and the site hold all


def to_json(before: str, after: str, found: Sequence[Change]) -> dict[str, Any]:
    """Return the comparison as one JSON object, in the order of the changes."""
    return {"before": before, "after": after, "changes": [_item(c) for c in found]}


def _item(change: Change) -> dict[str, Any]:
    interval = change.interval
    return {
        "silo": change.key.slice.silo,
        "slice": change.key.slice.column,
        "group": change.key.slice.group,
        "metric": change.key.metric,
        "threshold": change.key.threshold,
        "before": change.before and change.before.value,
        "after": change.after and change.after.value,
        "change": change.change,
        "loss": change.loss,
        "change_low": interval and interval.low,
        "change_high": interval and interval.high,
        "rows_before": change.before and change.before.rows,
        "rows_after": change.after and change.after.rows,
    }


def tables(found: Sequence[Change]) -> list[rich.table.Table]:
    """Return every metric over all silos, then AUC by group and by silo."""
    overall = [c for c in found if not c.key.slice.silo and not c.key.slice.group]
    silos = [c for c in found if c.is_auc and c.key.slice.silo]
    groups = [c for c in found if c.is_auc and c.key.slice.group]
    shown = silos[:MOST_SILOS]
    more = f", {len(shown)} of {len(silos):,}" if len(silos) > len(shown) else ""
    return [
        _table("Every metric over all silos", "metric", overall, _metric),
        _table("AUC by group", "group", groups, _group),
        _table(f"AUC by silo{more}", "silo", shown, lambda c: c.key.slice.silo),
    ]


def _metric(change: Change) -> str:
    return figures.label(change.key)


def _group(change: Change) -> str:
    return f"{change.key.slice.column}: {change.key.slice.group}"


def _table(
    title: str, first: str, found: Sequence[Change], name: Callable[[Change], str]
) -> rich.table.Table:
    table = rich.table.Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    table.add_column(first, overflow="fold")
    for heading in ("before", "after", "change", "95 % interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    for change in found:
        table.add_row(rich.text.Text(short(name(change))), *_numbers(change))
    return table


def _numbers(change: Change) -> list[str]:
    interval = change.interval
    return [
        _value(change.before),
        _value(change.after),
        "-" if change.change is None else f"{change.change:+.4f}",
        f"{interval.low:+.4f} to {interval.high:+.4f}" if interval else "",
    ]


def _value(figure: Figure | None) -> str:
    return "-" if figure is None else f"{figure.value:.4f}"
