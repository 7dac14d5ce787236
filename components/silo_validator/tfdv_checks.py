"""TFDV: statistics of a split, and its checks as sentences without values.

TFDV's own descriptions quote values of rows ("Unexpected string values: ..."),
so a sentence names only the kind of an anomaly and the schema's expectation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from components.payloads import statistics as disclosed
from components.payloads.findings import Finding
from components.payloads.statistics import Statistics

QUANTILE_BUCKETS = 20  # TFDV keeps a hundred times as many: more cost a minute a silo
COUNT_SAYS_IT = {  # TFDV's "column dropped" would sound as if someone did it
    "SCHEMA_MISSING_COLUMN",
    "FEATURE_TYPE_NOT_PRESENT",
}
EXPORT_AGAIN_HINT = "look at what is named here and export it again"
AS_EXPECTED = (
    "export what is named here as the schema expects it: name, type, values and how "
    "many rows must have one"
)
SKEW = (
    "look at what changed in the column between the two; if the change is real, the "
    "operator sets the bound in the schema (`skew_comparator`)"
)
DRIFT = (
    "look at what changed in the column since that span; if the change is real, the "
    "operator sets the bound in the schema (`drift_comparator`)"
)
DISTANCES = {
    "L_INFTY": "largest difference in share",
    "JENSEN_SHANNON_DIVERGENCE": "Jensen-Shannon divergence",
    "NORMALIZED_ABSOLUTE_DIFFERENCE": "normalised absolute difference",
}


class Anomaly(NamedTuple):
    """A column that is not as the schema expects it."""

    column: str  # empty for the split as a whole
    kind: str  # TFDV's anomaly type
    finding: Finding


def measure(table: pa.Table, split: str, schema: schema_pb2.Schema) -> Statistics:
    """Return TFDV's statistics of a split, with one dataset named by it.

    The table's columns are int64, float64, string or null; the schema says which
    integers are categories.
    """
    import tensorflow_data_validation as tfdv
    from tensorflow_data_validation.statistics import stats_impl

    options = tfdv.StatsOptions(
        schema=schema, num_quantiles_histogram_buckets=QUANTILE_BUCKETS
    )
    batch = pa.RecordBatch.from_arrays(
        [_as_lists(table[name]) for name in table.column_names], table.column_names
    )
    statistics = stats_impl.generate_statistics_in_memory(batch, options)
    statistics.datasets[0].name = split
    return statistics


def _as_lists(column: pa.ChunkedArray) -> pa.Array:
    """Wrap each value into a list of one, a null into a null list."""
    if pa.types.is_null(column.type):
        return pa.nulls(len(column))
    valid = np.append(column.is_valid().to_numpy(), True)
    ends = np.cumsum(valid)
    offsets = pa.array(ends - valid, pa.int32(), mask=~valid)
    values = column.drop_null().chunks
    flat = pa.concat_arrays(values) if values else pa.array([], column.type)
    return pa.ListArray.from_arrays(offsets, flat)


def against_schema(
    statistics: Statistics, schema: schema_pb2.Schema, environment: str
) -> list[Anomaly]:
    """Return the columns of a split that are not as the schema expects them."""
    import tensorflow_data_validation as tfdv

    anomalies = tfdv.validate_statistics(
        statistics, schema, _environment(schema, environment)
    )
    found = []
    for column, info in sorted(anomalies.anomaly_info.items()):
        kinds = [anomalies_pb2.AnomalyInfo.Type.Name(one.type) for one in info.reason]
        kind = kinds[0] if kinds else "UNKNOWN_TYPE"
        if kind.startswith("COMPARATOR"):
            continue
        short = info.short_description.lower()
        sentence, hint = f"the split as a whole: {short}", EXPORT_AGAIN_HINT
        if column:
            what = "" if kind in COUNT_SAYS_IT else f"{short}: "
            sentence = (
                f"column `{column}`: {what}found {_found(column, statistics)}, "
                f"expected {_expected(column, schema)}"
            )
            hint = AS_EXPECTED
        found.append(Anomaly(column, kind, Finding(sentence, hint)))
    return found


def skew(
    train: Statistics, served: Statistics, schema: schema_pb2.Schema
) -> list[Finding]:
    """Compare training rows with the rows to be scored, by the schema's bounds."""
    what = "the training rows and the rows to be scored"
    return _compared("skew", what, SKEW, train, schema, serving_statistics=served)


def drift(
    train: Statistics, before: Statistics, schema: schema_pb2.Schema, span: str
) -> list[Finding]:
    """Compare training rows with those of an earlier span, by the schema's bounds."""
    what = f"these training rows and those of span {span}"
    return _compared("drift", what, DRIFT, train, schema, previous_statistics=before)


def _environment(schema: schema_pb2.Schema, name: str) -> str | None:
    """Return the environment, or None: TFDV fails on one the schema doesn't name."""
    return name if name in schema.default_environment else None


def _compared(
    kind: str,
    what: str,
    hint: str,
    train: Statistics,
    schema: schema_pb2.Schema,
    **others: Statistics,
) -> list[Finding]:
    import tensorflow_data_validation as tfdv

    environment = _environment(schema, "TRAINING")
    anomalies = tfdv.validate_statistics(train, schema, environment, **others)
    names = anomalies_pb2.DriftSkewInfo.Measurement.Type
    found = []
    for info in anomalies.drift_skew_info:
        for one in getattr(info, f"{kind}_measurements"):
            if one.value > one.threshold:
                distance = names.Name(one.type)
                sentence = (
                    f"column `{'.'.join(info.path.step)}`: found a "
                    f"{DISTANCES.get(distance, distance.lower())} of {one.value:.3f} "
                    f"between {what}, expected at most {one.threshold:.3f}"
                )
                found.append(Finding(sentence, hint))
    return found


def _found(column: str, statistics: Statistics) -> str:
    dataset = statistics.datasets[0]
    feature = disclosed.by_column(dataset).get(column)
    if feature is None:
        return "no such column"
    rows = int(dataset.num_examples)
    name = statistics_pb2.FeatureNameStatistics.Type.Name(feature.type).lower()
    share = disclosed.num_present(feature) / rows if rows else 0.0
    return f"{name} values in {share:.1%} of {rows:,} rows"


def _expected(column: str, schema: schema_pb2.Schema) -> str:
    feature = next((one for one in schema.feature if one.name == column), None)
    if feature is None:
        return "no such column"
    name: str = schema_pb2.FeatureType.Name(feature.type)
    parts = ["string values" if name == "BYTES" else f"{name.lower()} values"]
    if feature.presence.min_fraction:
        parts.append(f"in at least {feature.presence.min_fraction:.0%} of the rows")
    for kind in ("int_domain", "float_domain"):
        if feature.HasField(kind):
            domain = getattr(feature, kind)
            parts.append(f"from {domain.min:g} to {domain.max:g}")
    if feature.domain or feature.HasField("string_domain"):
        parts.append("from the schema's list of values")
    return " ".join(parts)
