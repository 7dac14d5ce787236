"""Makes the tidy table from what TFMA says of the slices of all silos.

The figures of a slice are TFMA's; here are those over groups and silos, the changes
between two models, each silo's own threshold, and the notes. Of the following span's
split: AUC, log loss and Brier score, overall and by silo. README.md lists the metrics.

A silo's own threshold is the one with which it reaches the overall TPR: equal
opportunity (Hardt et al. 2016, "Equality of opportunity in supervised learning",
NeurIPS) by calibration. It is evaluated, never imposed: the model and its thresholds
stay as they are. Of the scores between groups of at least `rows_per_bin` of its rows,
it is the highest with which the silo's TPR is at least the overall TPR at the middle
configured threshold. It is chosen on the rows that it is evaluated on, so the TPR is
met by design.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np

from components.fairness_evaluator.figures import change, comparisons, slices
from components.fairness_evaluator.figures.slices import NOT_IN_TABLE, Found, Measures
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.collect import Key
from components.fairness_evaluator.sketches.totals import COMPARED
from components.payloads import manifest, table
from components.payloads.interval import Interval
from components.payloads.table import Figure
from components.scoring import intervals

Known: TypeAlias = Mapping[Key, Measures]

NEXT_METRICS = ("auc", "log_loss", "brier")
OWN_RATES = ("tpr", "fpr", "positive_rate")
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


def of_slices(
    model: str, known: Known, settings: EvaluationSettings
) -> Iterator[Figure]:
    """Yield the figures of each slice, and the rows of those with too few."""
    for key, (cell, found) in known.items():
        if key.rows_of.startswith(COMPARED):
            continue
        place = _place(model, key, cell)
        if cell.too_few:
            yield place.figure(Found("rows", None, None), table.TOO_FEW)
            continue
        yield place.figure(Found("rows", None, float(cell.rows)))
        for (metric, threshold), value in found.items():
            if metric not in NOT_IN_TABLE and (
                not key.rows_of or metric in NEXT_METRICS
            ):
                yield place.figure(Found(metric, threshold, value))
        if not key.rows_of:
            yield from _curve(place, cell, settings)


def _curve(place: Place, cell: Cell, settings: EvaluationSettings) -> Iterator[Figure]:
    curve = slices.curve_of(cell, settings.min_slice_rows)
    for upper, rows, positives, scores in curve.T.tolist():
        inside = place._replace(rows=int(rows), positives=int(positives))
        observed = intervals.wilson(int(positives), int(rows))
        yield inside.figure(Found("calibration_observed", upper, observed))
        predicted = min(1.0, max(0.0, scores / rows))
        yield inside.figure(Found("calibration_predicted", upper, predicted))


def over_groups(
    model: str, known: Known, settings: EvaluationSettings
) -> Iterator[Figure]:
    """Yield the figures over the groups of each slice, over all silos and in each."""
    families: dict[Key, dict[str, Measures]] = defaultdict(dict)
    for key, measures in known.items():
        if key.columns and not key.rows_of and measures.found:
            families[Key(key.silo, key.columns)][key.group] = measures
    for key, found in families.items():
        place = _together(model, key.silo, key.slice, found)
        for each in comparisons.of_groups(found, settings.thresholds):
            yield place.figure(each)


def over_silos(
    model: str,
    known: Known,
    not_judged: Collection[str],
    settings: EvaluationSettings,
) -> Iterator[Figure]:
    """Yield the figures over the silos that are judged."""
    found = {key.silo: measures for key, measures in _silos(known)}
    judged = {silo: found[silo] for silo in found if silo not in not_judged}
    place = _together(model, "", table.SILO, judged)
    for each in comparisons.of_silos(judged, settings.thresholds):
        yield place.figure(each)


def of_gains(
    model: str,
    known: Known,
    gains: Mapping[str, tuple[Interval, int | None]],  # with degrees of freedom
    not_judged: Collection[str],
) -> Iterator[Figure]:
    """Yield what silos gain by a model, and the figures over those that are judged.

    `known` is of the candidate; silos with too few rows are left out.
    """
    found = {key.silo: part for key, part in _silos(known) if key.silo in gains}
    for silo, part in found.items():
        gain, freedom = gains[silo]
        place = _place(model, Key(silo), part.cell)
        figure = place.figure(Found(table.GAIN, None, gain))
        yield dataclasses.replace(figure, freedom=freedom)
    judged = {silo: found[silo] for silo in found if silo not in not_judged}
    if judged:
        place = _together(model, "", table.SILO, judged)
        values = {silo: gains[silo][0] for silo in judged}
        rows = [part.cell.rows for part in judged.values()]
        for each in comparisons.of_values(table.GAIN, None, values, rows):
            yield place.figure(each)


def _silos(known: Known) -> Iterator[tuple[Key, Measures]]:
    """Yield what is known of all rows of each silo."""
    for key, measures in known.items():
        if key.silo and key == Key(key.silo) and measures.found:
            yield key, measures


def of_own_thresholds(
    model: str, known: Known, settings: EvaluationSettings
) -> Iterator[Figure]:
    """Yield each silo's own threshold, where the settings ask for them."""
    overall = known[Key()].found if Key() in known else {}
    middle = settings.thresholds[(len(settings.thresholds) - 1) // 2]
    reached = overall.get(("tpr", middle))
    if not settings.silo_thresholds or reached is None:
        return
    for key, (cell, _) in _silos(known):
        place = _place(model, key, cell)
        for each in own_threshold(cell, reached.value):
            yield place.figure(each)


def own_threshold(cell: Cell, reached: float) -> Iterator[Found]:
    """Yield the threshold with which all rows of a silo reach a TPR, and its rates."""
    if not cell.positives or not cell.exact:
        return
    passed = cell.exact.cuts[2] / cell.positives >= reached
    threshold, *hits = cell.exact.cuts[:, np.flatnonzero(passed)[-1]].tolist()
    yield Found("own_threshold", None, threshold)
    rates = slices.rates(cell, [int(each) for each in hits])
    for rate in OWN_RATES:
        yield Found(f"own_threshold_{rate}", None, rates[rate])


def of_change(
    candidate: Known, baseline: Known, settings: EvaluationSettings
) -> Iterator[Figure]:
    """Yield the changes of all slices that both models scored on the same rows."""
    for key, before in baseline.items():
        # Where some silos lack the baseline, of the others.
        same = key._replace(rows_of=COMPARED + table.BASELINE)
        now = candidate.get(same if same in candidate else key)
        if key.rows_of or not now or not now.found or not before.found:
            continue
        if now.cell.rows == before.cell.rows:
            place = _place(table.CHANGE, key, now.cell)
            for each in change.figures(now, before, settings.thresholds):
                yield place.figure(each)


def _place(model: str, key: Key, cell: Cell) -> Place:
    return Place(
        model,
        manifest.NEXT if key.rows_of == manifest.NEXT else manifest.EVAL,
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
    rows = sum(part.cell.rows for part in parts.values())
    positives = sum(part.cell.positives for part in parts.values())
    return Place(model, manifest.EVAL, silo, slice_, "", rows, positives)
