"""TFMA on score sketches: one input for each slice, in place of one for each row.

A slice becomes one TFMA input whose label, prediction and weight are arrays, one
place for each side of each threshold; TFMA flattens them, so its counts, rates
and calibration are those of the rows. AUC, log loss and Brier score are TFMA
metrics of our own, since a place a threshold would blur them: AUC adds up all
score bins, the other two the silos' exact sums. Our AUC is NaN for a slice with
one label, where TFMA's own says 0.0, as if the model were always wrong.
"""

from __future__ import annotations

import json
import math
import pathlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from numpy.typing import NDArray
from tensorflow_model_analysis.extractors import extractor, slice_key_extractor
from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.slicer import slicer_lib

from components.fairness_evaluator import bins, cells, intervals
from components.fairness_evaluator.cells import Cell
from components.fairness_evaluator.settings import SILO
from components.fairness_evaluator.slices import Key
from components.silos.tasks import DIRECT

STALE = ("metrics*", "plots*", "attributions*", "validations*", "eval_config.json")
MODULE = "components.fairness_evaluator.tfma_eval"

Figures = dict[str, float]


def evaluate(
    slices: Mapping[Key, Cell],
    edges: NDArray[np.float64],
    thresholds: Sequence[float],
    columns: Sequence[str],
    folder: str | pathlib.Path,
    beam_args: Sequence[str] = DIRECT,
) -> dict[Key, Figures]:
    """Run TFMA and leave its result where `tfma.load_eval_result` opens it.

    Args:
        slices: The slices; those with too few rows are not shown to TFMA.
        edges: Edges between the score bins.
        thresholds: Scores above one count as positive.
        columns: The slice columns.
        folder: Where TFMA writes; what it wrote there before is removed.
        beam_args: Beam's own flags.

    Returns:
        TFMA's figures by its own names; what is undefined is NaN.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for stale in (path for pattern in STALE for path in folder.glob(pattern)):
        stale.unlink()  # TFMA would read old shards along with the new ones
    shown = {key: cell for key, cell in slices.items() if not cell.too_few}
    config = eval_config(thresholds, columns, len(edges) + 1)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="fairsilo-evaluation-"))
    try:
        # By file, since Beam would pack the arrays into each worker's program.
        (scratch / "cells").write_bytes(cells.to_bytes(list(shown.values())))
        to_extracts = _ToExtracts(str(scratch / "cells"), edges, tuple(thresholds))
        inputs = [{"index": i, "key": _slice_key(key)} for i, key in enumerate(shown)]
        with beam.Pipeline(argv=list(beam_args)) as pipeline:
            _ = (
                pipeline
                | beam.Create(inputs)
                | tfma.ExtractEvaluateAndWriteResults(
                    eval_config=config,
                    eval_shared_model=None,
                    extractors=[
                        extractor.Extractor(
                            slice_key_extractor.SLICE_KEY_EXTRACTOR_STAGE_NAME,
                            beam.ParDo(to_extracts),
                        )
                    ],
                    output_path=str(folder),
                )
            )
    finally:
        shutil.rmtree(scratch)
    found = dict(tfma.load_eval_result(str(folder)).slicing_metrics)
    return {key: _figures(found[_slice_key(key)]) for key in shown}


def eval_config(
    thresholds: Sequence[float], columns: Sequence[str], num_bins: int
) -> tfma.EvalConfig:
    """Return what TFMA is asked for."""
    own = [
        ("SketchAUC", {"num_bins": num_bins}),
        ("MeanOfSums", {"feature": "log_loss", "name": "log_loss"}),
        ("MeanOfSums", {"feature": "brier", "name": "brier"}),
    ]
    return tfma.EvalConfig(
        model_specs=[
            tfma.ModelSpec(
                label_key="label",
                prediction_key="prediction",
                example_weight_key="weight",
            )
        ],
        slicing_specs=[
            tfma.SlicingSpec(feature_keys=list(keys))
            for column in ("", *columns)
            for keys in (filter(None, [column]), filter(None, [SILO, column]))
        ],
        metrics_specs=[
            tfma.MetricsSpec(
                metrics=[
                    *(
                        tfma.MetricConfig(
                            class_name=name, module=MODULE, config=json.dumps(config)
                        )
                        for name, config in own
                    ),
                    tfma.MetricConfig(class_name="ExampleCount"),
                    tfma.MetricConfig(class_name="Calibration"),
                    tfma.MetricConfig(
                        class_name="FairnessIndicators",
                        config=json.dumps({"thresholds": list(thresholds)}),
                    ),
                ]
            )
        ],
        options=tfma.Options(disabled_outputs={"values": ["analysis"]}),
    )


def _slice_key(key: Key) -> tuple[tuple[str, str], ...]:
    pairs = [(SILO, key.silo), (key.column, key.value)]
    return tuple((name, value) for name, value in pairs if value)


def _figures(metrics: Mapping[str, Any]) -> Figures:
    return {
        name: float(value.get("doubleValue", math.nan))
        for name, value in metrics[""][""].items()
    }


class _ToExtracts(beam.DoFn):  # type: ignore[misc]  # Beam has no types
    """Makes the extracts of one slice, with its slice key and no other."""

    def __init__(
        self, path: str, edges: NDArray[np.float64], thresholds: tuple[float, ...]
    ) -> None:
        self._path = path
        self._edges = edges
        self._thresholds = np.array(thresholds)
        self._cells: list[Cell] = []

    def setup(self) -> None:
        self._cells = cells.from_bytes(pathlib.Path(self._path).read_bytes())

    def process(self, item: dict[str, Any]) -> Iterable[dict[str, Any]]:
        cell = self._cells[item["index"]]
        sides = np.searchsorted(
            np.searchsorted(self._edges, self._thresholds), cell.bins, side="left"
        )
        present, counts, scores = _collapse(sides, cell)
        labels = np.repeat([0.0, 1.0], len(present))
        rising = bins.means(
            np.concatenate([present, present]),
            scores.ravel(),
            counts.ravel(),
            self._thresholds,
        )
        some = counts.ravel() > 0
        yield {
            tfma.LABELS_KEY: labels[some],
            tfma.PREDICTIONS_KEY: rising[some],
            tfma.EXAMPLE_WEIGHTS_KEY: counts.ravel()[some].astype(np.float64),
            tfma.FEATURES_KEY: {
                "bins": cell.bins,
                "negatives": cell.counts[0],
                "positives": cell.counts[1],
                "rows": np.array([cell.rows]),
                "log_loss": np.array([cell.log_loss]),
                "brier": np.array([cell.brier]),
            },
            tfma.SLICE_KEY_TYPES_KEY: slicer_lib.slice_keys_to_numpy_array(
                [item["key"]]
            ),
        }


def _collapse(
    sides: NDArray[np.int64], cell: Cell
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the occupied sides of the thresholds with their counts and sums."""
    present, starts = np.unique(sides, return_index=True)  # sides rise with bins
    return (
        present,
        np.add.reduceat(cell.counts, starts, axis=1),
        np.add.reduceat(cell.scores, starts, axis=1),
    )


