"""Packs the figures of many runs into few bytes, for a page that compares any two.

Columns instead of records, and whole numbers instead of decimals: a figure is
counted in a small unit, the ends of its interval as distances from it. A silo's AUC
with its interval takes 13 bytes a run instead of 90.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any

from components.payloads.metrics import better
from pipelines.site import metrics
from pipelines.site.figures import Figure, Figures, Question, Subject

# Figures over all rows may be tiny (a variance over silos); those of silos are many.
WHOLE_DIGITS = 6
SILO_DIGITS = 4

Json = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Packed:
    """Figures of the newest runs.

    Attributes:
        data: For `templates/diff.js`, to be written as compact JSON: of `whole` (all
            rows, slices, groups) and `silos` each the digits, subjects, questions
            and, by run, rows and figures.
        num_runs: How many runs fitted; those are the first ones.
    """

    data: Json
    num_runs: int


def pack(runs: Sequence[Figures], max_bytes: int) -> Packed:
    """Pack as many runs as fit.

    Args:
        runs: Their figures, newest first.
        max_bytes: What the figures may take as JSON; unit: bytes.
    """
    whole = _block(runs, lambda subject: not subject.silo, WHOLE_DIGITS)
    silos = _block(runs, lambda subject: bool(subject.silo), SILO_DIGITS)
    spent, num_runs = _size([whole["names"], silos["names"]]), 0
    for of_run in zip(whole["runs"], silos["runs"], strict=True):
        spent += _size(of_run)
        if spent > max_bytes:
            break
        num_runs += 1
    for block in (whole, silos):
        del block["runs"][num_runs:]
    return Packed({"whole": whole, "silos": silos}, num_runs)


def _block(
    runs: Sequence[Figures], belongs: Callable[[Subject], bool], digits: int
) -> Json:
    keys = {key for figures in runs for key in figures if belongs(key[0])}
    subjects = sorted({subject for subject, _ in keys})
    questions = sorted({question for _, question in keys}, key=_order)
    return {
        "digits": digits,
        "names": {
            "subjects": subjects,
            "questions": [_question(question) for question in questions],
        },
        "runs": [_of_run(figures, subjects, questions, digits) for figures in runs],
    }


def _order(question: Question) -> tuple[bool, str, float]:
    # AUC is what runs are judged by first.
    return question.metric != "auc", question.metric, question.threshold or 0.0


def _question(question: Question) -> Json:
    return {
        "metric": question.metric,
        "words": metrics.words(question.metric, question.threshold),
        "better": better(question.metric),
    }


def _of_run(
    figures: Figures,
    subjects: Sequence[Subject],
    questions: Sequence[Question],
    digits: int,
) -> Json:
    columns = []
    rows: dict[Subject, int] = {}
    for question in questions:
        column = [figures.get((subject, question)) for subject in subjects]
        rows |= {s: f.rows for s, f in zip(subjects, column, strict=True) if f}
        columns.append(_column(column, 10**digits))
    return {"rows": [rows.get(subject, 0) for subject in subjects], "columns": columns}


def _column(figures: Sequence[Figure | None], scale: int) -> list[list[int | None]]:
    """Return values and the distances of both ends; nothing where all are missing."""
    if not any(figures):
        return []
    values = [None if each is None else round(each.value * scale) for each in figures]
    intervals = [None if each is None else each.interval for each in figures]
    if not any(intervals):
        return [values]
    below = [each and round((each.value - each.low) * scale) for each in intervals]
    above = [each and round((each.high - each.value) * scale) for each in intervals]
    return [values, below, above]


def _size(value: object) -> int:
    text = json.dumps(value, separators=(",", ":"))
    return len(text)
