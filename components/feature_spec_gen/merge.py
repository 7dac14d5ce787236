r"""Merges silos' disclosed statistics into one FeatureSpec.

With $n_k$ present values, mean $\mu_k$ and deviation $\sigma_k$ in silo $k$,

$$\mu = \frac{\sum_k n_k \mu_k}{\sum_k n_k}, \qquad
\sigma^2 = \frac{\sum_k n_k (\sigma_k^2 + (\mu_k - \mu)^2)}{\sum_k n_k},$$

the moments of all rows together (Chan, Golub and LeVeque 1979, eq. 2.1, in sums).
A value enters a vocabulary only if enough rows in enough silos hold it, so that
one silo's own value does not travel to the others.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2

from components.feature_spec_gen.settings import FeatureSettings
from components.features import dates
from components.features.spec import Categorical, FeatureSpec, Numeric
from components.payloads.statistics import Column, Dataset, by_column, num_present
from components.payloads.unused_columns import UnusedColumn

NOT_IN_USE = {
    schema_pb2.PLANNED,
    schema_pb2.ALPHA,
    schema_pb2.DEBUG_ONLY,
    schema_pb2.DEPRECATED,
    schema_pb2.DISABLED,
}


class Agreement(NamedTuple):
    """What the model gets and what it does not."""

    spec: FeatureSpec
    unused: list[UnusedColumn]


def merge(
    silos: Mapping[str, Dataset],
    schema: schema_pb2.Schema,
    not_features: Sequence[str],
    settings: FeatureSettings,
) -> Agreement:
    """Return the FeatureSpec that admitted silos agree on, and what is not in it.

    Args:
        silos: Disclosed statistics of their training rows.
        schema: The shared schema; its columns, in its order, are the features.
        not_features: Label and key.
        settings: Which columns no model sees, and the disclosure bounds.
    """
    columns = [by_column(dataset) for _, dataset in sorted(silos.items())]
    numeric, categorical, unused = [], [], []
    for feature in schema.feature:
        if reason := _not_wanted(feature, not_features, settings):
            unused.append(UnusedColumn(feature.name, reason, chosen=True))
            continue
        found = [silo[feature.name] for silo in columns if feature.name in silo]
        one = _feature(feature, found, settings)
        if isinstance(one, Numeric):
            numeric.append(one)
        elif isinstance(one, Categorical):
            categorical.append(one)
        else:
            unused.append(UnusedColumn(feature.name, one))
    spec = FeatureSpec(tuple(numeric), tuple(categorical), settings.clip)
    return Agreement(spec, unused)


def _not_wanted(
    feature: schema_pb2.Feature, not_features: Sequence[str], settings: FeatureSettings
) -> str:
    if feature.name in not_features:
        return "is the label or a key"
    if feature.name in settings.ignore:
        return "is listed in `features.ignore`"
    if feature.lifecycle_stage in NOT_IN_USE:
        stage = schema_pb2.LifecycleStage.Name(feature.lifecycle_stage)
        return f"is marked {stage} in the schema"
    if feature.type not in {schema_pb2.INT, schema_pb2.FLOAT, schema_pb2.BYTES}:
        return "has a type in the schema that is not INT, FLOAT or BYTES"
    return ""


def _feature(
    feature: schema_pb2.Feature, found: Sequence[Column], settings: FeatureSettings
) -> Numeric | Categorical | str:
    """Return a column's feature, or why it carries nothing for a model."""
    integer = feature.type == schema_pb2.INT
    filled = [column for column in found if num_present(column)]
    if not filled:
        return "has too few values in every silo"
    if _is_constant(filled):
        return "has the same value in every row"
    # TFDV counts the values of categories; which integers are categories, the
    # schema says (`is_categorical`, `bool_domain`).
    kinds = {column.WhichOneof("stats") for column in filled}
    if kinds == {"num_stats"}:
        return Numeric(feature.name, *pooled_moments(filled), integer)
    if kinds != {"string_stats"}:
        return "is measured as a number in some silos and as a category in others"
    values = vocabulary(filled, settings)
    if dates.are_dates(pa.array(values, pa.string())):
        return f"holds dates, which don't come again: {dates.HINT}"
    if values:
        return Categorical(feature.name, values, integer)
    return (
        f"has no value that {settings.min_value_rows} rows in "
        f"{settings.min_value_silos} silos share: identifiers, free text, "
        "timestamps or numbers written as text carry nothing as categories"
    )


def _is_constant(filled: Sequence[Column]) -> bool:
    """Return whether all rows of all silos surely hold one and the same value."""
    values: set[str | float] = set()
    for column in filled:
        if column.HasField("string_stats"):
            missing = column.string_stats.common_stats.num_missing
            buckets = column.string_stats.rank_histogram.buckets
            values |= {bucket.label for bucket in buckets}
            # The others have values that are not disclosed.
            varies = sum(b.sample_count for b in buckets) < num_present(column)
        else:
            missing = column.num_stats.common_stats.num_missing
            values.add(column.num_stats.mean)
            varies = column.num_stats.std_dev > 0
        if varies or missing:
            return False
    return len(values) == 1


def pooled_moments(filled: Sequence[Column]) -> tuple[float, float]:
    """Return mean and deviation over silos that have values, in the column's unit.

    A constant column has deviation 1, so that it encodes to 0.
    """
    parts = [(num_present(column), column.num_stats) for column in filled]
    total = sum(count for count, _ in parts)
    mean = math.fsum(count * stats.mean for count, stats in parts) / total
    squares = (
        count * (stats.std_dev**2 + (stats.mean - mean) ** 2) for count, stats in parts
    )
    variance = math.fsum(squares) / total
    # Below this, the deviation is rounding of the mean, not a scale.
    constant = variance <= (1e-9 * max(1.0, abs(mean))) ** 2
    return mean, 1.0 if constant else math.sqrt(variance)


def vocabulary(found: Sequence[Column], settings: FeatureSettings) -> tuple[str, ...]:
    """Return the values that enough rows in enough silos hold, most frequent first."""
    rows: Counter[str] = Counter()
    silos: Counter[str] = Counter()
    for column in found:
        for bucket in column.string_stats.rank_histogram.buckets:
            rows[bucket.label] += int(bucket.sample_count)
            silos[bucket.label] += 1
    agreed = [
        value
        for value, count in rows.items()
        if count >= settings.min_value_rows and silos[value] >= settings.min_value_silos
    ]
    agreed.sort(key=lambda value: (-rows[value], value))
    return tuple(agreed[: settings.max_values])