class _AucFn(beam.CombineFn):  # type: ignore[misc]
    """Adds up the score bins of a slice."""

    def __init__(self, key: metric_types.MetricKey, num_bins: int) -> None:
        super().__init__()
        self._key = key
        self._num_bins = num_bins

    def create_accumulator(self) -> NDArray[np.int64]:
        return np.zeros((2, self._num_bins), np.int64)

    def add_input(
        self, total: NDArray[np.int64], inputs: metric_types.StandardMetricInputs
    ) -> NDArray[np.int64]:
        features = inputs.features
        total = total.copy()
        total[0, features["bins"]] += features["negatives"]
        total[1, features["bins"]] += features["positives"]
        return total

    def merge_accumulators(
        self, totals: Iterable[NDArray[np.int64]]
    ) -> NDArray[np.int64]:
        return sum(totals, start=self.create_accumulator())

    def extract_output(self, total: NDArray[np.int64]) -> dict[Any, float]:
        found = intervals.auc(*total)
        return {self._key: found.value if found else math.nan}


class _MeanFn(beam.CombineFn):  # type: ignore[misc]
    """Adds up exact sums and divides by rows."""

    def __init__(self, key: metric_types.MetricKey, feature: str) -> None:
        super().__init__()
        self._key = key
        self._feature = feature

    def create_accumulator(self) -> tuple[float, float]:
        return 0.0, 0.0

    def add_input(
        self, total: tuple[float, float], inputs: metric_types.StandardMetricInputs
    ) -> tuple[float, float]:
        features = inputs.features
        return (
            total[0] + float(features[self._feature][0]),
            total[1] + float(features["rows"][0]),
        )

    def merge_accumulators(
        self, totals: Iterable[tuple[float, float]]
    ) -> tuple[float, float]:
        pairs = list(totals)
        return sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)

    def extract_output(self, total: tuple[float, float]) -> dict[Any, float]:
        return {self._key: total[0] / total[1] if total[1] else math.nan}


class SketchAUC(metric_types.Metric):  # type: ignore[misc]
    """Area under the ROC curve from score bins; NaN where a label is absent."""

    def __init__(self, num_bins: int, name: str = "auc") -> None:
        super().__init__(_auc_computations, num_bins=num_bins, name=name)


class MeanOfSums(metric_types.Metric):  # type: ignore[misc]
    """Mean over rows of a quantity whose sums the silos give."""

    def __init__(self, feature: str, name: str) -> None:
        super().__init__(_mean_computations, feature=feature, name=name)


def _auc_computations(
    num_bins: int, name: str, example_weighted: bool = False
) -> metric_types.MetricComputations:
    key = metric_types.MetricKey(name=name, example_weighted=example_weighted)
    return [_computation(key, _AucFn(key, num_bins), "bins", "negatives", "positives")]


def _mean_computations(
    feature: str, name: str, example_weighted: bool = False
) -> metric_types.MetricComputations:
    key = metric_types.MetricKey(name=name, example_weighted=example_weighted)
    return [_computation(key, _MeanFn(key, feature), feature, "rows")]


def _computation(
    key: metric_types.MetricKey, combiner: beam.CombineFn, *features: str
) -> metric_types.MetricComputation:
    return metric_types.MetricComputation(
        keys=[key],
        preprocessors=[metric_types.FeaturePreprocessor(feature_keys=features)],
        combiner=combiner,
    )


metric_types.register_metric(SketchAUC)
metric_types.register_metric(MeanOfSums)
