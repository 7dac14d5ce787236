"""Collects what silos disclose of a split, for all models: slices and totals."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches import cells, sketch, totals
from components.fairness_evaluator.sketches.cells import Cell, Sketch
from components.fairness_evaluator.sketches.rows import ScoredModel
from components.payloads import egress, manifest
from components.payloads.egress import EgressItem
from components.payloads.manifest import Manifest
from components.payloads.table import CROSS, crossed
from components.silos import engine, tasks

logger = logging.getLogger(__name__)

SKETCH = tasks.Task("sketch", sketch.sketch, totals.merge, imports=("tensorflow",))
# Figures of the following span are not shown by group, so none need leave the silo.
NEXT_SETTINGS = {"slices": (), "intersections": (), "silo_thresholds": False}


class Key(NamedTuple):
    """Which rows a slice holds."""

    silo: str = ""  # empty for all silos
    columns: tuple[str, ...] = ()  # empty for all rows
    values: tuple[str, ...] = ()  # one a column; `(TOO_FEW,)` for the small ones
    # `next`: of that split; `totals.COMPARED` and a model: of its silos.
    rows_of: str = ""

    @property
    def slice(self) -> str:
        """The columns as the tidy table writes them."""
        return CROSS.join(self.columns)

    @property
    def group(self) -> str:
        """The values as the tidy table writes them."""
        return crossed(self.values)


@dataclasses.dataclass(frozen=True)
class Collected:
    """What all silos disclose of a split."""

    cells: dict[str, dict[Key, Cell]]  # by model, sorted by key
    failures: dict[str, str]  # why the first model could not be scored, by silo
    egress: dict[str, EgressItem]  # what left each silo


def collect(
    examples: Manifest,
    split: str,
    models: Sequence[ScoredModel],
    label: str,
    settings: EvaluationSettings,
    excluded: Collection[str] = (),
) -> Collected:
    """Sketch a split in all silos that have it, and merge.

    Args:
        examples: The silos' splits.
        split: Name of the split.
        models: The candidate, then those that it is compared with row by row.
        label: The label's column.
        settings: What is measured.
        excluded: Silos that were left out of training: shown, but not counted in
            figures over all silos.
    """
    if split == manifest.NEXT:
        settings = settings.model_copy(update=NEXT_SETTINGS)
    shared = {
        "label": label,
        "settings": settings.model_dump(mode="json"),
    }
    calls: list[tasks.Call] = [
        (
            entry.silo,
            {
                **shared,
                "models": [
                    dataclasses.asdict(model.of_silo(entry.silo.id)) for model in models
                ],
                "paths": entry.splits[split].paths,
                "digests": entry.digests(split),
                "counts": entry.silo.id not in excluded,
            },
        )
        # Floats are added up in the order of calls.
        for entry in sorted(examples.readable(split), key=lambda each: each.silo.id)
    ]
    found: dict[str, dict[Key, Cell]] = {model.name: {} for model in models}
    failures: dict[str, str] = {}
    left: dict[str, EgressItem] = {}
    outcomes, merged = engine.run_pooled(SKETCH, calls)
    for silo, outcome in outcomes:
        if isinstance(outcome, tasks.Failure):
            failures[silo.id] = outcome.sentence
            left[silo.id] = egress.of_failure(outcome.num_bytes)
            continue
        own_sketch = Sketch.of_bytes(outcome.payload)
        for model, of_model in own_sketch.cells.items():
            found[model] |= {Key(silo.id, *cell.slice): cell for cell in of_model}
        count = len(own_sketch) + outcome.values["pooled"]
        left[silo.id] = EgressItem("score sketches", count, outcome.num_bytes)
        _log(split, silo.id, outcome.values["rows"], outcome.values["unlabelled"])
    for known in found.values():
        if known:
            known[Key()] = cells.too_few_cell((), 0)  # there may be nobody who counts
    for name, total in Sketch.of_bytes(merged).cells.items():
        if name in found:
            found[name] |= _shown(total, settings.min_slice_rows)
        else:
            found[models[0].name] |= _shown(total, settings.min_slice_rows, name)
    by_model = {model: dict(sorted(found[model].items())) for model in found}
    return Collected(by_model, failures, left)


def _shown(
    found: Iterable[Cell], min_rows: int, rows_of: str = ""
) -> Iterator[tuple[Key, Cell]]:
    for cell in found:
        known = cell.rows >= min_rows
        yield (
            Key("", *cell.slice, rows_of),
            cell if known else Cell(*cell.slice, cell.rows, too_few=True),
        )


def _log(split: str, silo: str, rows: int, unlabelled: int) -> None:
    logger.info("split=%s silo=%s rows=%d unlabelled=%d", split, silo, rows, unlabelled)
    if unlabelled:
        logger.warning(
            "split=%s silo=%s: %d of %d rows have no label and are not evaluated",
            split,
            silo,
            unlabelled,
            rows + unlabelled,
        )
