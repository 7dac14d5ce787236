"""The silo task `sketch`: a split in, figures and parts of totals out.

All rows, the values of each slice column and of columns crossed make a family of
slices each. Of each model but the first the silo also discloses what can only be known
row by row beside the first. Figures of the silo's own slices are finished here.
Slices with too few rows leave as one row count a family, and with them those from
which they would follow; what they hold counts in totals over silos alone
(`totals.py`). So a silo with too few rows in all discloses their number alone.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.fairness_evaluator.figures import calibration
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches import bins, rows, suppression
from components.fairness_evaluator.sketches.cells import (
    Cell,
    Exact,
    Sketch,
    Slice,
    too_few_cell,
)
from components.fairness_evaluator.sketches.rows import Rows, ScoredModel
from components.payloads.silo import Silo
from components.scoring import roc
from components.scoring.losses import losses
from components.silos import tasks
from components.silos.tasks import Result

FEW_BINS = 6  # too few to tell how a part's rows stand among those of other silos


def sketch(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """Score a split inside its silo and fold the scores into cells.

    Args:
        silo: The silo.
        arguments: `paths` of the split's files, `models` (fields of each), `label`
            (column), `settings` (fields of `EvaluationSettings`), `counts` (whether
            in totals over silos).

    Returns:
        Values: `rows`, `unlabelled` (rows left out) and `pooled` (how many cells).
        Payload: the `Sketch` of the silo's own slices. Pooled: its `Sketch` for
        totals over silos. Missing: why a model but the first could not be scored.

    Raises:
        SiloError: See `rows.read`.
        FileError: The split can't be read or scored.
    """
    first, *others = (ScoredModel(**fields) for fields in arguments["models"])
    settings = EvaluationSettings.model_validate(arguments["settings"])
    paths = arguments["paths"]
    found = rows.read(silo, paths, first, arguments["label"], settings.slices)
    missing = None
    for model in others:
        try:
            found.add_scores(silo, paths, model)
        except Exception as error:
            missing = tasks.failure("sketch", silo, error)
    own, part = divide(found, settings)
    if not arguments["counts"]:
        part = Sketch({})
    values = {
        "rows": len(found.labels),
        "unlabelled": int((~found.is_labelled).sum()),
        "pooled": len(part),
    }
    pooled = part.to_bytes() if len(part) else b""
    return Result(values, own.to_bytes(), pooled, missing)


def divide(found: Rows, settings: EvaluationSettings) -> tuple[Sketch, Sketch]:
    """Return what leaves under the silo's name, and its part of totals over silos.

    Slices with fewer than `min_slice_rows` are hidden, and those from which they would
    follow: of a silo with fewer rows in all, everything.
    """
    every = {model: list(cells(found, model, settings)) for model in found.scores}
    hidden = _hidden(next(iter(every.values())), settings.min_slice_rows)
    too_few: Counter[tuple[str, ...]] = Counter({} if len(found.labels) else {(): 0})
    for (columns, _), num in hidden.items():
        too_few[columns] += num
    own = {
        model: [
            *(own_slice(cell) for cell in of_model if cell.slice not in hidden),
            *(too_few_cell(columns, num) for columns, num in too_few.items()),
        ]
        for model, of_model in every.items()
    }
    parts = {
        model: [part(cell, settings, cell.slice in hidden) for cell in of_model]
        for model, of_model in every.items()
    }
    limits = settings.min_slice_rows, settings.rows_per_bin, settings.bins
    return Sketch(own), Sketch(parts, *limits)


def _hidden(found: Sequence[Cell], min_rows: int) -> dict[Slice, int]:
    """Return the slices to hide with their rows, family by family."""
    of_family: dict[tuple[str, ...], dict[tuple[str, ...], int]] = defaultdict(dict)
    for cell in found:
        of_family[cell.columns][cell.values] = cell.rows
    small = {
        columns: {values for values, num in family.items() if num < min_rows}
        for columns, family in of_family.items()
    }
    hidden = suppression.hide_families(of_family, small, min_rows)
    return {
        (columns, values): of_family[columns][values]
        for columns, chosen in hidden.items()
        for values in sorted(chosen)
    }


def own_slice(cell: Cell) -> Cell:
    """Return what a slice of the silo discloses under its name: finished figures."""
    empty = Cell((), (), 0)
    return dataclasses.replace(cell, curve=empty.curve, bins=empty.bins)


def part(cell: Cell, settings: EvaluationSettings, is_hidden: bool = False) -> Cell:
    """Return what a slice of the silo adds to the total over silos."""
    curve = cell.curve
    if cell.rows >= settings.min_slice_rows:
        curve = calibration.blurred(curve, settings.rows_per_bin)
    return dataclasses.replace(cell, exact=None, curve=curve, is_hidden=is_hidden)


def is_small(num: int, settings: EvaluationSettings) -> bool:
    """Return whether a part of a total has a bin for each score.

    It leaves only as part of a sum; `totals.py` makes bins with rows enough of that.
    """
    return num < max(settings.min_slice_rows, FEW_BINS * settings.rows_per_bin)


def cells(found: Rows, model: str, settings: EvaluationSettings) -> Iterator[Cell]:
    """Yield the cell of each slice, by family sorted by values.

    It has both the finished figures and the bins; `own_slice` and `part` take from it
    what leaves the silo.
    """
    first = next(iter(found.scores))
    order = np.argsort(found.scores[model], kind="stable")
    scores, labels = found.scores[model][order], found.labels[order]
    own = losses(labels, scores)
    addends = {"scores": scores, **own}
    addends |= {f"{name}_squares": each**2 for name, each in own.items()}
    of_first = None if model == first else found.scores[first][order]
    if of_first is not None:
        other = losses(labels, of_first)
        addends |= {f"{name}_products": own[name] * other[name] for name in own}
    places = bins.place(scores)
    for columns in ((), *settings.families):
        codes, values = found.groups(columns)
        for inside, named in _groups(codes[order], values):
            truth, mine = labels[inside], scores[inside]
            sums: dict[str, Any] = {
                name: float(each[inside].sum()) for name, each in addends.items()
            }
            if of_first is not None:
                sums |= _paired(truth, mine, of_first[inside], settings.thresholds)
            curve = calibration.curve(mine, truth)
            least = 1 if is_small(len(inside), settings) else settings.rows_per_bin
            yield Cell(
                columns,
                named,
                len(inside),
                positives=int(truth.sum()),
                **sums,
                above=_above(truth, mine, settings.thresholds),
                exact=_exact(truth, mine, curve, settings, of_all=not columns),
                curve=curve,
                bins=bins.make(places[inside], truth, least, settings.bins),
            )


def _paired(
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    of_first: NDArray[np.float64],
    thresholds: Sequence[float],
) -> dict[str, Any]:
    """Return what a model's scores have in common with the first model's."""
    correlation = roc.correlation(of_first, scores, labels)
    known = 0 if math.isnan(correlation) else len(labels)
    return {
        "both_above": _above(labels, np.minimum(scores, of_first), thresholds),
        "correlation": correlation * known if known else 0.0,
        "correlated": known,
    }


def _groups(
    codes: NDArray[np.int64], values: Sequence[tuple[str, ...]]
) -> Iterator[tuple[NDArray[np.int64], tuple[str, ...]]]:
    """Yield the rows of each group, in their order, by sorted values."""
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(len(values) + 1))
    for code in sorted(range(len(values)), key=values.__getitem__):
        yield order[ends[code] : ends[code + 1]], values[code]


def _above(
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    thresholds: Sequence[float],
) -> NDArray[np.int64]:
    """Return the rows of each label above each threshold."""
    passed = np.searchsorted(thresholds, scores, side="left")
    steps = len(thresholds) + 1
    found = np.bincount(labels * steps + passed, minlength=2 * steps).reshape(2, steps)
    above: NDArray[np.int64] = found[:, :0:-1].cumsum(axis=1)[:, ::-1]
    return above


def _exact(
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    curve: calibration.Curve,
    settings: EvaluationSettings,
    *,
    of_all: bool,
) -> Exact:
    """Return the figures of rows in rising order of their scores.

    The curves of a silo's groups are shown nowhere, nor have they own thresholds.
    """
    begins = np.flatnonzero(np.diff(scores, prepend=-1.0))
    positives = np.add.reduceat(labels, begins)
    negatives = np.diff(begins, append=len(scores)) - positives
    found = Exact(
        *roc.area(negatives, positives),
        roc.average_precision(negatives, positives),
        *calibration.error(curve),
    )
    if of_all:
        joined = calibration.joined(curve, settings.min_slice_rows)
        found = dataclasses.replace(found, curve=joined)
        if settings.silo_thresholds:
            least = settings.rows_per_bin
            cuts = bins.cuts(scores, labels, least, settings.bins)
            found = dataclasses.replace(found, cuts=cuts)
    return found
