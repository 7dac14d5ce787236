"""The silo task `sketch`: a split in, figures and parts of totals out.

All rows, the values of each slice column and of columns crossed make a family of
slices each. One or two models score the rows in one pass; of two the silo also tells
what can only be known row by row (`Pair`). Figures of the silo's own slices are
finished here. Slices with too few rows leave as one row count a family, and with them
those from which they would follow; what they hold counts in totals over silos alone
(`totals.py`). So a silo with too few rows in all tells their number alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from components.fairness_evaluator.sketches import cells, folds, rows, suppression
from components.fairness_evaluator.sketches.cells import Cell, Sketch, Slice
from components.fairness_evaluator.sketches.folds import Detail
from components.fairness_evaluator.sketches.models import ScoredModel
from components.fairness_evaluator.sketches.rows import Rows
from components.payloads.silo import Silo
from components.silos import tasks
from components.silos.tasks import Result


def sketch(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """Score a split inside its silo and fold the scores into cells and pairs.

    Args:
        silo: The silo.
        arguments: `paths` of the split's files, `models` (fields of one or two),
            `label` (column), `families` (their columns), `detail` (fields of `Detail`),
            `counts` (whether in totals over silos).

    Returns:
        Values: `rows`, `unlabelled` (rows left out), `pooled` (how many cells and
        pairs), and `not_compared`: why the second model could not be scored, else
        empty. Payload: the `Sketch` of the silo's own slices. Pooled: its `Sketch`
        for totals over silos.

    Raises:
        SiloError: See `rows.read`.
        FileError: The split can't be read or scored.
    """
    models = [ScoredModel(**fields) for fields in arguments["models"]]
    missing = None
    try:
        found = _read(silo, arguments, models)
    except Exception as error:
        # Where the first model alone can be scored, the second was the cause.
        if len(models) == 1:
            raise
        missing = tasks.failure("sketch", silo, error)
        found = _read(silo, arguments, models[:1])
    families = [(), *map(tuple, arguments["families"])]
    own, part = divide(found, families, Detail(**arguments["detail"]))
    if not arguments["counts"]:
        part = Sketch({})
    values = {
        "rows": len(found.labels),
        "unlabelled": found.unlabelled,
        "pooled": len(part),
        "not_compared": missing.reason if missing else "",
    }
    pooled = part.to_bytes() if len(part) else b""
    return Result(values, own.to_bytes(), pooled, missing)


def _read(silo: Silo, arguments: Mapping[str, Any], models: list[ScoredModel]) -> Rows:
    columns = {column for family in arguments["families"] for column in family}
    paths, label = arguments["paths"], arguments["label"]
    return rows.read(silo, paths, models, label, sorted(columns))


def divide(
    found: Rows, families: Sequence[tuple[str, ...]], detail: Detail
) -> tuple[Sketch, Sketch]:
    """Return what is told under the silo's name, and its part of totals over silos.

    Args:
        found: The rows.
        families: The columns of each family of slices; none for all rows.
        detail: How much is told. Slices with fewer than `min_slice_rows` are hidden,
            and those from which they would follow: of a silo with fewer rows in all,
            everything.
    """
    every = {
        model: list(folds.cells(found, model, families, detail))
        for model in found.scores
    }
    both = list(folds.pairs(found, families, detail)) if len(every) == 2 else []
    hidden = _hidden(next(iter(every.values())), detail.min_slice_rows)
    few: Counter[tuple[str, ...]] = Counter({} if len(found.labels) else {(): 0})
    for (columns, _), num in hidden.items():
        few[columns] += num
    own = {
        model: [
            *(folds.own(cell) for cell in of_model if cell.slice not in hidden),
            *(cells.few(columns, num) for columns, num in few.items()),
        ]
        for model, of_model in every.items()
    }
    parts = {
        model: [folds.part(cell, detail) for cell in of_model]
        for model, of_model in every.items()
    }
    shown = [pair for pair in both if pair.slice not in hidden]
    conditions = detail.min_slice_rows, detail.rows_per_bin, detail.bins
    return Sketch(own, shown), Sketch(parts, both, frozenset(hidden), *conditions)


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
