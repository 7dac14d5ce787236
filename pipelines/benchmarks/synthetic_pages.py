"""Evaluations made up in any size: for measuring pages, and for their tests.

The figures are smooth functions of a slice's size and AUC, not computed from rows:
plausible, and the same each time.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.payloads import contribution, table
from components.payloads.contribution import ContributionReport, SiloContribution
from components.payloads.interval import Interval
from components.payloads.table import (
    BASELINE,
    CANDIDATE,
    CHANGE,
    CROSS,
    SILO,
    TOO_FEW,
    Figure,
    Table,
)

RATES = ("tpr", "fpr", "fnr", "positive_rate", "precision")
SHOWN_RATES = ("tpr", "fpr", "positive_rate", "precision")
OVER_SILOS = ("auc", "pr_auc", "log_loss", "brier", "calibration_error")
CHANGED = {"auc", "log_loss", "brier", "tpr", "fpr", "positive_rate"}
# Over groups: how much of the AUC gap each rate's difference is.
DIFFERENCES = {
    "demographic_parity_difference": 0.5,
    "equal_opportunity_difference": 0.9,
    "equalized_odds_difference": 1.1,
    "predictive_parity_difference": 0.4,
    "fpr_difference": 0.6,
    "between_groups_theil": 0.02,
}
HELPERS = 100  # silos of an audit whose effects on each other are made
GAIN = 0.02  # of the candidate's AUC over the baseline
Silos = Mapping[str, tuple[float, int | None]]  # AUC and rows; no rows for too few


@dataclasses.dataclass(frozen=True)
class Place:
    """A slice, and the AUC and rows that its figures are made from."""

    silo: str = ""
    slice: str = ""
    group: str = ""
    auc: float = 0.7
    rows: int | None = 100_000  # None for too few

    def figure(self, metric: str, model: str = CANDIDATE, **rest: Any) -> Figure:  # noqa: ANN401
        """Return one figure of the slice."""
        made = {"rows": self.rows or 7, **rest}
        return Figure(model, "eval", self.silo, self.slice, self.group, metric, **made)


def evaluation(
    silos: Silos,
    columns: Mapping[str, Sequence[str]],
    thresholds: Sequence[float] = (0.25, 0.5, 0.75),
    crossed: Sequence[str] = (),
    not_judged: Sequence[str] = (),
) -> Table:
    """Return the table of an evaluation with a baseline.

    Args:
        silos: AUC and rows of each silo.
        columns: The groups of each slice column.
        thresholds: Where rates are taken.
        crossed: Columns whose intersection is evaluated too; none or two of them.
        not_judged: Silos that take no part in the figures over the silos.
    """
    families = {column: list(groups) for column, groups in columns.items()}
    if crossed:
        values = itertools.product(*(columns[name] for name in crossed))
        families[CROSS.join(crossed)] = [CROSS.join(each) for each in values]
    total = Place(rows=sum(rows or 7 for _, rows in silos.values()))
    places = [total, *(Place(it, "", "", *of) for it, of in silos.items())]
    figures: list[Figure] = []
    for place in places:
        figures += _slice(place, thresholds)
        for column, groups in families.items() if place.rows else ():
            own = [
                Place(
                    place.silo,
                    column,
                    group,
                    place.auc - 0.06 + 0.03 * ((index * 2) % 5),
                    rows
                    if (rows := _share(place, len(groups) + index)) >= 30
                    else None,
                )
                for index, group in enumerate(groups)
            ]
            figures += [it for each in own for it in _slice(each, thresholds)]
            figures += _over_groups(place.silo, column, own, thresholds)
    judged = {it: of for it, of in silos.items() if of[1] and it not in not_judged}
    figures += _over_silos(judged, thresholds)
    figures += [
        dataclasses.replace(figure, split="next", value=(figure.value or 0) - 0.01)
        for figure in figures
        if figure.metric == "auc" and not figure.slice and figure.model == CANDIDATE
    ]
    return table.make_table(figures)


def contributions(rows: Mapping[str, int]) -> ContributionReport:
    """Return an audit of silos by their rows: a third of them help, none rides."""
    helpers = [*rows][:HELPERS]

    def around(value: float, width: float) -> Interval:
        return Interval(value, value - width, value + 1.2 * width)

    def made(place: int, silo: str) -> SiloContribution:
        value, width = math.sin(1.7 * place), 8 / math.sqrt(rows[silo])
        known = value > width
        others = helpers if silo in helpers else []
        return SiloContribution(
            silo,
            contribution.CONTRIBUTES if known else contribution.UNKNOWN,
            "it surely helps others" if known else "its effect may be chance",
            rows=rows[silo],
            measures={"distinct": 1.0, "shared": 0.01, "rank_z": 9.0, "echo": 0.3},
            contribution=around(value, width),
            per_thousand=around(1000 * value / rows[silo], 1000 * width / rows[silo]),
            ranks=(1 + place // 2, 1 + place),
            gain=around(GAIN * (1 + math.cos(place)), width / 9),
            shares=dict.fromkeys(contribution.UTILITIES, max(0.0, value) / len(rows)),
            helps={
                other: around(0.2 * value * math.cos(0.9 * (place - on)), 0.06)
                for on, other in enumerate(others)
                if other != silo
            },
        )

    silos = tuple(made(*it) for it in enumerate(rows))
    return ContributionReport(silos, (4, 9), "shapley")


def _share(place: Place, parts: int) -> int:
    return (place.rows or 0) // parts


def _slice(place: Place, thresholds: Sequence[float]) -> Iterator[Figure]:
    if place.rows is None:
        for model in (CANDIDATE, BASELINE):
            yield place.figure("rows", model, note=TOO_FEW)
        return
    now, before = (_values(auc, thresholds) for auc in (place.auc, place.auc - GAIN))
    width = 0.7 / math.sqrt(place.rows)
    for model, values in ((CANDIDATE, now), (BASELINE, before)):
        yield place.figure("rows", model, value=float(place.rows))
        for (metric, at), value in values.items():
            more: dict[str, Any] = {"threshold": at, "positives": place.rows // 4}
            # An uneven interval shows which end is which.
            ends: dict[str, Any] = {"low": value - width, "high": value + 1.5 * width}
            yield place.figure(metric, model, value=value, **ends, **more)
    sign = 1 if place.auc > 0.64 else -1  # where the AUC is low, it fell
    for (metric, at), value in now.items():
        if metric in CHANGED:
            change = sign * (value - before[metric, at])
            ends = {"low": change - width / 2, "high": change + width / 2}
            yield place.figure(metric, CHANGE, threshold=at, value=change, **ends)
    for index in range(10) if not (place.silo and place.slice) else ():
        edge = round(0.1 * (index + 1), 1)
        predicted, rows = edge - 0.05, place.rows // (3 + index)
        observed = min(1.0, predicted**1.2 * (0.8 + 0.3 * place.auc))
        more = {"threshold": edge, "rows": rows}
        reach = 0.5 / math.sqrt(max(rows, 1))
        ends = {"low": max(0.0, observed - reach), "high": min(1.0, observed + reach)}
        yield place.figure("calibration_observed", value=observed, **ends, **more)
        yield place.figure("calibration_predicted", value=predicted, **more)


def _values(
    auc: float, thresholds: Sequence[float]
) -> dict[tuple[str, float | None], float]:
    found: dict[tuple[str, float | None], float] = {
        ("auc", None): auc,
        ("pr_auc", None): auc * 0.8,
        ("log_loss", None): 1.2 - auc,
        ("brier", None): 0.5 - auc / 2,
        ("calibration_error", None): 0.12 - auc / 10,
        ("base_rate", None): 0.25,
    }
    for threshold in thresholds:
        tpr, fpr = auc * (1.3 - threshold), (1 - auc) * (1.2 - threshold)
        rates = (tpr, fpr, 1 - tpr, 0.25 * tpr + 0.75 * fpr, 0.2 + threshold * auc)
        found |= {
            (it, threshold): value for it, value in zip(RATES, rates, strict=True)
        }
    return found


def _over_groups(
    silo: str, column: str, groups: Sequence[Place], thresholds: Sequence[float]
) -> Iterator[Figure]:
    known = sorted((p for p in groups if p.rows), key=lambda place: place.auc)
    if len(known) < 2:
        return
    low, high = known[0], known[-1]
    both = f"{high.group} ({high.auc:.2f}) and {low.group} ({low.auc:.2f})"[:200]
    place = Place(silo, column, rows=sum(p.rows or 0 for p in known))
    gap = high.auc - low.auc
    figures: list[tuple[str, float | None, float, str]] = [
        ("auc_gap", None, gap, both),
        ("worst_auc", None, low.auc, low.group[:200]),
        ("worst_calibration_error", None, gap / 2, low.group[:200]),
    ]
    for threshold in thresholds:
        ratio = ("demographic_parity_ratio", threshold, 1 - gap * 2.2, both)
        figures += [
            ratio,
            *((name, threshold, gap * by, both) for name, by in DIFFERENCES.items()),
        ]
    for model in (CANDIDATE, BASELINE):
        for name, at, value, about in figures:
            ends = {"value": value, "low": value * 0.8, "high": value * 1.3}
            yield place.figure(name, model, threshold=at, about=about, **ends)


def _over_silos(judged: Silos, thresholds: Sequence[float]) -> Iterator[Figure]:
    if not judged:
        return
    ranked = sorted(judged.items(), key=lambda item: item[1][0])
    (worst, (low, _)), (_, (high, _)) = ranked[0], ranked[-1]
    tenth = [name for name, _ in ranked[: math.ceil(len(ranked) / 10)]]
    place = Place(slice=SILO, rows=sum(rows or 0 for _, rows in judged.values()))
    values = {
        "worst": (low, worst[:200]),
        "worst_tenth": (low + 0.005, ", ".join(tenth)[:200]),
        "mean": (0.7, ""),
        "variance": (0.0004, ""),
        "gap": (high - low, ""),
        "gini": (0.021, ""),
        "size_correlation": (0.31, ""),
    }
    metrics = [
        *((it, None) for it in OVER_SILOS),
        *itertools.product(SHOWN_RATES, thresholds),
    ]
    for model, (metric, at) in itertools.product((CANDIDATE, BASELINE), metrics):
        for name, (value, about) in values.items():
            more = {"threshold": at, "value": value, "about": about}
            yield place.figure(f"{name}_{metric}", model, **more)
