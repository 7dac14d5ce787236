"""TFMA computes the figures of all slices, and this reads them from its result.

A slice is one TFMA input whatever its rows: its cell. Our metric, registered with
TFMA, passes on what a silo finished and computes the figures of totals; one metric
gives all of them, since what TFMA costs follows the metrics of a slice. Intervals are
TFMA's bounded values, so its views show them, and the calibration curve is its
calibration plot. A figure that can't be had is NaN: TFMA's own AUC of a slice with one
label is 0.0, as if the model were always wrong.

Slices come ready made, overlapping as they are: TFMA is told each one's key and
crosses nothing. It decides nothing: no threshold or smallest slice is set in its
configuration, as both make it fail slices that it was not shown.
"""

from __future__ import annotations

import json
import math
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from numpy.typing import NDArray
from tensorflow_model_analysis.extractors import extractor, slice_key_extractor
from tensorflow_model_analysis.metrics import calibration_plot, metric_types
from tensorflow_model_analysis.proto import metrics_for_slice_pb2 as protos
from tensorflow_model_analysis.slicer import slicer_lib
from tensorflow_model_analysis.writers import metrics_plots_and_validations_writer

from components.beam import IN_MEMORY
from components.fairness_evaluator.figures import slices
from components.fairness_evaluator.figures.slices import Measures, Metric, Value
from components.fairness_evaluator.settings import ROWS_KEY, EvaluationSettings
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.collect import Key
from components.payloads.interval import Interval
from components.payloads.table import SILO

STALE = ("metrics*", "plots*", "attributions*", "validations*", "eval_config.json")
SliceKey: TypeAlias = tuple[tuple[str, str], ...]

STAGE = slice_key_extractor.SLICE_KEY_EXTRACTOR_STAGE_NAME
CELL = "cell"  # the feature that holds it
CURVE = metric_types.PlotKey(calibration_plot.CALIBRATION_PLOT_NAME)


def evaluate(
    cells: Mapping[Key, Cell],
    settings: EvaluationSettings,
    folder: str | pathlib.Path,
    beam_args: Sequence[str] = IN_MEMORY,
) -> dict[Key, Measures]:
    """Run TFMA, leave its result where `tfma.load_eval_result` opens it, and read it.

    What it wrote into the folder before is removed. Slices with too few rows are not
    shown to TFMA.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for stale in (path for pattern in STALE for path in folder.glob(pattern)):
        stale.unlink()  # TFMA would read old shards along with the new ones
    inputs = [  # dictionaries, which TFMA does not wrap, of so many bytes, as it asks
        {tfma.INPUT_KEY: b"", "key": slice_key(key), "cell": cell}
        for key, cell in cells.items()
        if not cell.too_few
    ]
    if not inputs:
        return {key: Measures(cell, {}) for key, cell in cells.items()}
    with beam.Pipeline(argv=list(beam_args)) as pipeline:
        _ = (
            pipeline
            | beam.Create(inputs)
            | tfma.ExtractEvaluateAndWriteResults(
                eval_config=eval_config(settings),
                eval_shared_model=None,
                extractors=[extractor.Extractor(STAGE, beam.Map(_extracts))],
                output_path=str(folder),
            )
        )
    found = _read(folder, slices.names(settings.thresholds))
    return {
        key: Measures(cell, {} if cell.too_few else found[frozenset(slice_key(key))])
        for key, cell in cells.items()
    }


def eval_config(settings: EvaluationSettings) -> tfma.EvalConfig:
    """Return what TFMA is asked for."""
    thresholds, min_rows = list(settings.thresholds), settings.min_slice_rows
    metric = tfma.MetricConfig(
        class_name=CellFigures.__name__,
        module=CellFigures.__module__,
        config=json.dumps({"thresholds": thresholds, "min_rows": min_rows}),
    )
    return tfma.EvalConfig(
        model_specs=[tfma.ModelSpec(label_key="label", prediction_key="prediction")],
        slicing_specs=[
            tfma.SlicingSpec(feature_keys=list(keys))
            for columns in ((), *settings.families)
            for keys in (columns, (SILO, *columns))
        ],
        metrics_specs=[tfma.MetricsSpec(metrics=[metric])],
        options=tfma.Options(disabled_outputs={"values": ["analysis"]}),
    )


def slice_key(key: Key) -> SliceKey:
    """Return a slice's key as TFMA has it, the silo first."""
    rows_of = ((ROWS_KEY, key.rows_of),) if key.rows_of else ()
    silo = ((SILO, key.silo),) if key.silo else ()
    return (*rows_of, *silo, *zip(key.columns, key.values, strict=True))


