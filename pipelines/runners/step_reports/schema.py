"""ImportSchemaGen: the columns that every silo is asked for."""

from __future__ import annotations

from collections.abc import Mapping

from tensorflow_metadata.proto.v0 import schema_pb2

from components.dashboard import formats
from components.silos import schema
from pipelines.runners.result import NodeResult
from pipelines.runners.step_reports import outputs
from pipelines.runners.step_reports.content import Column, Content, Table, verb

TYPES = {
    schema_pb2.BYTES: "text",
    schema_pb2.INT: "whole number",
    schema_pb2.FLOAT: "number",
}


def describe(nodes: Mapping[str, NodeResult]) -> Content:
    """Return what the step says.

    Raises:
        FairSiloError: Its output is not there.
    """
    shared = outputs.required(nodes, "ImportSchemaGen", "schema", schema.read)
    number = len(shared.feature)
    domains = {domain.name: domain for domain in shared.string_domain}
    return Content(
        f"The shared schema has {formats.count(number)} "
        f"{verb(number, 'column', 'columns')}",
        tables=(
            Table(
                "Columns",
                (
                    Column("Column"),
                    Column("Type"),
                    Column("Values", "sentence"),
                    Column("Present"),
                    Column("Not asked for in"),
                ),
                tuple(
                    (
                        feature.name,
                        TYPES.get(feature.type, formats.NONE),
                        _domain(feature, domains),
                        _presence(feature),
                        ", ".join(feature.not_in_environment),
                    )
                    for feature in shared.feature
                ),
                "The schema lies in the use case's file below schemas/.",
            ),
        ),
        metrics={"columns": number},
    )


def _domain(
    feature: schema_pb2.Feature, domains: Mapping[str, schema_pb2.StringDomain]
) -> str:
    kind = feature.WhichOneof("domain_info")
    if kind in {"domain", "string_domain"}:
        named = domains.get(feature.domain) if kind == "domain" else None
        return ", ".join((named or feature.string_domain).value)
    if kind == "int_domain":
        text = _range(feature.int_domain)
        categorical = feature.int_domain.is_categorical
        return f"{text} (categories)" if categorical else text
    return _range(feature.float_domain) if kind == "float_domain" else ""


def _range(domain: schema_pb2.IntDomain | schema_pb2.FloatDomain) -> str:
    low = f"from {domain.min:,}" if domain.HasField("min") else ""
    high = f"to {domain.max:,}" if domain.HasField("max") else ""
    return " ".join(filter(None, (low, high)))


def _presence(feature: schema_pb2.Feature) -> str:
    share = feature.presence.min_fraction
    if share == 1:
        return "in every row"
    return f"in at least {100 * share:g} % of rows" if share else "may be missing"
