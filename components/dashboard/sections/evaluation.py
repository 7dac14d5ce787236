"""What else an evaluation shows: TFMA's fairness views, and calibration."""

from __future__ import annotations

from collections.abc import Sequence

from components.dashboard.report import Report
from components.dashboard.section import Chart, Part, Section, Text, View
from components.payloads.table import MetricKey


def fairness(report: Report, views: Sequence[View]) -> Section:
    """Return TFMA's own fairness views (`tfma_view.py`)."""
    parts: tuple[Part, ...] = (Text("Nothing was evaluated, so there is no view."),)
    if views:
        text = (
            "TensorFlow Model Analysis' own views. Overall and the eight slices whose "
            "AUC is surely lowest are selected; Select slices changes that, and the "
            "list on the left chooses the metrics."
        )
        if report.scores.has_baseline:
            text += (
                " The baseline stands beside the candidate; changes are the "
                "candidate's against it."
            )
        parts = (Text(text), *views)
    return Section("fairness", "Fairness view", parts)


def calibration(report: Report) -> Section:
    """Return whether a score means what it says."""
    scores = report.scores
    bins = scores.thresholds("calibration_observed")
    has_curve = any(
        scores.get(MetricKey("calibration_observed", threshold=edge)) for edge in bins
    )
    chart = Chart(
        "calibration",
        "Does a score mean what it says?",
        "Mean score against what happened, with 95 % intervals. On the dotted line a "
        "score of 0.3 means three in ten. The dashed line is all rows.",
    )
    none = Text("No calibration was measured.")
    return Section("calibration", "Calibration", (chart if has_curve else none,))
