"""What is found in a silo's counts: rows to train on, labels, duplicates.

Counts of labels and of duplicates leave a silo only as far as a finding needs them
(`disclosure.py`), so the sentences tell bounds, not these counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from components.payloads.findings import Finding
from components.silo_validator.settings import ValidationSettings

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
        counts: Training rows by label value: `negative`, `positive`, `other`; each
            may be a lower bound that is 0 only where the count is, and reaches
            `min_rows_per_class` where the count does.
        label: The label's column.
        settings: The bounds.
    """
    negative, positive = counts["negative"], counts["positive"]
    other = counts.get("other", 0)
    if other:
        return Finding(
            f"label `{label}`: found at least {other:,} training rows with values "
            "outside its domain, expected 0 or 1 (or rows.label_values)",
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
            "training rows, expected both values",
            LABEL,
        )
    if min(negative, positive) >= settings.min_rows_per_class:
        return None
    return Finding(
        f"label `{label}`: found too few training rows of the rarer value, "
        f"expected at least {settings.min_rows_per_class:,}",
        "export more history; if there is no more, the operator can lower "
        "`validation.min_rows_per_class`",
    )


def too_many_duplicates(held_out: int, max_share: float) -> int:
    """Return from how many duplicates on there are too many, at least 1.

    Args:
        held_out: All eval rows.
        max_share: Largest share of them that is allowed.
    """
    number = int(max_share * held_out)  # the product may be rounded either way
    return next(
        each
        for each in range(max(1, number), number + 3)
        if not held_out or each / held_out > max_share
    )


def duplicates(
    number: int, held_out: int, settings: ValidationSettings
) -> Finding | None:
    """Return a finding where too many held-out rows also stand in train.

    Args:
        number: Eval rows that also stand in train, or a lower bound of them that
            reaches `too_many_duplicates` where they do.
        held_out: All eval rows.
        settings: The bounds.
    """
    if number < too_many_duplicates(held_out, settings.max_duplicate_share):
        return None
    return Finding(
        f"duplicates: found at least {number:,} of {held_out:,} held-out rows also "
        f"among the training rows, expected at most {settings.max_duplicate_share:.1%}",
        "look for rows that were exported twice, and export each once; if different "
        "rows may look alike, the operator sets a `rows.key` that tells them apart",
    )
