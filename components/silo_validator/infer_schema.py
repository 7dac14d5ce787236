"""Infers a schema that every silo of a new use case fits.

TFDV infers from the first silo and widens by the others, one silo's statistics
at a time. Lists of string values are left out: they would tell one silo's values
to all, and a value that is new next month is no fault.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2

from components.silo_validator import tfdv_checks


def infer(tables: Iterable[pa.Table], label: str) -> schema_pb2.Schema:
    """Return a schema over all silos' columns.

    Args:
        tables: Each silo's rows, with plain column types.
        label: The label's column, 0 or 1 where present; absent when serving.
    """
    import tensorflow_data_validation as tfdv

    schema: schema_pb2.Schema | None = None
    kinds: dict[str, set[int]] = {}
    holders: Counter[str] = Counter()
    silos = 0
    for table in tables:
        silos += 1
        holders.update(table.column_names)
        statistics = tfdv_checks.measure(table, "train", schema_pb2.Schema())
        if schema is None:
            schema = tfdv.infer_schema(statistics, max_string_domain_size=0)
        else:
            schema = tfdv.update_schema(schema, statistics, max_string_domain_size=0)
        inferred = tfdv.infer_schema(statistics, max_string_domain_size=0)
        for feature in inferred.feature:
            kinds.setdefault(feature.name, set()).add(feature.type)
    if schema is None:
        raise ValueError("no silo holds a row to infer a schema from")
    for feature in schema.feature:
        if kinds[feature.name] == {schema_pb2.INT, schema_pb2.FLOAT}:
            feature.type = schema_pb2.FLOAT
        if holders[feature.name] < silos:
            feature.ClearField("presence")  # a silo without the column fits too
        feature.ClearField("int_domain")
        if feature.name == label:
            _label(feature)
    del schema.default_environment[:]
    schema.default_environment.extend(["TRAINING", "SERVING"])
    return schema


def _label(feature: schema_pb2.Feature) -> None:
    feature.not_in_environment.append("SERVING")
    if feature.type == schema_pb2.INT:
        feature.int_domain.CopyFrom(schema_pb2.IntDomain(min=0, max=1))
    elif feature.type == schema_pb2.FLOAT:
        feature.float_domain.CopyFrom(schema_pb2.FloatDomain(min=0, max=1))
