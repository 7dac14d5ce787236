"""What is found in a silo's counts: rows to train on, labels, duplicates."""

from __future__ import annotations

from collections.abc import Mapping

from components.silo_validator.settings import ValidationSettings
from components.silos.findings import Finding

LABEL = (
    "look at how the label is exported: each row to learn from needs 0 or 1, and both "
    "must occur; other words for them belong in `rows.label_values`, which the "
    "operator sets"
)


def too_few_rows(rows: int, settings: ValidationSettings) -> Finding | None:
    """Return a finding where a silo has too few rows to train on."""
    if rows >= settings.min_rows:
        return None
    return Finding(
        f"too few rows: found {rows:,} to train on, expected at least "
        f"{settings.min_rows:,}",
        "export more history; if there is no more, the operator can lower "
        "`validation.min_rows`",
    )


def labels(
    counts: Mapping[str, int], label: str, settings: ValidationSettings
) -> Finding | None:
    """Return a finding where nothing can be learned from a label.

    Args:
        counts: Training rows by label value: `negative`, `positive`, `other`.
        label: The label's column.
        settings: The bounds.
    """
    negative, positive = counts["negative"], counts["positive"]
    other = counts.get("other", 0)
    if other:
        return Finding(
            f"label `{label}`: found {other:,} of {negative + positive + other:,} "
            "values outside its domain, expected 0 or 1 (or rows.label_values)",
            LABEL,
        )
    if not negative + positive:
        return Finding(
            f"label `{label}`: found no value, expected 0 or 1 in each training row",
            LABEL,
        )
    if not negative or not positive:
        return Finding(
            f"label `{label}` is constant: found {'1' if positive else '0'} in all "
            f"{negative + positive:,} training rows, expected both values",
            LABEL,
        )
    fewest = min(negative, positive)
    if fewest >= settings.min_rows_per_class:
        return None
    return Finding(
        f"label `{label}`: found {fewest:,} training rows of the rarer value, "
        f"expected at least {settings.min_rows_per_class:,}",
        "export more history; if there is no more, the operator can lower "
        "`validation.min_rows_per_class`",
    )


def duplicates(
    number: int, held_out: int, settings: ValidationSettings
) -> Finding | None:
    """Return a finding where too many held-out rows also stand in train.

    Args:
        number: Eval rows that also stand in train.
        held_out: All eval rows.
        settings: The bounds.
    """
    if not held_out or number / held_out <= settings.max_duplicate_share:
        return None
    return Finding(
        f"duplicates: found {number:,} of {held_out:,} held-out rows also among the "
        f"training rows, expected at most {settings.max_duplicate_share:.1%}",
        "look for rows that were exported twice, and export each once; if different "
        "rows may look alike, the operator sets a `rows.key` that tells them apart",
    )
