"""Checks of a silo's rows that need no engine: labels, duplicates, keys, NaN.

They run inside the silo, on its splits; what leaves are the findings. A count in a
sentence is a lower bound in whole blocks (`disclosure.py`). `fairsilo init` runs the
same checks before a use case exists.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from components.payloads.findings import Finding
from components.silo_validator import disclosure
from components.silo_validator.settings import ValidationSettings

LABEL = (
    "look at how the label is exported: each row to learn from needs 0 or 1, and both "
    "must occur; other words for them belong in `rows.label_values`, which the "
    "operator sets"
)
NON_FINITE = "export missing numbers as empty fields, and look for divisions by zero"
KEYS = (
    "export a key that differs in each row, or let the operator name more columns in "
    "`rows.key`"
)
LARGEST = float(np.finfo(np.float32).max)


class LabelCounts(NamedTuple):
    """Rows by label value: 0, 1 and any other; rows without one are not counted."""

    negative: int
    positive: int
    other: int


def count_labels(column: pa.ChunkedArray) -> LabelCounts:
    """Return a label column's rows by value."""
    values = column.drop_null().to_numpy()
    negative, positive = int((values == 0).sum()), int((values == 1).sum())
    return LabelCounts(negative, positive, len(values) - negative - positive)


def is_unusable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return which values are NaN, infinite or beyond float32; false for nulls."""
    usable = pc.less_equal(pc.abs(column), LARGEST)  # false for NaN
    return pc.fill_null(pc.invert(usable), False)


def non_finite(
    table: pa.Table, max_share: float
) -> tuple[pa.Table, dict[str, Finding]]:
    """Replace a split's numbers that are not finite by nulls.

    As for the features, a number beyond float32 counts as infinite. Columns where they
    are more than `max_share` of the rows, 0 to 1, have a finding.
    """
    found = {}
    for index, field in enumerate(table.schema):
        if not pa.types.is_floating(field.type):
            continue
        column = table[index]
        bad = is_unusable(column)
        number = pc.sum(bad).as_py() or 0
        if not number:
            continue
        kept = pc.if_else(bad, pa.scalar(None, field.type), column)
        table = table.set_column(index, field.name, kept)
        if number / table.num_rows > max_share:
            found[field.name] = Finding(
                f"column `{field.name}`: found {number / table.num_rows:.0%} of "
                f"{table.num_rows:,} rows NaN, infinite or beyond float32, expected at "
                f"most {max_share:.0%}",
                NON_FINITE,
            )
    return table, found


def rows_and_labels(
    train: pa.Table | None, label: str, settings: ValidationSettings
) -> Finding | None:
    """Return why nothing can be learned from a silo's training rows, if so."""
    rows = train.num_rows if train else 0
    if few := too_few_rows(rows, settings):
        return few
    if train is None or label not in train.column_names:
        return labels(LabelCounts(0, 0, 0), label, settings)
    blocks = disclosure.whole_blocks(train, settings.disclosure_rows)
    return labels(
        count_labels(train[label]),
        label,
        settings,
        disclosure.count(count_labels(blocks[label]).other, settings.disclosure_rows),
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
    counts: LabelCounts, label: str, settings: ValidationSettings, num_other: int = 1
) -> Finding | None:
    """Return a finding where nothing can be learned from a label's training rows.

    Of `counts.other` only the lower bound `num_other` leaves the silo.
    """
    found, hint = "", LABEL
    if counts.other:
        found = (
            f": found at least {num_other:,} training rows with values outside its "
            "domain, expected 0 or 1 (or rows.label_values)"
        )
    elif not counts.negative and not counts.positive:
        found = ": found no value, expected 0 or 1 in each training row"
    elif not counts.negative or not counts.positive:
        found = (
            f" is constant: found {1 if counts.positive else 0} in all training rows, "
            "expected both values"
        )
    elif min(counts.negative, counts.positive) < settings.min_rows_per_class:
        found = (
            ": found too few training rows of the rarer value, expected at least "
            f"{settings.min_rows_per_class:,}"
        )
        hint = (
            "export more history; if there is no more, the operator can lower "
            "`validation.min_rows_per_class`"
        )
    return Finding(f"label `{label}`{found}", hint) if found else None


def duplicates(
    train: pa.Table | None,
    held_out: pa.Table | None,
    key: Sequence[str],
    unmeasured: Collection[str],
    settings: ValidationSettings,
) -> Finding | None:
    """Return a finding where too many held-out rows also stand in train.

    Rows with the same key are the same; without one, all but `unmeasured` columns
    are compared.
    """
    if not train or not held_out:
        return None
    names = [name for name in key if name in train.column_names]
    names = names or [name for name in train.column_names if name not in unmeasured]
    shared = [name for name in names if name in held_out.column_names]
    if not shared:
        return None
    known = hashes(train.select(shared))
    number = int(hashes(held_out.select(shared)).isin(known).sum())
    if number <= settings.max_duplicate_share * held_out.num_rows:
        return None
    at_least = disclosure.count(number, settings.disclosure_rows)
    return Finding(
        f"duplicates: found at least {at_least:,} of {held_out.num_rows:,} held-out "
        "rows also among the training rows, expected at most "
        f"{settings.max_duplicate_share:.1%}",
        "look for rows that were exported twice, and export each once; if different "
        "rows may look alike, the operator sets a `rows.key` that tells them apart",
    )


def hashes(table: pa.Table) -> pd.Series:
    """Return a hash of each row, the same in each silo and not keyed, as uint64."""
    columns = {
        # As text: pandas turns integers into floats as soon as one is missing.
        name: pc.dictionary_encode(table[name].cast(pa.string()))
        for name in table.column_names
    }
    return pd.util.hash_pandas_object(pa.table(columns).to_pandas(), index=False)


def keys(scored: pa.Table | None, key: Sequence[str]) -> Finding | None:
    """Return a finding where rows' predictions can't be joined back by the key."""
    if scored is None or not key or not {*key} <= {*scored.column_names}:
        return None
    shared = int(hashes(scored.select(list(key))).duplicated(keep=False).sum())
    nulls = sum(scored[name].null_count for name in key)
    found = [
        f"{number:,} of {scored.num_rows:,} rows {what}"
        for number, what in (
            (nulls, "without a value in it"),
            (shared, "with a key that another row has too"),
        )
        if number
    ]
    if not found:
        return None
    return Finding(
        f"key {', '.join(f'`{name}`' for name in key)}: found {' and '.join(found)}, "
        "expected a key of its own for each row: their predictions can't be told apart "
        "by it",
        KEYS,
    )
