"""TFDV: statistics of a split, and its checks as sentences without values.

TFDV's own descriptions quote values of rows ("Unexpected string values: ..."),
so only the kind of an anomaly is told, with the schema's expectation.
"""

from __future__ import annotations

import pyarrow as pa
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

LOOK = "look at what is named here and export it again"
QUANTILE_BUCKETS = 20  # TFDV keeps a hundred times as many: more cost a minute a silo
NEW = "SCHEMA_NEW_COLUMN"
NOT_A_FAULT = {NEW}
SAID_BY_THE_COUNT = {  # TFDV's "column dropped" would sound as if someone did it
    NEW,
    "SCHEMA_MISSING_COLUMN",
    "FEATURE_TYPE_NOT_PRESENT",
}


HARMLESS = (
    "nothing has to be done, as the model does not use what is named here; leave it "
    "out of the export if it should not be there"
)
AS_EXPECTED = (
    "export what is named here as the schema expects it: name, type, values and how "
    "many rows must have one"
)
COMPARED = {
    "skew": "look at what changed in the column between the two; if the change is "
    "real, the operator sets the bound in the schema (`skew_comparator`)",
    "drift": "look at what changed in the column since that span; if the change is "
    "real, the operator sets the bound in the schema (`drift_comparator`)",
}


def measure(
    table: pa.Table, split: str, schema: schema_pb2.Schema
) -> statistics_pb2.DatasetFeatureStatisticsList:
    """Return TFDV's statistics of a split, with one dataset named by it.

    Args:
        table: Its rows: columns of int64, float64, string or null.
        split: Its name.
        schema: Says which integers are categories.
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
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = (
            pa.concat_arrays(array.chunks)
            if array.num_chunks
            else pa.array([], column.type)
        )
    if pa.types.is_null(array.type):
        return array
    offsets = pa.array(range(len(array) + 1), pa.int32())
    lists = pa.ListArray.from_arrays(offsets, array)
    if not array.null_count:
        return lists
    return lists.filter(array.is_valid()).take(_places(array))


def _places(array: pa.Array) -> pa.Array:
    """Return each present row's place among the present ones, null for the others."""
    import numpy as np

    valid = array.is_valid().to_numpy(zero_copy_only=False)
    return pa.array(np.cumsum(valid) - 1, pa.int64(), mask=~valid)


def against_schema(
    statistics: statistics_pb2.DatasetFeatureStatisticsList,
    schema: schema_pb2.Schema,
    split: str,
    environment: str,
) -> list[dict[str, str]]:
    """Validate a split's statistics against the schema.

    Returns:
        Findings `{split, column, kind, sentence, hint}`; `kind` is TFDV's anomaly
        type.
    """
    import tensorflow_data_validation as tfdv

    anomalies = tfdv.validate_statistics(
        statistics, schema, _environment(schema, environment)
    )
    return [
        {
            "split": split,
            "column": column,
            "kind": _kind(info),
            "sentence": _sentence(column, info, statistics, schema),
            "hint": _hint(column, _kind(info)),
        }
        for column, info in sorted(anomalies.anomaly_info.items())
        if not _kind(info).startswith("COMPARATOR")
    ]


def skew(
    train: statistics_pb2.DatasetFeatureStatisticsList,
    served: statistics_pb2.DatasetFeatureStatisticsList,
    schema: schema_pb2.Schema,
) -> list[dict[str, str]]:
    """Compare training rows with the rows to be scored, by the schema's bounds."""
    import tensorflow_data_validation as tfdv

    anomalies = tfdv.validate_statistics(
        train, schema, _environment(schema, "TRAINING"), serving_statistics=served
    )
    return _compared(anomalies, "skew", "the training rows and the rows to be scored")


def drift(
    train: statistics_pb2.DatasetFeatureStatisticsList,
    before: statistics_pb2.DatasetFeatureStatisticsList,
    schema: schema_pb2.Schema,
    span: str,
) -> list[dict[str, str]]:
    """Compare training rows with those of an earlier span, by the schema's bounds."""
    import tensorflow_data_validation as tfdv

    anomalies = tfdv.validate_statistics(
        train, schema, _environment(schema, "TRAINING"), previous_statistics=before
    )
    return _compared(
        anomalies, "drift", f"these training rows and those of span {span}"
    )


