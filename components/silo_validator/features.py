"""Checks of single features inside a silo: identifiers, and what gives labels away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from tensorflow_metadata.proto.v0 import schema_pb2

from components.payloads.findings import Finding
from components.scoring import roc

NEARLY_EACH = 0.95  # of the rows with a value
FEW_ROWS = 50  # below, incomes and names differ in each row, too
NAME_OF_KEY = re.compile(
    r"(?i:(^|[^a-z])(id|key|nr|number|uuid|guid|pk|index|row)([^a-z]|$))"
    r"|[a-z](Id|ID|Key|Nr|Number)$"
)
LEAKS = 0.99  # AUC of one column
LEAST_ROWS = 20  # of each label
IDENTIFIER = (
    "an identifier teaches a model nothing: the operator lists the column in "
    "`features.ignore`, or in `rows.key` if it tells rows apart"
)


def identifiers(
    table: pa.Table, features: Sequence[schema_pb2.Feature]
) -> Iterator[Finding]:
    """Yield a finding for each feature with another value in nearly each row.

    Whole numbers, such as incomes, must also be called a key, or be numbered nearly
    without gaps.
    """
    for feature in features:
        values = table[feature.name].drop_null()
        if pa.types.is_floating(values.type) or len(values) < FEW_ROWS:
            continue
        share = pc.count_distinct(values).as_py() / len(values)
        if share >= NEARLY_EACH and _names_rows(feature.name, values):
            yield Finding(
                f"column `{feature.name}`: found another value in nearly each row "
                f"({share:.0%}), expected values that rows have in common",
                IDENTIFIER,
            )


def _names_rows(name: str, values: pa.ChunkedArray) -> bool:
    if pa.types.is_string(values.type) or NAME_OF_KEY.search(name):
        return True
    low, high = pc.min_max(values).as_py().values()
    return bool(high - low < 2 * len(values))


def leaking(
    table: pa.Table, features: Sequence[schema_pb2.Feature], label: str
) -> list[str] | None:
    """Return the features that, each by itself, rank the labels nearly without fault.

    None where there is no label, or one with too few rows to tell.
    """
    if label not in table.column_names or pa.types.is_string(table[label].type):
        return None
    labels = table[label].cast(pa.float64()).to_numpy()
    if min((labels == value).sum() for value in (0, 1)) < LEAST_ROWS:
        return None
    best = {
        one.name: max(abs(auc - 0.5) for auc in _aucs(table[one.name], one, labels))
        for one in features
    }
    return sorted(name for name, off in best.items() if off >= LEAKS - 0.5)


def _aucs(
    column: pa.ChunkedArray, feature: schema_pb2.Feature, labels: NDArray[np.float64]
) -> Iterator[float]:
    if not (pa.types.is_string(column.type) or feature.int_domain.is_categorical):
        values = column.cast(pa.float64()).to_numpy()
        for missing in (-np.inf, np.inf):  # that a number is missing may tell as well
            yield _auc(np.nan_to_num(values, nan=missing), labels)
        return
    # Rates of every other row, measured on the rows between.
    texts = pc.dictionary_encode(column.cast(pa.string()).combine_chunks())
    codes = pc.fill_null(texts.indices, len(texts.dictionary)).to_numpy()
    rows = np.bincount(codes[::2], minlength=codes.max() + 1)
    ones = np.bincount(codes[::2], labels[::2] == 1, minlength=len(rows))
    rates = (ones + (labels == 1).mean()) / (rows + 1)  # one row as all rows are
    yield _auc(rates[codes[1::2]], labels[1::2])


def _auc(values: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    places = np.unique(values, return_inverse=True)[1]
    size = places.max() + 1
    zeros, ones = (np.bincount(places[labels == k], minlength=size) for k in (0, 1))
    return roc.area(zeros, ones)[0]
