"""TFMA metrics of our own: the figures of a slice from its cell.

One metric gives all keys, since what TFMA costs follows the metrics of a slice. It
names the rates at thresholds as TFMA's FairnessIndicators does, whose names its
fairness view looks for, and computes them from the counts: FairnessIndicators itself
took as long as all the rest. Our AUC is NaN for a slice with one label, where TFMA's
own says 0.0, as if the model were always wrong.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
from numpy.typing import NDArray
from tensorflow_model_analysis.metrics import metric_types

from components.fairness_evaluator.figures import measures
from components.fairness_evaluator.sketches import bins as score_bins
from components.fairness_evaluator.sketches import cells
from components.fairness_evaluator.sketches.cells import Cell

FAIRNESS = "fairness_indicators_metrics"
CELL = "cell"  # the feature that names it
ONE_ROW = Cell(
    (),
    (),
    1,
    too_few=False,
    bins=np.zeros(1, np.int32),
    counts=np.array([[1], [0]]),
    scores=np.zeros((2, 1)),
)  # to have the names of figures


def label(threshold: float, thresholds: Sequence[float]) -> str:
    """Return a threshold as TFMA writes it in the names of its rates."""
    digits = max(1, *(len(str(each)) - 2 for each in thresholds))
    return f"{threshold:.{digits}f}"


def figures(
    cell: Cell, edges: NDArray[np.float64], thresholds: Sequence[float]
) -> dict[str, float]:
    """Return the figures of a slice by the names that TFMA shows; NaN for none."""
    known = measures.measure(cell, edges, thresholds)
    named = {}
    for (metric, threshold), value in known.found.items():
        if threshold is None and metric != "calibration":  # that is TFMA's own
            named[metric] = math.nan if value is None else value.value
    for threshold, *above in zip(thresholds, *known.above.tolist(), strict=True):
        at = label(threshold, thresholds)
        for name, (hits, rows) in _fairness(cell, *above).items():
            named[f"{FAIRNESS}/{name}@{at}"] = hits / rows if rows else math.nan
    return named


def _fairness(cell: Cell, false: int, true: int) -> dict[str, tuple[int, int]]:
    """Return the hits and rows of each rate of FairnessIndicators, each once.

    Args:
        cell: The slice.
        false: Rows of label 0 above the threshold.
        true: Rows of label 1 above it.
    """
    positives, negatives = cell.positives, cell.negatives
    above, missed = false + true, positives - true
    return {
        "false_positive_rate": (false, negatives),
        "false_negative_rate": (missed, positives),
        "true_positive_rate": (true, positives),
        "true_negative_rate": (negatives - false, negatives),
        "positive_rate": (above, cell.rows),
        "negative_rate": (cell.rows - above, cell.rows),
        "false_discovery_rate": (false, above),
        "false_omission_rate": (missed, cell.rows - above),
        "precision": (true, above),
    }


@dataclasses.dataclass(frozen=True)
class StoredCell:
    """A cell in a file: what travels between TFMA's stages in the cell's place.

    Beam packs what it hands on, which for millions of bins took longer than all
    else.

    Attributes:
        path: A file that `cells.to_bytes` made.
        index: The cell's place in it.
    """

    path: str
    index: int

    def read(self) -> Cell:
        """Return the cell; the file is read once and kept until another is."""
        return _read(self.path)[self.index]


@functools.lru_cache(maxsize=1)
def _read(path: str) -> list[Cell]:
    return cells.from_bytes(pathlib.Path(path).read_bytes())


def forget() -> None:
    """Give the cells that were read last free."""
    _read.cache_clear()


class _CellFn(beam.CombineFn):  # type: ignore[misc]  # Beam has no types
    """Adds up the cells of a slice and makes its figures."""

    def __init__(
        self,
        keys: Mapping[str, metric_types.MetricKey],
        edges: NDArray[np.float64],
        thresholds: Sequence[float],
    ) -> None:
        super().__init__()
        self._keys = keys
        self._edges = edges
        self._thresholds = thresholds

    def create_accumulator(self) -> list[StoredCell]:
        return []

    def add_input(
        self, found: list[StoredCell], inputs: metric_types.StandardMetricInputs
    ) -> list[StoredCell]:
        return [*found, inputs.features[CELL]]

    def merge_accumulators(self, parts: Iterable[list[StoredCell]]) -> list[StoredCell]:
        return [cell for part in parts for cell in part]

    def extract_output(self, stored: list[StoredCell]) -> dict[Any, float]:
        found = [each.read() for each in stored]
        if not found:  # TFMA asks for the figures of no rows at all, too
            return dict.fromkeys(self._keys.values(), math.nan)
        total = cells.add(found) if len(found) > 1 else found[0]
        named = figures(total, self._edges, self._thresholds)
        return {self._keys[name]: value for name, value in named.items()}


class CellFigures(metric_types.Metric):  # type: ignore[misc]
    """All figures of a slice; see the module's text.

    Args:
        bins: The score bins of the settings.
        thresholds: Scores above one count as positive.
    """

    def __init__(
        self, bins: int, thresholds: Sequence[float], name: str = "cell_figures"
    ) -> None:
        super().__init__(_computations, bins=bins, thresholds=thresholds, name=name)


def _computations(
    bins: int,
    thresholds: Sequence[float],
    name: str,  # noqa: ARG001  of the metric, which has many; TFMA gives it
    example_weighted: bool = False,
) -> metric_types.MetricComputations:
    edges = score_bins.edges(bins, thresholds)
    keys = {
        name: metric_types.MetricKey(name=name, example_weighted=example_weighted)
        for name in figures(ONE_ROW, edges, thresholds)
    }
    return [
        metric_types.MetricComputation(
            keys=list(keys.values()),
            preprocessors=[metric_types.FeaturePreprocessor(feature_keys=[CELL])],
            combiner=_CellFn(keys, edges, thresholds),
        )
    ]


metric_types.register_metric(CellFigures)
