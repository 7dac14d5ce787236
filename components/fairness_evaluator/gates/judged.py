"""Which silos the gates judge: admitted, readable, and with enough rows.

The others are shown and counted. Where a silo has too few rows, nothing says that
the model serves it, only that nobody can know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from components.payloads.decision import NotEvaluated
from components.payloads.minimum_data import MinimumData
from components.payloads.table import Figure, Table


def not_judged(
    figures: Table,
    silos: Iterable[str],
    left_out: Mapping[str, str],
    minimum_data: MinimumData,
) -> list[NotEvaluated]:
    """Return the silos that are not judged, with reasons, sorted.

    Args:
        figures: The table.
        silos: Ids of all silos.
        left_out: Reason by silo that is quarantined or could not be evaluated.
        minimum_data: From when on a silo is judged.
    """
    rows = {figure.silo: figure for figure in figures.by_silo("rows")}
    found = []
    for silo in sorted(silos):
        reason = left_out.get(silo) or too_little(rows.get(silo), minimum_data)
        if reason:
            found.append(NotEvaluated(silo, reason))
    return found


def too_little(figure: Figure | None, minimum_data: MinimumData) -> str:
    """Return why a silo or a group can't be judged; empty when it can.

    Args:
        figure: Any figure of it, for its row counts; None where it has none.
        minimum_data: From when on it is judged.
    """
    if figure is None:
        return "it has no labelled evaluation rows"
    needed = minimum_data.rows
    if figure.rows < needed or figure.positives is None:
        return f"{figure.rows:,} evaluation rows, {needed:,} are needed"
    fewer = min(figure.positives, figure.rows - figure.positives)
    if fewer < minimum_data.rows_of_each_label:
        kind = "positive" if fewer == figure.positives else "negative"
        return f"{fewer:,} {kind} rows, {minimum_data.rows_of_each_label:,} are needed"
    return ""
