"""Collects the score sketches of a split from all silos, for one or two models."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches import pool, sketch, slices, told
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.pairs import Pair
from components.fairness_evaluator.sketches.slices import Key
from components.fairness_evaluator.sketches.subjects import Subject
from components.fairness_evaluator.sketches.told import Told
from components.payloads import egress, manifest
from components.payloads.egress import Departure
from components.payloads.manifest import Manifest
from components.silos import engine, tasks

logger = logging.getLogger(__name__)

SKETCH = tasks.Task("sketch", sketch.sketch, pool.merge, imports=("tensorflow",))


@dataclasses.dataclass(frozen=True)
class Collected:
    """The sketches of all silos, merged.

    Attributes:
        slices: The slices by subject: overall, by silo, by value and by silo and
            value.
        compared: The first subject's slices over the silos in which both were
            scored: the rows of `pairs`. It differs from `slices` only where
            `not_compared` names a silo.
        pairs: Both subjects together, slice by slice; empty where there is one.
        failures: Why the first subject could not be scored, by silo.
        not_compared: Why the second could not, where the first was, by silo.
        departures: What left each silo.
    """

    slices: dict[str, dict[Key, Cell]]
    compared: dict[Key, Cell]
    pairs: dict[Key, Pair]
    failures: dict[str, str]
    not_compared: dict[str, str]
    departures: dict[str, Departure]


def collect(
    examples: Manifest,
    split: str,
    subjects: Sequence[Subject],
    label: str,
    settings: EvaluationSettings,
    apart: Collection[str] = (),
) -> Collected:
    """Sketch a split in all silos that have it, and merge.

    Args:
        examples: The silos' splits.
        split: Name of the split.
        subjects: One model, or two that are compared row by row: the candidate,
            then the baseline.
        label: The label's column.
        settings: What is measured.
        apart: Silos that were left out of training: shown, but not counted in
            figures over all silos.
    """
    # Figures of the following span are not told by group, so its groups need not
    # leave the silo.
    families = () if split == manifest.NEXT else settings.families
    calls: list[tasks.Call] = [
        (
            entry.silo,
            {
                "paths": entry.splits[split].paths,
                "digests": entry.digests(split),
                "subjects": [dataclasses.asdict(subject) for subject in subjects],
                "label": label,
                "families": families,
                "thresholds": settings.thresholds,
                "min_slice_rows": settings.min_slice_rows,
                "bins": settings.bins,
                "counts": entry.silo.id not in apart,
            },
        )
        # The pool adds up floats in the order of calls.
        for entry in sorted(examples.readable(split), key=lambda each: each.silo.id)
    ]
    found: dict[str, Told] = {}
    failures: dict[str, str] = {}
    not_compared: dict[str, str] = {}
    left: dict[str, Departure] = {}
    outcomes, merged_pool = engine.run_pooled(SKETCH, calls)
    for silo, outcome in outcomes:
        if isinstance(outcome, tasks.Failure):
            failures[silo.id] = outcome.sentence
            left[silo.id] = egress.of_failure(outcome.num_bytes)
            continue
        found[silo.id] = told.from_bytes(outcome.payload)
        if outcome.values["not_compared"]:
            not_compared[silo.id] = outcome.values["not_compared"]
        left[silo.id] = _departure(found[silo.id], outcome)
        _log(split, silo.id, outcome.values)
    pooled = told.from_bytes(merged_pool)
    merged, compared, pairs = _merge(
        subjects, found, pooled, settings.min_slice_rows, apart
    )
    return Collected(merged, compared, pairs, failures, not_compared, left)


def _merge(
    subjects: Sequence[Subject],
    found: Mapping[str, Told],
    pooled: Told,
    min_rows: int,
    apart: Collection[str],
) -> tuple[dict[str, dict[Key, Cell]], dict[Key, Cell], dict[Key, Pair]]:
    merged = {
        subject.name: slices.merge(
            _of_model(found, subject.name),
            pooled.cells.get(subject.name, ()),
            min_rows,
            apart,
        )
        for subject in subjects
    }
    if len(subjects) == 1:
        return merged, {}, {}
    first, second = (subject.name for subject in subjects)
    both = {silo: told for silo, told in found.items() if second in told.cells}
    paired = {(pair.columns, pair.values) for pair in pooled.pairs}
    compared = slices.merge(
        _of_model(both, first),
        [
            cell
            for cell in pooled.cells.get(first, ())
            if (cell.columns, cell.values) in paired
        ],
        min_rows,
        apart,
    )
    told_pairs = {silo: told.pairs for silo, told in both.items()}
    paired_slices = slices.merge_pairs(told_pairs, pooled.pairs, compared, apart)
    return merged, compared, paired_slices


def _of_model(found: Mapping[str, Told], model: str) -> dict[str, list[Cell]]:
    return {
        silo: told.cells[model] for silo, told in found.items() if model in told.cells
    }


def _departure(told: Told, outcome: tasks.Result) -> Departure:
    return Departure(
        "score sketches",
        len(told) + outcome.values["pooled"],
        outcome.num_bytes,
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
