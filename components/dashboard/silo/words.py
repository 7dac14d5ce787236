"""The plain words of a silo's page: metrics, gates, and what leaves a silo."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Measure:
    """A metric in plain words.

    Attributes:
        metric: Its name in the table.
        label: What it is called.
        meaning: What it says, and which way is good.
    """

    metric: str
    label: str
    meaning: str


MEASURES = (
    Measure(
        "auc",
        "AUC",
        "how well it ranks: the chance that a row with the outcome is scored above "
        "one without it; 0.5 is a coin, 1 is perfect",
    ),
    Measure(
        "pr_auc",
        "PR-AUC",
        "how pure the top of the ranking is; a coin reaches the base rate",
    ),
    Measure(
        "log_loss",
        "log loss",
        "how far scores are from what happened, with sure mistakes counted most; "
        "lower is better",
    ),
    Measure(
        "brier",
        "Brier score",
        "mean squared distance between score and outcome; lower is better",
    ),
    Measure(
        "calibration_error",
        "calibration error",
        "how far scores lie from the shares that came about; 0 is perfect",
    ),
)
RATES = (
    Measure(
        "tpr",
        "true positive rate",
        "of the rows with the outcome, the share scored above the threshold",
    ),
    Measure(
        "fpr",
        "false positive rate",
        "of the rows without the outcome, the share scored above it",
    ),
    Measure("positive_rate", "positive rate", "of all rows, the share above it"),
    Measure(
        "precision", "precision", "of the rows above it, the share with the outcome"
    ),
)
GAPS = (
    Measure("auc_gap", "AUC", "largest difference"),
    Measure("demographic_parity_difference", "positive rate", "largest difference"),
    Measure(
        "demographic_parity_ratio",
        "positive rate",
        "smallest ratio; the 80 % rule asks for 0.8",
    ),
    Measure("equal_opportunity_difference", "true positive rate", "largest difference"),
    Measure("fpr_difference", "false positive rate", "largest difference"),
    Measure("predictive_parity_difference", "precision", "largest difference"),
)
LABELS = {measure.metric: measure.label for measure in (*MEASURES, *RATES)}

# What leaves a silo, by the kinds of `payloads/egress.py`.
MEANINGS = {
    "statistics": "Counts, means and histograms of your columns, of the rows to train "
    "on. Values that few rows have are not in them, and rows that are too few to tell "
    "together wait for the next ones.",
    "findings and label counts": "What was found in your data, in sentences without "
    "values of rows but with shares of them; roughly how many of your training rows "
    "have each outcome; and why something could not be done with your data.",
    "model updates": "How your training rows would move the model's weights, once a "
    "round. No row is in them.",
    "training metrics": "How large your losses and your update were and how many rows "
    "you trained on, once a round.",
    "score sketches": "The finished figures of your evaluation rows and of each group "
    "in them, with the sums that their intervals need. And for totals over silos, how "
    "many rows fall into ranges of scores, by outcome and group: a range holds at "
    "least `rows_per_bin` rows and tells no row's score or other column. Totals are "
    "added up before anything is written; the operator's process that does so holds "
    "your part while it runs. Of groups with few rows your name tells one row count "
    "together, and of a silo with few rows its row count alone (fewer than "
    "`min_slice_rows` in the operator's settings). They go score by score into totals, "
    "which are told only with those of at least two more silos.",
    "counts and digests": "How many rows and files you have, and checksums that tell "
    "whether they changed. No row can be read from a checksum.",
}

# What each gate protects, by its name in the settings.
GATES = {
    "minimum_data": "enough data to judge at all",
    "better_than_chance": "a model that ranks better than a coin",
    "silo_floor": "what each silo must reach",
    "worst_tenth": "what the worst served tenth must reach",
    "silo_gap": "how far silos may lie apart",
    "group_gap": "how far groups may lie apart",
    "four_fifths": "the 80 % rule for groups",
    "calibration": "how true scores must be",
    "change": "no step back over all silos",
    "silo_change": "no step back for any silo",
}
