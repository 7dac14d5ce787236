"""Makes the tidy table's figures from the slices of all silos.

All slices of the evaluation split in depth; of the following span's split AUC, log
loss and Brier score, overall and by silo. README.md lists the metrics.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from components.fairness_evaluator.figures import (
    calibration,
    change,
    cross_silo,
    groups,
    own_thresholds,
)
from components.fairness_evaluator.figures.measures import Measures, measure
from components.fairness_evaluator.figures.place import Place
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.pairs import Pair
from components.fairness_evaluator.sketches.slices import Key
from components.payloads import manifest, table
from components.payloads.table import Figure
from components.scoring import intervals

Known = dict[Key, Measures]
RANKS = ("auc", "pr_auc")  # made of ranks, so of which row's score is higher
LEAST_UNRESOLVED = 0.005  # less is far within any interval
NEXT_METRICS = ("auc", "log_loss", "brier")


def measure_all(
    slices: Mapping[Key, Cell],
    edges: NDArray[np.float64],
    settings: EvaluationSettings,
) -> Known:
    """Return what is known of each slice that has enough rows."""
    return {
        key: measure(cell, edges, settings.thresholds)
        for key, cell in slices.items()
        if not cell.too_few
    }


def of_slices(
    model: str,
    slices: Mapping[Key, Cell],
    known: Known,
    settings: EvaluationSettings,
) -> Iterator[Figure]:
    """Yield the figures of each slice, and the rows of those with too few."""
    for key, cell in slices.items():
        place = _place(model, manifest.EVAL, key, cell)
        yield _rows(place, cell)
        if not cell.too_few:
            for (metric, threshold), value in known[key].found.items():
                about = _unresolved(known[key]) if metric in RANKS else ""
                yield place.figure(metric, threshold, value, about)
        if not cell.too_few and not (key.silo and key.columns):
            yield from _curve(place, known[key], settings.min_slice_rows)


def of_next(model: str, slices: Mapping[Key, Cell], known: Known) -> Iterator[Figure]:
    """Yield the figures of the following span, overall and by silo."""
    for key, cell in slices.items():
        place = _place(model, manifest.NEXT, key, cell)
        yield _rows(place, cell)
        if not cell.too_few:
            for metric in NEXT_METRICS:
                yield place.figure(metric, None, known[key].found[metric, None])


def over_groups(
    model: str, known: Known, settings: EvaluationSettings
) -> Iterator[Figure]:
    """Yield the figures over the groups of each slice, over all silos and in each."""
    families: dict[Key, dict[str, Measures]] = defaultdict(dict)
    for key, measures in known.items():
        if key.columns:
            families[Key(key.silo, key.columns)][key.group] = measures
    for key, found in families.items():
        place = _together(model, key.silo, key.slice, found)
        yield from groups.figures(place, found, settings.thresholds)


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
        if key.silo and not key.columns and key.silo not in not_judged
    }
    place = _together(model, "", table.SILO, judged)
    yield from cross_silo.figures(place, judged, settings.thresholds)


def of_own_thresholds(
    model: str,
    known: Known,
    edges: NDArray[np.float64],
    settings: EvaluationSettings,
) -> Iterator[Figure]:
    """Yield each silo's own threshold, where the settings ask for them."""
    if not settings.silo_thresholds or Key() not in known:
        return
    reached = own_thresholds.target(known[Key()], settings.thresholds)
    for key, measures in known.items():
        if reached is not None and key.silo and not key.columns:
            place = _place(model, manifest.EVAL, key, measures.cell)
            yield from own_thresholds.figures(place, measures.cell, edges, reached)


def of_change(
    candidate: Known,
    baseline: Known,
    pairs: Mapping[Key, Pair],
    settings: EvaluationSettings,
) -> Iterator[Figure]:
    """Yield the changes of all slices that both models scored on the same rows."""
    for key, pair in pairs.items():
        now, before = candidate.get(key), baseline.get(key)
        # The baseline's slice may hold other silos where the candidate failed.
        if now and before and now.cell.rows == before.cell.rows == pair.rows:
            place = _place(table.CHANGE, manifest.EVAL, key, now.cell)
            yield from change.figures(place, now, before, pair, settings.thresholds)


def _curve(place: Place, known: Measures, least: int) -> Iterator[Figure]:
    for each in calibration.joined(known.curve, least):
        inside = place._replace(rows=each.rows, positives=each.positives)
        observed = intervals.wilson(each.positives, each.rows)
        yield inside.figure("calibration_observed", each.upper, observed)
        yield inside.figure("calibration_predicted", each.upper, each.predicted)


def _unresolved(known: Measures) -> str:
    if known.unresolved < LEAST_UNRESOLVED:
        return ""
    return (
        f"scores too close together for the bins: the AUC may be off by up to "
        f"{known.unresolved:.3f}"
    )


def _rows(place: Place, cell: Cell) -> Figure:
    if not cell.too_few:
        return place.figure("rows", None, float(cell.rows))
    return dataclasses.replace(place.figure("rows", None, None), note=table.TOO_FEW)


def _place(model: str, split: str, key: Key, cell: Cell) -> Place:
    return Place(
        model,
        split,
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
    cells = [part.cell for part in parts.values()]
    return Place(
        model,
        manifest.EVAL,
        silo,
        slice_,
        "",
        sum(cell.rows for cell in cells),
        sum(cell.positives for cell in cells),
    )
