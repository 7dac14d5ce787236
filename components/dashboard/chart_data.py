"""The evaluation as data for the page's charts, short enough for thousands of silos.

Figures stand in columns, one for each metric, beside the slices that they are of.
Numbers are whole parts of one (`UNIT`), finer than the page shows, and null where
there is none; `templates/data.js` reads them back. What would be shown otherwise than
the figure itself is moved by a part, so that one figure reads alike everywhere. An
interval is how far it reaches below and above the value, which is shorter than its
ends.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from components.dashboard.report import Report
from components.dashboard.sections.groups import MEASURES
from components.dashboard.sections.silos import METRICS
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
MAX_LINES = 60  # silos with a line of their own behind the training's curves
MODELS = (CANDIDATE, BASELINE, CHANGE)

Number = int | None
Metric = tuple[str, float | None]


def of_report(report: Report, max_groups_inside: int = 6000) -> dict[str, Any]:
    """Return what the page's charts draw: `figures` and `rounds`, where there are.

    Args:
        report: What was read of the run.
        max_groups_inside: Most groups inside silos, the surely worst first.
    """
    found: dict[str, Any] = {}
    if report.scores.silos:
        found["figures"] = figures(report, max_groups_inside)
    if report.run.rounds:
        found["rounds"] = rounds(report.run.rounds)
    return found


def figures(report: Report, max_groups_inside: int) -> dict[str, Any]:
    """Return what the charts of an evaluation and the tables behind them are made of.

    Args:
        report: What the page says.
        max_groups_inside: Most groups inside silos, the surely worst first.
    """
    scores = report.scores
    thresholds = scores.thresholds(RATES[0])
    silos = list(scores.silos)
    index = {silo: place for place, silo in enumerate(silos)}
    metrics: list[Metric] = [
        *((metric, None) for metric in PLAIN),
        *((metric, threshold) for threshold in thresholds for metric in RATES),
    ]
    inside = [of for of in scores.slices if of.silo and of.column]
    return {
        "unit": UNIT,
        "names": {**METRICS, "base_rate": "Base rate"},
        "lowerIsBetter": sorted(filter(is_lower_better, METRICS)),
        "measures": [
            {"metric": metric, "name": name} for metric, (name, _) in MEASURES.items()
        ],
        "thresholds": thresholds,
        "columns": list(scores.columns),
        "silos": silos,
        "notEvaluated": {
            str(index[line.member.silo]): line.not_evaluated
            for line in report.silos
            if line.not_evaluated and line.member.silo in index
        },
        "judged": report.judged_word,
        "overall": _slices(scores, [OVERALL], metrics, index, MODELS),
        "bySilo": _slices(scores, [Slice(s) for s in silos], metrics, index, MODELS),
        "byGroup": _slices(
            scores,
            [of for of in scores.slices if of.column and not of.silo],
            metrics,
            index,
            MODELS,
        ),
        "inside": _inside(scores, inside[:max_groups_inside], metrics, index),
        "numInside": len(inside),
        "gaps": _gaps(scores, silos),
        "calibration": _calibration(scores, index),
        "sizes": _sizes(scores, metrics),
    }


def name_of(metric: Metric) -> str:
    """Return the name of a metric at a threshold: `tpr@0.5`."""
    name, threshold = metric
    return name if threshold is None else f"{name}@{threshold:g}"


def _slices(
    scores: Table,
    slices: Sequence[Slice],
    metrics: Sequence[Metric],
    index: dict[str, int],
    models: Iterable[str],
) -> dict[str, Any]:
    sizes = [scores.get(MetricKey(ROWS, of)) for of in slices]
    return {
        "silo": [index.get(of.silo, -1) for of in slices],
        "column": [of.column for of in slices],
        "group": [of.group for of in slices],
        "rows": [cell.rows if cell else 0 for cell in sizes],
        "note": [cell.note if cell else "" for cell in sizes],
        "figures": {
            model: _figures(scores, slices, metrics, model) for model in models
        },
    }


def _inside(
    scores: Table,
    slices: Sequence[Slice],
    metrics: Sequence[Metric],
    index: dict[str, int],
) -> dict[str, Any]:
    """Return the groups inside silos; of other models only what ranks them."""
    made = _slices(scores, slices, metrics, index, (CANDIDATE,))
    others = {
        model: _figures(scores, slices, [(RANKED_BY, None)], model)
        for model in (BASELINE, CHANGE)
    }
    return made | {"figures": made["figures"] | others}


def _figures(
    scores: Table, slices: Sequence[Slice], metrics: Sequence[Metric], model: str
) -> dict[str, list[list[Number]]]:
    found = {}
    for metric, threshold in metrics:
        cells = [
            scores.get(MetricKey(metric, of, model, threshold=threshold))
            for of in slices
        ]
        if any(cell is not None and cell.is_number for cell in cells):
            found[name_of((metric, threshold))] = columns(cells)
    return found


def columns(cells: Sequence[Figure | None]) -> list[list[Number]]:
    """Return values, and how far intervals reach below and above, in units.

    The latter two columns are left out where no cell has an interval.
    """
    known = [cell if cell is not None and cell.is_number else None for cell in cells]
    value = [in_units(cell.value) if cell else None for cell in known]
    below = [_away(cell, cell.low, -1) if cell else None for cell in known]
    above = [_away(cell, cell.high, 1) if cell else None for cell in known]
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


def _gaps(scores: Table, silos: Sequence[str]) -> dict[str, Any]:
    """Return the figures over the groups inside each silo, by slice column."""
    found = {}
    for column in scores.columns:
        slices = [Slice(silo, column) for silo in silos]
        figures = {
            name: columns[:1]
            for metric in MEASURES
            for threshold in (None, *scores.thresholds(metric))
            for name, columns in _figures(
                scores, slices, [(metric, threshold)], CANDIDATE
            ).items()
        }
        if figures:
            found[column] = figures
    return found


def _calibration(scores: Table, index: dict[str, int]) -> list[dict[str, Any]]:
    """Return a curve for all rows, each group and each silo; bins from low to high."""
    edges = scores.thresholds("calibration_observed")
    places = [
        OVERALL,
        *(of for of in scores.slices if of.column and not of.silo),
        *(Slice(silo) for silo in index),
    ]
    found = []
    for of in places:
        bins = [
            [
                in_units(predicted.value),
                in_units(observed.value),
                _away(observed, observed.low, -1),
                _away(observed, observed.high, 1),
                observed.rows,
            ]
            for edge in edges
            if (observed := _curve(scores, "calibration_observed", of, edge))
            and (predicted := _curve(scores, "calibration_predicted", of, edge))
        ]
        if bins:
            found.append(
                {
                    "silo": index.get(of.silo, -1),
                    "column": of.column,
                    "group": of.group,
                    "bins": bins,
                }
            )
    return found


def _curve(scores: Table, metric: str, of: Slice, edge: float) -> Figure | None:
    cell = scores.get(MetricKey(metric, of, threshold=edge))
    return cell if cell is not None and cell.is_number else None


def _sizes(scores: Table, metrics: Sequence[Metric]) -> dict[str, Number]:
    """Return the correlation of each metric with the silo's size."""
    asked = {
        name_of((metric, threshold)): scores.get(
            MetricKey(f"size_correlation_{metric}", OVER_SILOS, threshold=threshold)
        )
        for metric, threshold in metrics
    }
    return {
        name: in_units(cell.value)
        for name, cell in asked.items()
        if cell is not None and cell.is_number
    }


