"""Collects what silos tell of a split, for one or two models: slices and totals."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches import cells, sketch, totals
from components.fairness_evaluator.sketches.cells import Cell, Pair, Sketch
from components.fairness_evaluator.sketches.folds import Detail
from components.fairness_evaluator.sketches.models import ScoredModel
from components.payloads import egress, manifest
from components.payloads.egress import EgressItem
from components.payloads.manifest import Manifest
from components.payloads.table import CROSS, crossed
from components.silos import engine, tasks

logger = logging.getLogger(__name__)

SKETCH = tasks.Task("sketch", sketch.sketch, totals.merge, imports=("tensorflow",))


class Key(NamedTuple):
    """Which rows a slice holds.

    Attributes:
        silo: The silo's id; empty for all silos.
        columns: The slice's columns; empty for all rows.
        values: Its values, one a column; `(TOO_FEW,)` for the values that are
            too small, together.
        of: Empty for the evaluation split; `next` for the following span's;
            `compared` for the silos of the evaluation split that know the baseline.
    """

    silo: str = ""
    columns: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    of: str = ""

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
    """What all silos tell of a split.

    Attributes:
        cells: The slices by model, sorted: overall, by silo, by value and by silo
            and value. Among the candidate's, where some silo lacks the baseline,
            those `of` the silos that are `compared`.
        pairs: Both models together, slice by slice; empty where there is one.
        failures: Why the first model could not be scored, by silo.
        not_compared: Why the second could not, where the first was, by silo.
        egress: What left each silo.
    """

    cells: dict[str, dict[Key, Cell]]
    pairs: dict[Key, Pair]
    failures: dict[str, str]
    not_compared: dict[str, str]
    egress: dict[str, EgressItem]


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
        models: One model, or two that are compared row by row: the candidate,
            then the baseline.
        label: The label's column.
        settings: What is measured.
        excluded: Silos that were left out of training: shown, but not counted in
            figures over all silos.
    """
    shared = {
        "models": [dataclasses.asdict(model) for model in models],
        "label": label,
        # Figures of the following span are not told by group, so its groups need
        # not leave the silo.
        "families": () if split == manifest.NEXT else settings.families,
        "detail": dataclasses.asdict(
            Detail(
                settings.thresholds,
                settings.min_slice_rows,
                settings.rows_per_bin,
                settings.bins,
                settings.silo_thresholds and split != manifest.NEXT,
            )
        ),
    }
    calls: list[tasks.Call] = [
        (
            entry.silo,
            {
                **shared,
                "paths": entry.splits[split].paths,
                "digests": entry.digests(split),
                "counts": entry.silo.id not in excluded,
            },
        )
        # Floats are added up in the order of calls.
        for entry in sorted(examples.readable(split), key=lambda each: each.silo.id)
    ]
    found: dict[str, Sketch] = {}
    failures: dict[str, str] = {}
    not_compared: dict[str, str] = {}
    left: dict[str, EgressItem] = {}
    outcomes, merged = engine.run_pooled(SKETCH, calls)
    for silo, outcome in outcomes:
        if isinstance(outcome, tasks.Failure):
            failures[silo.id] = outcome.sentence
            left[silo.id] = egress.of_failure(outcome.num_bytes)
            continue
        found[silo.id] = Sketch.of_bytes(outcome.payload)
        if outcome.values["not_compared"]:
            not_compared[silo.id] = outcome.values["not_compared"]
        count = len(found[silo.id]) + outcome.values["pooled"]
        left[silo.id] = EgressItem("score sketches", count, outcome.num_bytes)
        _log(split, silo.id, outcome.values)
    total = Sketch.of_bytes(merged)
    by_model = {
        model.name: _slices(model.name, found, total, settings.min_slice_rows)
        for model in models
    }
    if compared := total.cells.get(totals.COMPARED):
        first = by_model[models[0].name]
        for key, cell in _shown(compared, settings.min_slice_rows):
            first[key._replace(of=totals.COMPARED)] = cell
    pairs = {Key("", *pair.slice): pair for pair in total.pairs}
    pairs |= {
        Key(silo, *pair.slice): pair
        for silo, told in found.items()
        for pair in told.pairs
    }
    return Collected(
        by_model, dict(sorted(pairs.items())), failures, not_compared, left
    )


def _slices(
    model: str, found: Mapping[str, Sketch], total: Sketch, min_rows: int
) -> dict[Key, Cell]:
    slices = {
        Key(silo, *cell.slice): cell
        for silo, told in found.items()
        for cell in told.cells.get(model, ())
    }
    if slices:
        slices[Key()] = cells.few((), 0)  # there may be nobody who counts
    slices |= _shown(total.cells.get(model, ()), min_rows)
    return dict(sorted(slices.items()))


def _shown(found: Iterable[Cell], min_rows: int) -> Iterable[tuple[Key, Cell]]:
    for cell in found:
        yield (
            Key("", *cell.slice),
            cell.hidden() if cell.rows < min_rows else cell,
        )


def _log(split: str, silo: str, values: Mapping[str, Any]) -> None:
    logger.info(
        "split=%s silo=%s rows=%d unlabelled=%d",
        split,
        silo,
        values["rows"],
        values["unlabelled"],
    )
    if values["unlabelled"]:
        logger.warning(
            "split=%s silo=%s: %d of %d rows have no label and are not evaluated",
            split,
            silo,
            values["unlabelled"],
            values["rows"] + values["unlabelled"],
        )
