"""Plain TFMA, row by row: what the benchmark compares score sketches with."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import apache_beam as beam
import pandas as pd
import pyarrow as pa
import tensorflow_model_analysis as tfma

from components.beam import IN_MEMORY
from components.payloads.table import SILO


def evaluate(
    frame: pd.DataFrame,
    column: str,
    thresholds: Sequence[float],
    batch_rows: int,
    folder: str,
) -> dict[str, dict[str, float]]:
    """Return TFMA's figures by slice, `silo|value`, from batches of rows."""
    config = _config(column, thresholds)
    with beam.Pipeline(argv=[*IN_MEMORY]) as pipeline:
        _ = (
            pipeline
            | beam.Create(_batches(frame, batch_rows))
            | tfma.ExtractEvaluateAndWriteResults(
                eval_config=config,
                eval_shared_model=None,
                extractors=tfma.default_extractors(
                    eval_config=config, eval_shared_model=None
                ),
                evaluators=tfma.default_evaluators(eval_config=config),
                output_path=folder,
            )
        )
    return load(folder, column)


def load(folder: str, column: str) -> dict[str, dict[str, float]]:
    """Return what TFMA wrote into a folder, by slice, `silo|value`."""
    found = {}
    for key, metrics in tfma.load_eval_result(folder).slicing_metrics:
        slice_ = dict(key)
        found[f"{slice_.get(SILO, '')}|{slice_.get(column, '')}"] = {
            name: _number(value) for name, value in metrics[""][""].items()
        }
    return found


def _number(value: Mapping[str, Any]) -> float:
    bounded = value.get("boundedValue")
    return float(bounded["value"] if bounded else value.get("doubleValue", math.nan))


def _batches(frame: pd.DataFrame, batch_rows: int) -> list[pa.RecordBatch]:
    """Return the rows as TFX's readers give them: each value a list of one."""
    strings = dict.fromkeys(frame.select_dtypes("category"), str)
    table = pa.Table.from_pandas(frame.astype(strings), preserve_index=False)
    batches = []
    for batch in table.to_batches(batch_rows):
        ends = pa.array(range(len(batch) + 1), pa.int32())
        lists = [pa.ListArray.from_arrays(ends, array) for array in batch.columns]
        batches.append(pa.RecordBatch.from_arrays(lists, batch.schema.names))
    return batches


def _config(column: str, thresholds: Sequence[float]) -> tfma.EvalConfig:
    metrics = dict.fromkeys(("AUC", "ExampleCount", "Calibration"), "")
    metrics["FairnessIndicators"] = json.dumps({"thresholds": list(thresholds)})
    return tfma.EvalConfig(
        model_specs=[tfma.ModelSpec(label_key="label", prediction_key="prediction")],
        slicing_specs=[
            tfma.SlicingSpec(feature_keys=keys)
            for keys in ([], [SILO], [column], [SILO, column])
        ],
        metrics_specs=[
            tfma.MetricsSpec(
                metrics=[
                    tfma.MetricConfig(class_name=name, config=config)
                    for name, config in metrics.items()
                ]
            )
        ],
        options=tfma.Options(disabled_outputs={"values": ["analysis"]}),
    )
