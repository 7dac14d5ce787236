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
from typing import TypeAlias

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.feature_spec_gen.settings import FeatureSettings
from components.features.spec import Categorical, FeatureSpec, Numeric
from components.silos.statistics import by_column, num_present

Column: TypeAlias = statistics_pb2.FeatureNameStatistics


def merge(
    silos: Mapping[str, statistics_pb2.DatasetFeatureStatistics],
    schema: schema_pb2.Schema,
    not_features: Sequence[str],
    settings: FeatureSettings,
) -> FeatureSpec:
    """Return the FeatureSpec that the silos agree on.

    Args:
        silos: Disclosed statistics of the admitted silos' training rows.
        schema: The shared schema; its columns, in its order, are the features.
        not_features: Label, key and the like.
        settings: Which columns no model sees, and the disclosure bounds.

    Returns:
        The spec; a column that no silo has a value of is not in it.
    """
    columns = [by_column(dataset) for _, dataset in sorted(silos.items())]
    excluded = {*not_features, *settings.ignore}
    numeric, categorical = [], []
    for feature in schema.feature:
        if feature.name in excluded:
            continue
        found = [silo[feature.name] for silo in columns if feature.name in silo]
        integer = feature.type == schema_pb2.INT
        if not any(num_present(column) for column in found):
            continue
        if feature.type == schema_pb2.BYTES or feature.int_domain.is_categorical:
            values = vocabulary(found, settings)
            categorical.append(Categorical(feature.name, values, integer))
        elif moments := pooled_moments(found):
            numeric.append(Numeric(feature.name, *moments, integer))
    return FeatureSpec(tuple(numeric), tuple(categorical), settings.clip)


def pooled_moments(found: Sequence[Column]) -> tuple[float, float] | None:
    """Return mean and deviation over all silos, the column's unit; None if empty.

    A constant column has deviation 1, so that it encodes to 0.
    """
    parts = [
        (num_present(column), column.num_stats)
        for column in found
        if column.HasField("num_stats") and num_present(column)
    ]
    total = sum(count for count, _ in parts)
    if not total:
        return None
    mean = math.fsum(count * stats.mean for count, stats in parts) / total
    variance = (
        math.fsum(
            count * (stats.std_dev**2 + (stats.mean - mean) ** 2)
            for count, stats in parts
        )
        / total
    )
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
