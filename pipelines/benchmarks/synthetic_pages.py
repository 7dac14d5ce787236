"""Evaluations made up in any size: for measuring pages, and for their tests.

The figures are smooth functions of a slice's size and AUC, not computed from rows:
plausible, and the same each time.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from components.payloads import table
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
OVER_SILOS = ("auc", "pr_auc", "log_loss", "brier", "calibration_error")
GAIN = 0.02  # of the candidate's AUC over the baseline


@dataclasses.dataclass(frozen=True)
class Place:
    """A slice with what its figures are made from.

    Attributes:
        silo: As in `Figure`.
        slice: As in `Figure`.
        group: As in `Figure`.
        auc: The candidate's AUC.
        rows: Rows; None for too few.
    """

    silo: str = ""
    slice: str = ""
    group: str = ""
    auc: float = 0.7
    rows: int | None = 100_000

    def figure(self, metric: str, model: str = CANDIDATE, **rest: object) -> Figure:
        """Return one figure of the slice."""
        made: dict[str, object] = {"rows": self.rows or 7, **rest}
        return Figure(model, "eval", self.silo, self.slice, self.group, metric, **made)  # type: ignore[arg-type]


def evaluation(
    silos: Mapping[str, tuple[float, int | None]],
    columns: Mapping[str, Sequence[str]],
    thresholds: Sequence[float] = (0.25, 0.5, 0.75),
    crossed: Sequence[str] = (),
    not_judged: Sequence[str] = (),
) -> Table:
    """Return the table of an evaluation with a baseline.

    Args:
        silos: AUC and rows of each silo; no rows for too few.
        columns: The groups of each slice column.
        thresholds: Where rates are taken.
        crossed: Columns whose intersection is evaluated too; none or two of them.
        not_judged: Silos that take no part in the figures over the silos.
    """
    families = {column: list(groups) for column, groups in columns.items()}
    if crossed:
        families[CROSS.join(crossed)] = [
            CROSS.join(values)
            for values in itertools.product(*(columns[name] for name in crossed))
        ]
    total = Place(rows=sum(rows or 7 for _, rows in silos.values()))
    places = [total, *_groups(total, families)]
    for silo, (auc, rows) in silos.items():
        place = Place(silo, auc=auc, rows=rows)
        places += [place, *(_groups(place, families) if rows else ())]
    figures = [figure for place in places for figure in _slice(place, thresholds)]
    for silo in ("", *(name for name, (_, rows) in silos.items() if rows)):
        for column in families:
            own = [p for p in places if (p.silo, p.slice) == (silo, column)]
            figures += _over_groups(silo, column, own, thresholds)
    judged = {
        name: (auc, rows)
        for name, (auc, rows) in silos.items()
        if rows and name not in not_judged
    }
    figures += _over_silos(judged, thresholds)
    figures += [
        dataclasses.replace(figure, split="next", value=(figure.value or 0) - 0.01)
        for figure in figures
        if figure.metric == "auc" and not figure.slice and figure.model == CANDIDATE
    ]
    return table.of(figures)


def _groups(place: Place, families: Mapping[str, Sequence[str]]) -> Iterator[Place]:
    for column, groups in families.items():
        for index, group in enumerate(groups):
            share = (place.rows or 0) // (len(groups) + index)
            yield Place(
                place.silo,
                column,
                group,
                place.auc - 0.06 + 0.03 * ((index * 2) % 5),
                share if share >= 30 else None,
            )


def _slice(place: Place, thresholds: Sequence[float]) -> Iterator[Figure]:
    if place.rows is None:
        for model in (CANDIDATE, BASELINE):
            yield place.figure("rows", model, note=TOO_FEW)
        return
    for model, auc in ((CANDIDATE, place.auc), (BASELINE, place.auc - GAIN)):
        for metric, threshold, value in _values(auc, thresholds):
            # An uneven interval shows which end is which.
            width = 0.7 / math.sqrt(place.rows)
            yield place.figure(
                metric,
                model,
                threshold=threshold,
                value=value,
                low=value - width,
                high=value + 1.5 * width,
                positives=place.rows // 4,
            )
        yield place.figure("rows", model, value=float(place.rows))
    yield from _changes(place, thresholds)
    if not (place.silo and place.slice):
        yield from _calibration(place)


def _values(
    auc: float, thresholds: Sequence[float]
) -> Iterator[tuple[str, float | None, float]]:
    yield "auc", None, auc
    yield "pr_auc", None, auc * 0.8
    yield "log_loss", None, 1.2 - auc
    yield "brier", None, 0.5 - auc / 2
    yield "calibration_error", None, 0.12 - auc / 10
    yield "base_rate", None, 0.25
    for threshold in thresholds:
        tpr, fpr = auc * (1.3 - threshold), (1 - auc) * (1.2 - threshold)
        rates = (tpr, fpr, 1 - tpr, 0.25 * tpr + 0.75 * fpr, 0.2 + threshold * auc)
        yield from ((name, threshold, v) for name, v in zip(RATES, rates, strict=True))


def _changes(place: Place, thresholds: Sequence[float]) -> Iterator[Figure]:
    now = {(m, t): v for m, t, v in _values(place.auc, thresholds)}
    before = {(m, t): v for m, t, v in _values(place.auc - GAIN, thresholds)}
    width = 0.35 / math.sqrt(place.rows or 1)
    for (metric, threshold), value in now.items():
        if metric not in {"auc", "log_loss", "brier", "tpr", "fpr", "positive_rate"}:
            continue
        # Where the AUC is low, it is lower than before.
        sign = 1 if place.auc > 0.64 else -1
        change = sign * (value - before[metric, threshold])
        yield place.figure(
            metric,
            CHANGE,
            threshold=threshold,
            value=change,
            low=change - width,
            high=change + width,
        )


def _calibration(place: Place) -> Iterator[Figure]:
    for index in range(10):
        edge = round(0.1 * (index + 1), 1)
        predicted, rows = edge - 0.05, (place.rows or 0) // (3 + index)
        observed = min(1.0, predicted**1.2 * (0.8 + 0.3 * place.auc))
        width = 0.5 / math.sqrt(max(rows, 1))
        yield place.figure(
            "calibration_observed",
            threshold=edge,
            value=observed,
            low=max(0.0, observed - width),
            high=min(1.0, observed + width),
            rows=rows,
        )
        yield place.figure(
            "calibration_predicted", threshold=edge, value=predicted, rows=rows
        )


def _over_groups(
    silo: str, column: str, groups: Sequence[Place], thresholds: Sequence[float]
) -> Iterator[Figure]:
    known = sorted((p for p in groups if p.rows), key=lambda place: place.auc)
    if len(known) < 2:
        return
    low, high = known[0], known[-1]
    about = f"{high.group} ({high.auc:.2f}) and {low.group} ({low.auc:.2f})"[:200]
    place = Place(silo, column, rows=sum(p.rows or 0 for p in known))
    gap = high.auc - low.auc
    figures: list[tuple[str, float | None, float, str]] = [
        ("auc_gap", None, gap, about),
        ("worst_auc", None, low.auc, low.group[:200]),
        ("worst_calibration_error", None, gap / 2, low.group[:200]),
    ]
    for threshold in thresholds:
        figures += [
            (name, threshold, value, about)
            for name, value in (
                ("demographic_parity_difference", gap * 0.5),
                ("demographic_parity_ratio", 1 - gap * 2.2),
                ("equal_opportunity_difference", gap * 0.9),
                ("equalized_odds_difference", gap * 1.1),
                ("predictive_parity_difference", gap * 0.4),
                ("fpr_difference", gap * 0.6),
                ("between_groups_theil", gap * 0.02),
            )
        ]
    for model in (CANDIDATE, BASELINE):
        for name, at, value, who in figures:
            yield place.figure(
                name,
                model,
                threshold=at,
                value=value,
                low=value * 0.8,
                high=value * 1.3,
                about=who,
            )


def _over_silos(
    judged: Mapping[str, tuple[float, int | None]], thresholds: Sequence[float]
) -> Iterator[Figure]:
    if not judged:
        return
    ranked = sorted(judged.items(), key=lambda item: item[1][0])
    worst, best = ranked[0], ranked[-1]
    tenth = ranked[: max(1, math.ceil(len(ranked) / 10))]
    place = Place(slice=SILO, rows=sum(rows or 0 for _, rows in judged.values()))
    for model in (CANDIDATE, BASELINE):
        for metric, threshold in (
            *((metric, None) for metric in OVER_SILOS),
            *((metric, threshold) for metric in RATES for threshold in thresholds),
        ):
            if metric == "fnr":
                continue
            names = ", ".join(name for name, _ in tenth)[:200]
            for name, value, about in (
                ("worst", worst[1][0], worst[0][:200]),
                ("worst_tenth", worst[1][0] + 0.005, names),
                ("mean", 0.7, ""),
                ("variance", 0.0004, ""),
                ("gap", best[1][0] - worst[1][0], ""),
                ("gini", 0.021, ""),
                ("size_correlation", 0.31, ""),
            ):
                yield place.figure(
                    f"{name}_{metric}",
                    model,
                    threshold=threshold,
                    value=value,
                    about=about,
                )
