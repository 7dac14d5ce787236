"""What is usual among the other silos, and what columns of all types may have wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

MANY = 8  # others of which one may be odd
CONSTANT = 0.99  # share of rows with one value
COMMON = 0.7  # the same of a usual silo, at most, for a constant one to be odd
FILLED = 0.05  # share of rows with a filler, at least
RARE = 0.01  # of the same value with the others, at most
CONSTANT_HINT = (
    "look in the export for a value that is set rather than read; if the silo knows no "
    "other, export the column empty"
)
FILLER_HINT = (
    "export missing values as empty fields, or let the operator list what stands for "
    "them in `rows.null_values`"
)

Faults = Iterator[tuple[str, str]]
"""What was found and expected, and a hint; the likeliest first."""


def farthest(values: Sequence[float]) -> float:
    """Return the largest of the others' figures; of many the second largest."""
    return sorted(values)[-1 if len(values) < MANY else -2]


def constant(own: float, others: Sequence[float]) -> Faults:
    """Compare the share of rows with a column's commonest value with the others'."""
    if own >= CONSTANT and (largest := farthest(others)) <= COMMON:
        found = (
            f"one value in at least {CONSTANT:.0%} of rows, expected the commonest in "
            f"at most {largest:.0%} as with nearly all other silos; likely a default, "
            "or a column that is not filled"
        )
        yield found, CONSTANT_HINT


def filler(value: str, share: float) -> tuple[str, str]:
    """Return the fault of a value that stands for missing ones in a share of rows."""
    found = (
        f"`{value}` in some {share:.0%} of rows, expected it in at most {RARE:.0%} as "
        "with the others; likely it stands for missing values"
    )
    return found, FILLER_HINT
