"""FeatureSpecGen: what the silos agreed on, and what was left out."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Mapping, Sequence

from components.dashboard import formats
from components.dashboard.run.key_figures import KeyFigure
from components.features import spec
from components.features.spec import Categorical, FeatureSpec, Numeric
from components.silos import schema, statistics
from components.silos.manifest import TRAIN
from pipelines.runners.result import NodeResult
from pipelines.runners.step_reports import admission, outputs
from pipelines.runners.step_reports.content import Cell, Column, Content, Table

NO_VALUE = "no admitted silo discloses a value of it"
NO_FEATURE = "the label, a key, the column that splits, or ignored by the settings"
NOT_KNOWN = "the statistics are not at hand"


def describe(nodes: Mapping[str, NodeResult]) -> Content:
    """Return what the step says.

    Raises:
        FairSiloError: Its output is not there.
    """
    agreed = outputs.required(nodes, "FeatureSpecGen", "feature_spec", spec.read)
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
                tuple(_left_out(nodes, agreed)),
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


def _left_out(
    nodes: Mapping[str, NodeResult], agreed: FeatureSpec
) -> Iterator[tuple[str, str]]:
    shared = outputs.optional(nodes, "ImportSchemaGen", "schema", schema.read)
    if shared is None:
        return
    columns = {feature.name for feature in shared.feature} - {*agreed.columns}
    disclosed = _disclosed(nodes, sorted(columns))
    for column in sorted(columns):
        if disclosed is None:
            yield column, NOT_KNOWN
        else:
            yield column, NO_FEATURE if column in disclosed else NO_VALUE


def _disclosed(
    nodes: Mapping[str, NodeResult], columns: Sequence[str]
) -> set[str] | None:
    """Return those of the columns that an admitted silo discloses a value of."""
    found = admission.find(nodes)
    folder = outputs.optional(nodes, "SiloValidator", "statistics", pathlib.Path)
    if found is None or folder is None:
        return None
    told: set[str] = set()
    for silo in found.admitted:
        if told.issuperset(columns):
            break
        train = statistics.split_of(statistics.read(folder, silo), TRAIN)
        by_column = statistics.by_column(train) if train else {}
        for column in columns:
            if column in by_column and statistics.num_present(by_column[column]):
                told.add(column)
    return told