def _environment(schema: schema_pb2.Schema, name: str) -> str | None:
    """Return the environment, or None: TFDV fails on one the schema doesn't name."""
    return name if name in schema.default_environment else None


def _compared(
    anomalies: anomalies_pb2.Anomalies, kind: str, what: str
) -> list[dict[str, str]]:
    findings = []
    for info in anomalies.drift_skew_info:
        column = ".".join(info.path.step)
        measured = info.skew_measurements if kind == "skew" else info.drift_measurements
        for one in measured:
            if one.value > one.threshold:
                name = anomalies_pb2.DriftSkewInfo.Measurement.Type.Name(one.type)
                findings.append(
                    {
                        "split": "train",
                        "column": column,
                        "kind": kind,
                        "sentence": (
                            f"column `{column}`: found a {_distance(name)} of "
                            f"{one.value:.3f} between {what}, expected at most "
                            f"{one.threshold:.3f}"
                        ),
                        "hint": COMPARED[kind],
                    }
                )
    return findings


def _distance(name: str) -> str:
    return {
        "L_INFTY": "largest difference in share",
        "JENSEN_SHANNON_DIVERGENCE": "Jensen-Shannon divergence",
        "NORMALIZED_ABSOLUTE_DIFFERENCE": "normalised absolute difference",
    }.get(name, name.lower())


def _kind(info: anomalies_pb2.AnomalyInfo) -> str:
    kinds: list[str] = [
        anomalies_pb2.AnomalyInfo.Type.Name(reason.type) for reason in info.reason
    ]
    faults = [kind for kind in kinds if kind not in NOT_A_FAULT]
    return (faults or kinds or ["UNKNOWN_TYPE"])[0]


def _hint(column: str, kind: str) -> str:
    if not column:
        return LOOK
    return HARMLESS if kind == NEW else AS_EXPECTED


def _sentence(
    column: str,
    info: anomalies_pb2.AnomalyInfo,
    statistics: statistics_pb2.DatasetFeatureStatisticsList,
    schema: schema_pb2.Schema,
) -> str:
    if not column:
        return f"the split as a whole: {info.short_description.lower()}"
    short = info.short_description.lower()
    found = _found(column, statistics)
    expected = _expected(column, schema)
    if _kind(info) in SAID_BY_THE_COUNT:
        return f"column `{column}`: found {found}, expected {expected}"
    return f"column `{column}`: {short}: found {found}, expected {expected}"


def _found(column: str, statistics: statistics_pb2.DatasetFeatureStatisticsList) -> str:
    rows = int(statistics.datasets[0].num_examples)
    for feature in statistics.datasets[0].features:
        if ".".join(feature.path.step) == column:
            name = statistics_pb2.FeatureNameStatistics.Type.Name(feature.type)
            common = (
                feature.string_stats.common_stats
                if feature.HasField("string_stats")
                else feature.num_stats.common_stats
            )
            present = common.num_non_missing / rows if rows else 0.0
            return f"{name.lower()} values in {present:.1%} of {rows:,} rows"
    return "no such column"


def _expected(column: str, schema: schema_pb2.Schema) -> str:
    for feature in schema.feature:
        if feature.name != column:
            continue
        name: str = schema_pb2.FeatureType.Name(feature.type)
        kind = "string" if name == "BYTES" else name.lower()
        parts = [f"{kind} values"]
        if feature.presence.min_fraction:
            parts.append(f"in at least {feature.presence.min_fraction:.0%} of the rows")
        if feature.HasField("int_domain"):
            parts.append(f"from {feature.int_domain.min} to {feature.int_domain.max}")
        if feature.HasField("float_domain"):
            parts.append(
                f"from {feature.float_domain.min:g} to {feature.float_domain.max:g}"
            )
        if feature.domain or feature.HasField("string_domain"):
            parts.append("from the schema's list of values")
        return " ".join(parts)
    return "no such column"
