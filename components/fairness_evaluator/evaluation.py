"""The evaluation: sketches from all silos, TFMA on them, figures, a decision."""

from __future__ import annotations

import dataclasses
import logging
import pathlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from components.fairness_evaluator import bins, cells, decision, gates, slices, tidy
from components.fairness_evaluator.cells import Cell
from components.fairness_evaluator.decision import Baseline, Decision
from components.fairness_evaluator.settings import EvaluationSettings, GateSettings
from components.scoring import table
from components.scoring.table import Figure, Table
from components.silos import manifest, tasks
from components.silos.cohort import Cohort
from components.silos.departures import Departure
from components.silos.manifest import Manifest

logger = logging.getLogger(__name__)

BASELINE_FOLDER = "baseline"


@dataclasses.dataclass(frozen=True)
class Subject:
    """A model to evaluate.

    Attributes:
        name: `candidate` or `baseline`.
        folder: Its folder; see `scoring/model.py`.
        digest: Its digest.
    """

    name: str
    folder: str
    digest: str


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What an evaluation gives.

    Attributes:
        figures: The tidy table.
        decision: The decision.
        departures: What left each silo.
    """

    figures: Table
    decision: Decision
    departures: dict[str, list[Departure]]


@dataclasses.dataclass(frozen=True)
class _Sketches:
    cells: dict[str, list[Cell]]
    failures: dict[str, str]
    bytes: dict[str, int]


def evaluate(
    examples: Manifest,
    cohort: Cohort,
    candidate: Subject,
    baseline: Baseline | None,
    label: str,
    settings: EvaluationSettings,
    gate_settings: GateSettings,
    folder: str | pathlib.Path,
    beam_args: Sequence[str] = tasks.DIRECT,
) -> Outcome:
    """Evaluate a model on all silos that can be read, and decide.

    Args:
        examples: The silos' splits; `eval`, and `next` where it is known.
        cohort: Who trains; the others are shown, not judged.
        candidate: The model.
        baseline: The model in service before it; None when there is none.
        label: The label's column.
        settings: What is measured.
        gate_settings: What is demanded.
        folder: Where TFMA's results go, the baseline's in a folder below.
        beam_args: Beam's own flags.
    """
    subjects = [candidate]
    if baseline:
        subjects.append(Subject(table.BASELINE, baseline.uri, baseline.digest))
    edges = bins.edges(settings.bins, settings.thresholds)
    figures: list[Figure] = []
    failures: dict[str, dict[str, str]] = {}
    left: dict[str, list[Departure]] = defaultdict(list)
    for subject in subjects:
        for split in (manifest.EVAL, manifest.NEXT):
            found = _sketch(examples, split, subject, label, settings, beam_args)
            _account(left, found)
            merged = slices.merge(found.cells, settings.min_slice_rows)
            if split == manifest.EVAL:
                failures[subject.name] = found.failures
                place = _folder(folder, subject)
                figures += _with_tfma(
                    subject, split, merged, edges, settings, place, beam_args
                )
            else:
                figures += tidy.of_cells(subject.name, split, merged)
    tidy_table = table.of(figures)
    not_judged = gates.unjudged(
        tidy_table,
        examples.silos,
        _quarantined(cohort),
        _unreadable(examples) | failures[candidate.name],
        gate_settings,
    )
    results = gates.judge(tidy_table, not_judged, gate_settings, baseline is not None)
    verdict = decision.of_gates(results, baseline, not_judged)
    return Outcome(tidy_table, verdict, dict(left))


def refused(reason: str) -> Outcome:
    """Return the outcome where there is no model to evaluate."""
    sentence = f"{gates.REFUSED}{reason}"
    return Outcome(Table(), Decision(False, (sentence,)), {})


def _sketch(
    examples: Manifest,
    split: str,
    subject: Subject,
    label: str,
    settings: EvaluationSettings,
    beam_args: Sequence[str],
) -> _Sketches:
    calls: list[tasks.Call] = [
        (
            entry.silo,
            {
                "path": entry.splits[split].path,
                "model": subject.folder,
                "digest": subject.digest,
                "label": label,
                **settings.model_dump(mode="json"),
                # Figures of the following span are not told by group, so its
                # groups need not leave the silo.
                **({"slices": []} if split == manifest.NEXT else {}),
            },
        )
        for entry in examples.readable(split)
    ]
    found = _Sketches({}, {}, {})
    if not calls:
        return found
    for silo, outcome in tasks.run("sketch", calls, beam_args):
        if isinstance(outcome, tasks.Failure):
            found.failures[silo.id] = outcome.reason
            continue
        found.cells[silo.id] = cells.from_bytes(outcome.payload)
        found.bytes[silo.id] = len(outcome.payload)
        logger.info(
            "model=%s split=%s silo=%s rows=%d unlabelled=%d",
            subject.name,
            split,
            silo.id,
            outcome.values["rows"],
            outcome.values["unlabelled"],
        )
    return found


def _with_tfma(
    subject: Subject,
    split: str,
    merged: dict[slices.Key, Cell],
    edges: NDArray[np.float64],
    settings: EvaluationSettings,
    folder: pathlib.Path,
    beam_args: Sequence[str],
) -> list[Figure]:
    from components.fairness_evaluator import tfma_eval  # seconds to import

    if all(cell.too_few for cell in merged.values()):
        values = {}
    else:
        values = tfma_eval.evaluate(
            merged, edges, settings.thresholds, settings.slices, folder, beam_args
        )
    return list(
        tidy.of_tfma(subject.name, split, merged, values, settings.thresholds, edges)
    )


def _folder(folder: str | pathlib.Path, subject: Subject) -> pathlib.Path:
    below = BASELINE_FOLDER if subject.name == table.BASELINE else ""
    return pathlib.Path(folder, below)


def _account(left: dict[str, list[Departure]], found: _Sketches) -> None:
    for silo, told in found.cells.items():
        left[silo].append(Departure("score sketches", len(told), found.bytes[silo]))


def _quarantined(cohort: Cohort) -> dict[str, str]:
    return {
        member.silo: "; ".join(member.reasons)
        for member in cohort.members
        if not member.admitted
    }


def _unreadable(examples: Manifest) -> dict[str, str]:
    return {entry.silo.id: entry.error for entry in examples if entry.error}
