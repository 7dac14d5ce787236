"""The table of figures across the judged silos: worst, mean, gap, inequality."""

from __future__ import annotations

import dataclasses

from components.dashboard.run.tables.long_tables import (
    Cell,
    Column,
    LongTable,
    Row,
    figure,
)
from components.dashboard.scores import OVER_SILOS, Question, Scores
from components.dashboard.scores import Cell as Answer
from components.payloads.table import BASELINE, CANDIDATE

METRICS = {
    "auc": "AUC",
    "pr_auc": "PR-AUC",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "calibration_error": "Calibration error",
    "tpr": "True positive rate",
    "fpr": "False positive rate",
    "positive_rate": "Positive rate",
    "precision": "Precision",
}
FIGURES = {
    "worst": "Worst",
    "worst_tenth": "Worst tenth",
    "mean": "Mean",
    "gap": "Gap",
    "variance": "Variance",
    "gini": "Gini",
    "size_correlation": "Correlation with size",
}
MODELS = {CANDIDATE: "candidate", BASELINE: "baseline"}


def across_silos(scores: Scores, judged: str = "judged") -> LongTable | None:
    """Return the table; None where no figure over the silos was made.

    Args:
        scores: The evaluation.
        judged: What was done with the silos: `judged`, or `measured` without a gate.
    """
    rows = [
        row
        for metric in METRICS
        for threshold in (None, *scores.thresholds(f"mean_{metric}"))
        for model in MODELS
        for row in _rows(scores, metric, threshold, model)
    ]
    if not rows:
        return None
    names = [Column(name, "number") for name in FIGURES.values()]
    return LongTable(
        f"Across the {judged} silos",
        (
            Column("Metric"),
            Column("Threshold", "number"),
            Column("Model"),
            names[0],
            Column("Worst silo"),
            *names[1:],
        ),
        tuple(rows),
        "Worst tenth: mean of the worst tenth of the silos. Gini and variance are 0 "
        "where all silos are alike. Correlation with size: Spearman's, of the metric "
        "with the silo's rows."
        + ("" if judged == "judged" else " Silos with too little data are left out."),
    )


def _rows(
    scores: Scores, metric: str, threshold: float | None, model: str
) -> list[Row]:
    found = {
        name: scores.ask(
            Question(f"{name}_{metric}", OVER_SILOS, model, threshold=threshold)
        )
        for name in FIGURES
    }
    worst = found.pop("worst")
    if worst is None:
        return []
    return [
        Row(
            (
                Cell(METRICS[metric]),
                Cell("" if threshold is None else f"{threshold:g}", threshold or ""),
                Cell(MODELS[model]),
                figure(worst),
                Cell(worst.about),
                *(_figure(name, cell) for name, cell in found.items()),
            ),
            threshold,
        )
    ]


def _figure(name: str, content: Answer | None) -> Cell:
    """Return a figure's place; a variance is too small for three decimals."""
    made = figure(content)
    if name != "variance" or content is None or not content.is_number:
        return made
    return dataclasses.replace(made, text=f"{content.number:.2g}")
