"""The tables of slices: groups over all silos, and groups inside each silo."""

from __future__ import annotations

import dataclasses

from components.dashboard.scores import (
    OVERALL,
    RANKED_BY,
    Cell,
    Question,
    Scores,
    Slice,
)
from components.payloads.table import BASELINE

RATES = ("tpr", "fpr", "fnr", "positive_rate")


@dataclasses.dataclass(frozen=True)
class SliceRow:
    """One slice: its AUC, that of the baseline, and rates.

    Attributes:
        of: The slice.
        auc: The candidate's AUC, or the note why there is none.
        baseline: The same of the baseline; None without one.
        rates: One cell for each of `SliceTable.rates`.
    """

    of: Slice
    auc: Cell | None
    baseline: Cell | None
    rates: tuple[Cell | None, ...]


@dataclasses.dataclass(frozen=True)
class SliceTable:
    """Slices, the worst AUC first, those with too few rows last.

    Attributes:
        title: What the slices are.
        by_silo: Whether the slices lie inside silos.
        rows: Those that are shown.
        num_rows: Those that there are.
        rates: Names of the rates.
        threshold: At which score the rates are taken; None without rates.
    """

    title: str
    by_silo: bool
    rows: tuple[SliceRow, ...]
    num_rows: int
    rates: tuple[str, ...]
    threshold: float | None


def slice_tables(scores: Scores, max_rows: int) -> list[SliceTable]:
    """Return the tables of groups; those without a slice are left out.

    Args:
        scores: The evaluation's table.
        max_rows: Most rows of one table.
    """
    found = [of for of in scores.slices() if of.column]
    tables = [
        _table(scores, "Groups over all silos", False, found, max_rows),
        _table(scores, "Groups inside silos", True, found, max_rows),
    ]
    return [table for table in tables if table.rows]


def _table(
    scores: Scores, title: str, by_silo: bool, found: list[Slice], max_rows: int
) -> SliceTable:
    thresholds = scores.thresholds(RATES[0])
    middle = thresholds[len(thresholds) // 2] if thresholds else None
    known = [
        rate
        for rate in RATES
        if middle is not None and scores.ask(Question(rate, OVERALL, threshold=middle))
    ]
    chosen = [of for of in found if bool(of.silo) == by_silo]
    rows = [_row(scores, of, known, middle) for of in chosen[:max_rows]]
    return SliceTable(title, by_silo, tuple(rows), len(chosen), tuple(known), middle)


def _row(
    scores: Scores, of: Slice, rates: list[str], threshold: float | None
) -> SliceRow:
    return SliceRow(
        of=of,
        auc=scores.ask(Question(RANKED_BY, of)),
        baseline=scores.ask(Question(RANKED_BY, of, model=BASELINE)),
        rates=tuple(
            scores.ask(Question(rate, of, threshold=threshold)) for rate in rates
        ),
    )