def rounds(records: Sequence[RoundRecord]) -> dict[str, Any]:
    """Return the losses of the rounds, unit: nats an example.

    Losses are those of the model that a round started from, over each silo's
    training rows. The mean is weighted by rows, as the trainer minimises it.

    Args:
        records: The rounds, in order; rounds without a finite loss are left out.
    """
    points = [point for record in records if (point := _point(record))]
    silos = sorted({part.silo for record in records for part in record.silos})
    lines = [
        {
            "silo": silo,
            "points": [
                [record.round, round(part.loss_before, 5)]
                for record in records
                for part in record.silos
                if part.silo == silo and math.isfinite(part.loss_before)
            ],
        }
        for silo in (silos if len(silos) <= MAX_LINES else ())
    ]
    return {"rounds": points, "silos": lines}


def _point(record: RoundRecord) -> dict[str, Any] | None:
    losses = sorted(
        ((part.loss_before, part.silo) for part in record.silos), reverse=True
    )
    finite = [(loss, silo) for loss, silo in losses if math.isfinite(loss)]
    if not finite or not math.isfinite(record.loss_before):
        return None
    tenth = finite[: max(1, math.ceil(len(finite) / 10))]
    return {
        "round": record.round,
        "worst": round(finite[0][0], 5),
        "worstSilo": finite[0][1],
        "worstTenth": round(sum(loss for loss, _ in tenth) / len(tenth), 5),
        "mean": round(record.loss_before, 5),
        "after": round(record.loss_after, 5)
        if math.isfinite(record.loss_after)
        else None,
        "numSilos": len(record.silos),
        "numDropped": len(record.dropped),
    }
