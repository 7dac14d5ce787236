"""FeatureSpecGen: what the silos agreed on, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping

from components.dashboard import formats
from components.dashboard.run.key_figures import KeyFigure
from components.features import spec
from components.features.spec import Categorical, Numeric
from components.payloads.unused_columns import UnusedColumns
from pipelines.runners.result import NodeResult
from pipelines.runners.step_reports import admission, outputs
from pipelines.runners.step_reports.content import Cell, Column, Content, Table


def describe(nodes: Mapping[str, NodeResult]) -> Content:
    """Return what the step says.

    Raises:
        FairSiloError: Its output is not there.
    """
    agreed = outputs.required(nodes, "FeatureSpecGen", "feature_spec", spec.read)
    left_out = outputs.required(
        nodes, "FeatureSpecGen", "feature_spec", UnusedColumns.read
    )
    number = len(agreed.features)
    values = sum(len(feature.values) for feature in agreed.categorical)
    return Content(
        f"The silos agreed on {formats.count(number)} features"
        if number
        else "There are no features",
        "good" if number else "bad",
        reasons=_refusal(nodes) if not number else (),
        figures=(
            KeyFigure("Numeric", formats.count(len(agreed.numeric))),
            KeyFigure("Categorical", formats.count(len(agreed.categorical))),
            KeyFigure("Values in vocabularies", formats.count(values)),
        ),
        tables=(
            Table(
                "Features",
                (
                    Column("Feature"),
                    Column("Kind"),
                    Column("Mean", "number"),
                    Column("Scale", "number"),
                    Column("Values", "number"),
                ),
                tuple(_row(feature) for feature in agreed.features),
                f"Standard scores are clipped at {agreed.clip:g}. A value enters a "
                "vocabulary only if enough rows in enough silos hold it.",
            ),
            Table(
                "Columns left out",
                (Column("Column"), Column("Why", "sentence")),
                tuple((one.column, one.reason) for one in left_out.columns),
            ),
        ),
        metrics={"features": number, "values in vocabularies": values},
    )


def _refusal(nodes: Mapping[str, NodeResult]) -> tuple[str, ...]:
    found = admission.find(nodes)
    return ("No silo was admitted.",) if found and not found.admitted else ()


def _row(feature: Numeric | Categorical) -> tuple[Cell, ...]:
    if isinstance(feature, Numeric):
        mean, scale = f"{feature.mean:.4g}", f"{feature.scale:.4g}"
        return (feature.name, "numeric", mean, scale, "")
    size = formats.count(len(feature.values))
    return (feature.name, "categorical", "", "", size)