def _extracts(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the extracts of one slice, with its slice key and no other."""
    return {
        tfma.LABELS_KEY: np.zeros(1),
        tfma.PREDICTIONS_KEY: np.zeros(1),
        tfma.FEATURES_KEY: {CELL: item["cell"]},
        tfma.SLICE_KEY_TYPES_KEY: slicer_lib.slice_keys_to_numpy_array([item["key"]]),
    }


class CellFigures(metric_types.Metric):  # type: ignore[misc]
    """All figures of a slice; arguments as those of `slices.figures`."""

    def __init__(
        self, thresholds: Sequence[float], min_rows: int, name: str = "cell_figures"
    ) -> None:
        super().__init__(
            _computations, thresholds=thresholds, min_rows=min_rows, name=name
        )


metric_types.register_metric(CellFigures)


def _computations(
    thresholds: Sequence[float],
    min_rows: int,
    name: str,  # noqa: ARG001  of the metric, which has many; TFMA gives it
) -> metric_types.MetricComputations:
    combiner = _CellFn(thresholds, min_rows)
    return [
        metric_types.MetricComputation(
            keys=[*combiner.keys.values(), CURVE],
            preprocessors=[metric_types.FeaturePreprocessor(feature_keys=[CELL])],
            combiner=combiner,
        )
    ]


class _CellFn(beam.CombineFn):  # type: ignore[misc]  # Beam has no types
    """Makes the figures of a slice from its one cell."""

    def __init__(self, thresholds: Sequence[float], min_rows: int) -> None:
        super().__init__()
        self._thresholds = thresholds
        self._min_rows = min_rows
        self.keys = {
            metric: metric_types.MetricKey(name=name)
            for metric, name in slices.names(thresholds).items()
        }

    def create_accumulator(self) -> list[Cell]:
        return []

    def add_input(
        self, found: list[Cell], inputs: metric_types.StandardMetricInputs
    ) -> list[Cell]:
        return [*found, inputs.features[CELL]]

    def merge_accumulators(self, parts: Iterable[list[Cell]]) -> list[Cell]:
        return [cell for part in parts for cell in part]

    def extract_output(self, found: list[Cell]) -> dict[Any, Any]:
        if not found:  # TFMA asks for the figures of no rows at all, too
            return {
                **dict.fromkeys(self.keys.values(), math.nan),
                CURVE: protos.CalibrationHistogramBuckets(),
            }
        (cell,) = found
        figures = slices.figures(cell, self._thresholds, self._min_rows)
        return {
            **{self.keys[metric]: _bounded(value) for metric, value in figures.items()},
            CURVE: _histogram(slices.curve_of(cell, self._min_rows)),
        }


def _bounded(value: Value) -> float | protos.BoundedValue:
    if isinstance(value, Interval):
        found = protos.BoundedValue()
        found.value.value, found.lower_bound.value, found.upper_bound.value = value
        return found
    return math.nan if value is None else value


def _histogram(curve: NDArray[np.float64]) -> protos.CalibrationHistogramBuckets:
    """Return a curve as TFMA's plot has it."""
    found, lower = protos.CalibrationHistogramBuckets(), 0.0
    for upper, rows, positives, scores in curve.T.tolist():
        found.buckets.add(
            lower_threshold_inclusive=lower,
            upper_threshold_exclusive=upper,
            num_weighted_examples={"value": rows},
            total_weighted_label={"value": positives},
            total_weighted_refined_prediction={"value": scores},
        )
        lower = upper
    return found


def _read(
    folder: pathlib.Path, names: Mapping[Metric, str]
) -> dict[frozenset[tuple[str, str]], dict[Metric, Interval | None]]:
    """Read the figures of each slice, by its key, from what TFMA wrote."""
    writer = metrics_plots_and_validations_writer
    metrics = {name: metric for metric, name in names.items()}
    return {
        _key(each.slice_key): {
            metrics[pair.key.name]: _interval(pair)
            for pair in each.metric_keys_and_values
        }
        for each in writer.load_and_deserialize_metrics(str(folder))
    }


def _key(slice_key: protos.SliceKey) -> frozenset[tuple[str, str]]:
    return frozenset(
        (str(column), value.decode() if isinstance(value, bytes) else str(value))
        for column, value in slicer_lib.deserialize_slice_key(slice_key)
    )


def _interval(found: protos.MetricKeyAndValue) -> Interval | None:
    """Return a value with its interval, of no width where TFMA has none."""
    value = found.value.double_value.value
    if math.isnan(value):
        return None
    if not found.HasField("confidence_interval"):
        return Interval(value, value, value)
    bounds = found.confidence_interval
    low, high = bounds.lower_bound.double_value, bounds.upper_bound.double_value
    return Interval(value, low.value, high.value)
