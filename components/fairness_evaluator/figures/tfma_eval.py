"""TFMA on score sketches: one input for each slice, in place of one for each row.

A slice becomes one TFMA input that carries its cell, and for TFMA's own counts one
row of each label with the mean score and the number of rows as weight. Slices come
ready made, overlapping as they are: TFMA is told each one's key and crosses nothing.
The figures over silos and groups are not here but in the tidy table alone, where
they have intervals and names. TFMA decides nothing: no threshold or smallest slice is
set in its configuration, as both make it fail slices that it was not shown.
"""

from __future__ import annotations

import json
import pathlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.extractors import extractor, slice_key_extractor
from tensorflow_model_analysis.slicer import slicer_lib

from components.beam import IN_MEMORY
from components.fairness_evaluator.figures import tfma_metrics
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches import cells
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.slices import Key
from components.payloads.table import SILO

STALE = ("metrics*", "plots*", "attributions*", "validations*", "eval_config.json")


def evaluate(
    slices: Mapping[Key, Cell],
    settings: EvaluationSettings,
    folder: str | pathlib.Path,
    beam_args: Sequence[str] = IN_MEMORY,
) -> None:
    """Run TFMA and leave its result where `tfma.load_eval_result` opens it.

    Args:
        slices: The slices; those with too few rows are not shown to TFMA.
        settings: What is measured.
        folder: Where TFMA writes; what it wrote there before is removed.
        beam_args: Beam's own flags.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for stale in (path for pattern in STALE for path in folder.glob(pattern)):
        stale.unlink()  # TFMA would read old shards along with the new ones
    shown = {key: cell for key, cell in slices.items() if not cell.too_few}
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="fairsilo-evaluation-"))
    try:
        # By file, since Beam would pack the arrays into each worker's program.
        (scratch / "cells").write_bytes(cells.to_bytes(list(shown.values())))
        inputs = [
            {"index": index, "key": slice_key(key)} for index, key in enumerate(shown)
        ]
        with beam.Pipeline(argv=list(beam_args)) as pipeline:
            _ = (
                pipeline
                | beam.Create(inputs)
                | tfma.ExtractEvaluateAndWriteResults(
                    eval_config=eval_config(settings),
                    eval_shared_model=None,
                    extractors=[
                        extractor.Extractor(
                            slice_key_extractor.SLICE_KEY_EXTRACTOR_STAGE_NAME,
                            beam.ParDo(_ToExtracts(str(scratch / "cells"))),
                        )
                    ],
                    output_path=str(folder),
                )
            )
    finally:
        tfma_metrics.forget()
        shutil.rmtree(scratch)


def eval_config(settings: EvaluationSettings) -> tfma.EvalConfig:
    """Return what TFMA is asked for."""
    own = {"bins": settings.bins, "thresholds": list(settings.thresholds)}
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
            for columns in ((), *settings.families)
            for keys in (columns, (SILO, *columns))
        ],
        metrics_specs=[
            tfma.MetricsSpec(
                metrics=[
                    tfma.MetricConfig(class_name="ExampleCount"),
                    tfma.MetricConfig(class_name="Calibration"),
                    tfma.MetricConfig(
                        class_name=tfma_metrics.CellFigures.__name__,
                        module=tfma_metrics.__name__,
                        config=json.dumps(own),
                    ),
                ]
            )
        ],
        options=tfma.Options(disabled_outputs={"values": ["analysis"]}),
    )


def slice_key(key: Key) -> tuple[tuple[str, str], ...]:
    """Return a slice's key as TFMA has it, the silo first."""
    silo = ((SILO, key.silo),) if key.silo else ()
    return (*silo, *zip(key.columns, key.values, strict=True))


class _ToExtracts(beam.DoFn):  # type: ignore[misc]  # Beam has no types
    """Makes the extracts of one slice, with its slice key and no other."""

    def __init__(self, path: str) -> None:
        self._path = path

    def process(self, item: dict[str, Any]) -> Iterable[dict[str, Any]]:
        stored = tfma_metrics.StoredCell(self._path, item["index"])
        cell = stored.read()
        counts = cell.counts.sum(axis=1)
        some = counts > 0
        yield {
            tfma.LABELS_KEY: np.array([0.0, 1.0])[some],
            tfma.PREDICTIONS_KEY: cell.scores.sum(axis=1)[some] / counts[some],
            tfma.EXAMPLE_WEIGHTS_KEY: counts[some].astype(np.float64),
            tfma.FEATURES_KEY: {tfma_metrics.CELL: stored},
            tfma.SLICE_KEY_TYPES_KEY: slicer_lib.slice_keys_to_numpy_array(
                [item["key"]]
            ),
        }
