"""Makes the tidy table from what TFMA says of the slices of all silos.

The figures of a slice are TFMA's; here are those over groups and silos, the changes
between two models, and the notes. Of the following span's split: AUC, log loss and
Brier score, overall and by silo. README.md lists the metrics.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from components.fairness_evaluator.figures import (
    change,
    cross_silo,
    groups,
    own_thresholds,
    slices,
)
from components.fairness_evaluator.figures.found import Found
from components.fairness_evaluator.figures.slices import Measures
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches.cells import Cell, Pair
from components.fairness_evaluator.sketches.collect import Key
from components.fairness_evaluator.sketches.totals import COMPARED
from components.payloads import manifest, table
from components.payloads.table import Figure
from components.scoring import intervals
from components.scoring.intervals import Interval

Known: TypeAlias = dict[Key, Measures]

NEXT_METRICS = ("auc", "log_loss", "brier")
LONGEST_ABOUT = 200  # characters
# These can lack rows above the threshold.
OF_ROWS_ABOVE = ("precision", "demographic_parity_ratio")
# These divide by a sum of rates or of benefits, which may be zero.
OF_A_SUM = ("gini_", "theil", "generalized_entropy", "between_groups_theil")


class Place(NamedTuple):
    """Which rows figures are of; see `Figure`."""

    model: str
    split: str
    silo: str
    slice: str
    group: str
    rows: int
    positives: int | None

    def figure(self, found: Found, note: str = "") -> Figure:
        """Return a figure of the place; one without a value says why."""
        metric, threshold, value, about = found
        low = high = None
        if isinstance(value, Interval):
            value, low, high = value
        elif value is None:
            note = note or _why_not(metric)
        if len(about) > LONGEST_ABOUT:
            about = about[: LONGEST_ABOUT - 1] + "…"
        rows = self.rows, self.positives
        return Figure(
            *self[:5], metric, threshold, value, low, high, *rows, note, about
        )


def _why_not(metric: str) -> str:
    """Return why there is no such figure; the note of the table."""
    if metric in OF_ROWS_ABOVE:
        return table.NO_ROWS
    return table.ALL_ZERO if metric.startswith(OF_A_SUM) else table.ONE_CLASS


def of_slices(model: str, cells: Mapping[Key, Cell], known: Known) -> Iterator[Figure]:
    """Yield the figures of each slice, and the rows of those with too few."""
    for key, cell in cells.items():
        if key.of == COMPARED:
            continue
        place = _place(model, key, cell)
        if cell.too_few:
            yield place.figure(Found("rows", None, None), table.TOO_FEW)
            continue
        yield place.figure(Found("rows", None, float(cell.rows)))
        for (metric, threshold), value in known[key].found.items():
            if not key.of or metric in NEXT_METRICS:
                yield place.figure(Found(metric, threshold, value))
        if not key.of:
            yield from _curve(place, known[key])


def over_groups(
    model: str, known: Known, settings: EvaluationSettings
) -> Iterator[Figure]:
    """Yield the figures over the groups of each slice, over all silos and in each."""
    families: dict[Key, dict[str, Measures]] = defaultdict(dict)
    for key, measures in known.items():
        if key.columns and not key.of:
            families[Key(key.silo, key.columns)][key.group] = measures
    for key, found in families.items():
        place = _together(model, key.silo, key.slice, found)
        for each in groups.figures(found, settings.thresholds):
            yield place.figure(each)


def over_silos(
    model: str,
    known: Known,
    not_judged: Collection[str],
    settings: EvaluationSettings,
) -> Iterator[Figure]:
    """Yield the figures over the judged silos.

    Args:
        model: `candidate` or `baseline`.
        known: What is known of the slices.
        not_judged: Silos to leave out.
        settings: What is measured.
    """
    judged = {
        key.silo: measures
        for key, measures in known.items()
        if key == Key(key.silo) and key.silo and key.silo not in not_judged
    }
    place = _together(model, "", table.SILO, judged)
    for each in cross_silo.figures(judged, settings.thresholds):
        yield place.figure(each)


def of_own_thresholds(
    model: str,
    cells: Mapping[Key, Cell],
    known: Known,
    settings: EvaluationSettings,
) -> Iterator[Figure]:
    """Yield each silo's own threshold, where the settings ask for them."""
    if not settings.silo_thresholds or Key() not in known:
        return
    reached = own_thresholds.target(known[Key()], settings.thresholds)
    for key in known:
        if reached is not None and key == Key(key.silo) and key.silo:
            place = _place(model, key, cells[key])
            for each in own_thresholds.figures(cells[key], reached):
                yield place.figure(each)


def of_change(
    candidate: Known,
    baseline: Known,
    cells: Mapping[str, Mapping[Key, Cell]],
    pairs: Mapping[Key, Pair],
    settings: EvaluationSettings,
) -> Iterator[Figure]:
    """Yield the changes of all slices that both models scored on the same rows.

    Args:
        candidate: What is known of the slices by the candidate's scores.
        baseline: And by the baseline's.
        cells: The slices by model.
        pairs: Both together.
        settings: What is measured.
    """
    for key, pair in pairs.items():
        # Where some silos lack the baseline, of the others.
        same = key._replace(of=COMPARED)
        mine = same if same in candidate else key
        now, before = candidate.get(mine), baseline.get(key)
        if now and before and now.rows == before.rows == pair.rows:
            both = change.Both(
                now,
                before,
                (cells[table.CANDIDATE][mine], cells[table.BASELINE][key]),
                pair,
            )
            place = _place(table.CHANGE, key, cells[table.CANDIDATE][mine])
            for each in change.figures(both, settings.thresholds):
                yield place.figure(each)


def _curve(place: Place, known: Measures) -> Iterator[Figure]:
    for upper, rows, positives, mean in slices.curve_bins(known.curve):
        inside = place._replace(rows=rows, positives=positives)
        observed = intervals.wilson(positives, rows)
        yield inside.figure(Found("calibration_observed", upper, observed))
        yield inside.figure(Found("calibration_predicted", upper, mean))


def _place(model: str, key: Key, cell: Cell) -> Place:
    return Place(
        model,
        manifest.NEXT if key.of == manifest.NEXT else manifest.EVAL,
        key.silo,
        key.slice,
        key.group,
        cell.rows,
        None if cell.too_few else cell.positives,
    )


def _together(
    model: str, silo: str, slice_: str, parts: Mapping[str, Measures]
) -> Place:
    """Return the place of figures over several slices."""
    rows = sum(part.rows for part in parts.values())
    positives = sum(part.positives for part in parts.values())
    return Place(model, manifest.EVAL, silo, slice_, "", rows, positives)
