"""The evaluation as data for the page's charts, short enough for thousands of silos.

Figures stand in columns, one for each metric, beside the slices that they are of.
Numbers are whole parts of one (`UNIT`), finer than the page shows, and null where
there is none; `templates/data.js` reads them back. What would be shown otherwise than
the figure itself is moved by a part, so that one figure reads alike everywhere. An
interval is how far it reaches below and above the value, which is shorter than its
ends.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np
from scipy.cluster import hierarchy

from components.dashboard import gains
from components.dashboard.report import Report
from components.dashboard.sections.benefit import NAMES
from components.dashboard.sections.contribution import MAPPED
from components.dashboard.sections.groups import MEASURES
from components.dashboard.sections.silos import METRICS
from components.payloads.benefit import SiloBenefit
from components.payloads.cohort import Member
from components.payloads.contribution import SiloContribution
from components.payloads.interval import Interval
from components.payloads.manifest import TRAIN
from components.payloads.model_run import RoundRecord
from components.payloads.table import (
    BASELINE,
    CANDIDATE,
    CHANGE,
    OVER_SILOS,
    OVERALL,
    RANKED_BY,
    ROWS,
    Figure,
    MetricKey,
    Slice,
    Table,
)
from components.scoring.metrics import is_lower_better

UNIT = 100_000  # of a figure; unit: 1 / UNIT
SHOWN = UNIT // 1000  # the last digit that is shown; unit: 1 / UNIT
PLAIN = ("auc", "pr_auc", "log_loss", "brier", "calibration_error", "base_rate")
RATES = ("tpr", "fpr", "positive_rate", "precision")
OBSERVED, PREDICTED = "calibration_observed", "calibration_predicted"
MAX_COLUMNS = 30  # of the map of silos and columns, those that differ most
MAX_LINES = 60  # silos with a line of their own behind the training's curves

Number = int | None
Metric = tuple[str, float | None]  # a name, and the threshold where it has one


def of_report(report: Report, max_groups_inside: int = 6000) -> dict[str, Any]:
    """Return what the page's charts draw, as far as there is something.

    Args:
        report: What was read of the run.
        max_groups_inside: Most groups inside silos, the surely worst first.
    """
    found: dict[str, Any] = {"unit": UNIT}
    if report.scores.silos:
        found["figures"] = _figures(report, max_groups_inside)
    if report.run.rounds:
        found["rounds"] = rounds(report.run.rounds)
    if any(member.heterogeneity for member in report.cohort.members):
        found["heterogeneity"] = heterogeneity(report.cohort.members)
    if report.contribution.silos:
        found["contributions"] = contributions(report.contribution.silos)
        found["helps"] = helps(report.contribution.silos)
    return found


def _figures(report: Report, max_groups_inside: int) -> dict[str, Any]:
    """Return what the charts of an evaluation and the tables behind them are made of.

    `slices` are all rows, the silos, the groups over all silos, then the groups
    inside silos, of other models only with what ranks them.
    """
    scores = report.scores
    thresholds = scores.thresholds(RATES[0])
    rates = [(metric, threshold) for threshold in thresholds for metric in RATES]
    metrics: list[Metric] = [*((metric, None) for metric in PLAIN), *rates]
    silos = [Slice(silo) for silo in scores.silos]
    groups = [of for of in scores.slices if of.column and not of.silo]
    inside = [of for of in scores.slices if of.column and of.silo]
    shown = [OVERALL, *silos, *groups]
    held = [*shown, *inside[:max_groups_inside]]
    asked = {(CANDIDATE, metric): held for metric in metrics}
    for model in (BASELINE, CHANGE):
        asked |= {(model, metric): shown for metric in metrics}
        asked[model, (RANKED_BY, None)] = held
    gaps: list[Metric] = [
        (metric, threshold)
        for metric in MEASURES
        for threshold in (None, *scores.thresholds(metric))
    ]
    over_silos: list[Metric] = [
        (f"size_correlation_{metric}", threshold) for metric, threshold in metrics
    ]
    curves: list[Metric] = [
        (metric, edge)
        for metric in (OBSERVED, PREDICTED)
        for edge in scores.thresholds(OBSERVED)
    ]
    places = [OVERALL, *groups, *silos]
    benefits = report.benefit.silos
    names = dict.fromkeys((*scores.silos, *(one.silo for one in benefits)))
    columns = [Slice(of.silo, column) for column in scores.columns for of in silos]
    return {
        "names": {**METRICS, "base_rate": "Base rate"},
        "lowerIsBetter": sorted(filter(is_lower_better, METRICS)),
        "measures": [
            {"metric": metric, "name": name} for metric, (name, _) in MEASURES.items()
        ],
        "thresholds": thresholds,
        "columns": list(scores.columns),
        "silos": list(names),
        "notEvaluated": {
            line.member.silo: line.not_evaluated
            for line in report.silos
            if line.not_evaluated
        },
        "judged": report.judged_word,
        "numInside": len(inside),
        "slices": _part(scores, held, asked),
        "gaps": _part(scores, columns, _each(gaps, columns), most=1),
        "overSilos": _part(scores, [OVER_SILOS], _each(over_silos, [OVER_SILOS])),
        "calibration": _part(scores, places, _each(curves, places)),
        "benefits": _benefits(benefits, list(names)),
    }


def _benefits(silos: Sequence[SiloBenefit], names: list[str]) -> dict[str, Any]:
    """Return the AUC of each silo's models, and the gains over `alone`.

    They stand as figures of slices, whose `rows` are those to train.
    """
    index = {silo: place for place, silo in enumerate(names)}
    cells = {}
    for model in NAMES:
        cells[model] = [gains.figure(one, model) for one in silos]
        cells[f"{gains.GAIN}_{model}"] = [
            gains.figure(one, model, gains.GAIN) for one in silos
        ]
    return {
        "silo": [index[one.silo] for one in silos],
        **{name: [""] * len(silos) for name in ("column", "group", "note")},
        "rows": [one.rows.get(TRAIN, 0) for one in silos],
        "served": [one.served for one in silos],
        "figures": {
            model: {RANKED_BY: columns(own)} if any(own) else {}
            for model, own in cells.items()
        },
    }


def contributions(silos: Sequence[SiloContribution]) -> dict[str, Any]:
    """Return the silos that have a contribution and a gain, with both."""
    known = [one for one in silos if one.contribution and one.gain]
    return {
        "silos": [one.silo for one in known],
        "verdicts": [one.verdict for one in known],
        "contribution": _of_intervals(one.contribution for one in known),
        "gain": _of_intervals(one.gain for one in known),
    }


def helps(silos: Sequence[SiloContribution]) -> dict[str, Any]:
    """Return who helps whom: the `MAPPED` silos that contribute most.

    Silos stand as the leaves of a tree (UPGMA over what each gives and gets, with
    leaves ordered as of Bar-Joseph et al. 2001), so those that are alike are near.
    """
    known = [one for one in silos if one.helps]
    known.sort(key=lambda it: it.contribution.value if it.contribution else -math.inf)
    shown = sorted(known[-MAPPED:], key=lambda one: one.silo)
    effects = [[one.helps.get(other.silo) for other in shown] for one in shown]
    order: Sequence[int] = range(len(shown))
    if len(shown) > 2:
        matrix = np.array([[it.value if it else 0.0 for it in row] for row in effects])
        both = np.hstack([matrix, matrix.T])
        tree = hierarchy.linkage(both, "average", optimal_ordering=True)
        order = [int(leaf) for leaf in hierarchy.leaves_list(tree)]
    names = [shown[place].silo for place in order]
    values = _of_intervals(effects[i][j] for i in order for j in order)
    return {"rows": names, "columns": names, "values": values}


def heterogeneity(members: Sequence[Member]) -> dict[str, Any]:
    """Return distances by silo and column, the largest first in both."""
    by_silo = {one.silo: one.heterogeneity for one in members if one.heterogeneity}
    most: dict[str, float] = {}
    for own in by_silo.values():
        most |= {it: max(away, most.get(it, 0.0)) for it, away in own.items()}
    names = sorted(most, key=lambda it: (-most[it], it))[:MAX_COLUMNS]
    rows = sorted(by_silo, key=lambda it: (-max(by_silo[it].values()), it))[:MAPPED]
    cells = (by_silo[silo].get(name) for silo in rows for name in names)
    values = [[in_units(it) for it in cells]]
    return {"rows": rows, "columns": names, "values": values}


def _of_intervals(found: Iterable[Interval | None]) -> list[list[Number]]:
    none = Figure("", "", "", "", "", "")
    cells = [it and dataclasses.replace(none, **it._asdict()) for it in found]
    return columns(cells)


def _each(
    metrics: Iterable[Metric], slices: Sequence[Slice]
) -> dict[tuple[str, Metric], Sequence[Slice]]:
    return {(CANDIDATE, metric): slices for metric in metrics}


def _part(
    scores: Table,
    slices: Sequence[Slice],
    asked: Mapping[tuple[str, Metric], Sequence[Slice]],
    most: int = 4,
) -> dict[str, Any]:
    """Return slices, and the columns of their figures by model and metric.

    Args:
        scores: The evaluation.
        slices: What the figures are of.
        asked: The first of `slices`, for which a model's metric is given.
        most: Most columns of a figure; 1 leaves out its interval.
    """
    index = {silo: place for place, silo in enumerate(scores.silos)}
    sizes = [scores.get(MetricKey(ROWS, of)) for of in slices]
    figures: dict[str, dict[str, Any]] = {CANDIDATE: {}, BASELINE: {}, CHANGE: {}}
    for (model, (metric, at)), of_slices in asked.items():
        cells = [
            scores.get(MetricKey(metric, of, model, threshold=at)) for of in of_slices
        ]
        if any(cell is not None and cell.is_number for cell in cells):
            name = metric if at is None else f"{metric}@{at:g}"
            figures[model][name] = columns(cells, with_rows=metric == OBSERVED)[:most]
    return {
        "silo": [index.get(of.silo, -1) for of in slices],
        "column": [of.column for of in slices],
        "group": [of.group for of in slices],
        "rows": [cell.rows if cell else 0 for cell in sizes],
        "note": [cell.note if cell else "" for cell in sizes],
        "figures": figures,
    }


def columns(
    cells: Sequence[Figure | None], with_rows: bool = False
) -> list[list[Number]]:
    """Return values, and how far intervals reach below and above, in units.

    The latter two columns are left out where no cell has an interval; the rows that
    figures are of come last.
    """
    known = [cell if cell is not None and cell.is_number else None for cell in cells]
    value = [in_units(cell.value) if cell else None for cell in known]
    below = [_away(cell, cell.low, -1) if cell else None for cell in known]
    above = [_away(cell, cell.high, 1) if cell else None for cell in known]
    if with_rows:
        return [value, below, above, [cell.rows if cell else None for cell in known]]
    has_ends = any(end is not None for end in (*below, *above))
    return [value, below, above] if has_ends else [value]


def _away(cell: Figure, end: float | None, sign: int) -> Number:
    value, whole = in_units(cell.value), in_units(end)
    return None if value is None or whole is None else sign * (whole - value)


def in_units(value: float | None) -> Number:
    """Return a figure in whole units that reads as the figure; None for no number."""
    if value is None or not math.isfinite(value):
        return None
    whole = round(value * UNIT)
    read = round(float(f"{value:.3f}") * 1000) * SHOWN  # what tables show
    # Half a shown digit would be rounded up by one and down by another.
    most = SHOWN // 2 - 1
    return min(max(whole, read - most), read + most)


def rounds(records: Sequence[RoundRecord]) -> dict[str, Any]:
    """Return the losses of the rounds, unit: nats an example.

    Losses are those of the model that a round started from, over each silo's
    training rows. The mean is weighted by rows, as the trainer minimises it.

    Args:
        records: The rounds, in order; rounds without a finite loss are left out.
    """

    def is_finite(loss: float | None) -> TypeGuard[float]:
        return loss is not None and math.isfinite(loss)

    lines: dict[str, list[list[float]]] = {}
    points = []
    for record in records:
        losses = sorted(
            (
                (part.loss_before, part.silo)
                for part in record.silos
                if is_finite(part.loss_before)
            ),
            reverse=True,
        )
        for part in record.silos:
            lines.setdefault(part.silo, [])
        for loss, silo in losses:
            lines[silo].append([record.round, round(loss, 5)])
        if not losses or not is_finite(record.loss_before):
            continue
        tenth = losses[: max(1, math.ceil(len(losses) / 10))]
        after = record.loss_after
        points.append(
            {
                "round": record.round,
                "worst": round(losses[0][0], 5),
                "worstSilo": losses[0][1],
                "worstTenth": round(sum(loss for loss, _ in tenth) / len(tenth), 5),
                "mean": round(record.loss_before, 5),
                "after": round(after, 5) if is_finite(after) else None,
                "numSilos": len(record.silos),
                "numDropped": len(record.dropped),
            }
        )
    each = [{"silo": silo, "points": own} for silo, own in sorted(lines.items())]
    return {"rounds": points, "silos": each if len(lines) <= MAX_LINES else []}
