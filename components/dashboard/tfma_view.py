"""TFMA's own fairness view, as data for its element.

The only file here that imports TFMA. It hands `fairness-nb-container` (from the
JavaScript bundle in TFMA's wheel) what a notebook would, but worst slices first:
the element orders slices by name and preselects the first ones, which hides the
worst (`page.js` keeps the order given here). Cross-slice rows and differences are
left out, and so are slices without a number in the tidy table, where TFMA gives
a single-class slice an AUC of 0.
"""

from __future__ import annotations

import dataclasses
import math
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.slicer import slicer_lib

from components.dashboard.scores import SILO_COLUMN, Slice

BUNDLE = "static/vulcanized_tfma.js"
CONFIG = "eval_config.json"
BASELINE_FOLDER = "baseline"
CROSS = " \N{MULTIPLICATION SIGN} "
MAX_LABEL = 60  # unit: characters; the element wraps no label

SliceKey = tuple[tuple[str, str], ...]
Metrics = dict[SliceKey, dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Family:
    """One view: overall and the slices by the same columns.

    Attributes:
        columns: The columns that the slices are cut by.
        candidate: Rows for the element, overall first, then the worst.
        baseline: The same rows of the model in service; empty without one.
        num_slices: Slices in the family, shown or not.
    """

    columns: tuple[str, ...]
    candidate: list[dict[str, Any]]
    baseline: list[dict[str, Any]]
    num_slices: int

    @property
    def title(self) -> str:
        """The columns in words."""
        words = ("silo" if name == SILO_COLUMN else name for name in self.columns)
        return " and ".join(words)


def bundle() -> str:
    """Return the JavaScript of TFMA's elements, as it is in the wheel.

    But for `autofocus`: its closed dialogs would ask for the focus at load, which
    browsers refuse inside a sandboxed frame with an error each.
    """
    path = pathlib.Path(tfma.__file__).parent / BUNDLE
    return path.read_text(encoding="utf-8").replace(' autofocus=""', "")


def families(
    folder: str | pathlib.Path,
    ranked: Mapping[tuple[str, ...], Sequence[Slice]],
    max_slices: int,
) -> list[Family]:
    """Return the views of an evaluation; none where nothing was evaluated.

    Args:
        folder: The ModelEvaluation's folder; the model in service below
            `baseline/`, where there is one.
        ranked: The slices to show by family, worst first.
        max_slices: Most slices of one family, without overall.
    """
    if not pathlib.Path(folder, CONFIG).exists():
        return []
    candidate = _load(folder)
    below = pathlib.Path(folder, BASELINE_FOLDER)
    baseline = _load(below) if (below / CONFIG).exists() else {}
    return [
        _family(columns, slices, candidate, baseline, max_slices)
        for columns, slices in ranked.items()
    ]


def _family(
    columns: tuple[str, ...],
    slices: Sequence[Slice],
    candidate: Metrics,
    baseline: Metrics,
    max_slices: int,
) -> Family:
    keys = [of.key for of in slices if of.key in candidate][:max_slices]
    labels = dict(zip(keys, _labels(keys), strict=True))
    shown: list[SliceKey] = [(), *keys]
    compared = [key for key in shown if key in baseline]
    # The element needs both sides for each row: where the model in service has
    # no such slice, its side says so with no metrics.
    return Family(
        columns=columns,
        candidate=[_row(columns, key, labels, candidate[key]) for key in shown],
        baseline=[_row(columns, key, labels, baseline.get(key, {})) for key in shown]
        if compared
        else [],
        num_slices=len(slices),
    )


def _row(
    columns: tuple[str, ...],
    key: SliceKey,
    labels: Mapping[SliceKey, str],
    metrics: dict[str, Any],
) -> dict[str, Any]:
    if not key:
        return {"slice": "Overall", "sliceValue": "Overall", "metrics": metrics}
    family = _without_colon(CROSS.join(columns))
    label = labels[key]
    return {"slice": f"{family}:{label}", "sliceValue": label, "metrics": metrics}


def _labels(keys: Sequence[SliceKey]) -> list[str]:
    """Return a distinct, short label for each key, without the element's colon."""
    labels: list[str] = []
    for key in keys:
        text = _without_colon(CROSS.join(value for _, value in key))
        label = text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 1]}…"
        while label in labels:
            label += "\N{PRIME}"
        labels.append(label)
    return labels


def _without_colon(text: str) -> str:
    return text.replace(":", "\N{RATIO}")  # the element cuts labels at a colon


def _load(folder: str | pathlib.Path) -> Metrics:
    result = tfma.load_eval_result(str(folder))
    return {
        tuple(sorted((str(column), _text(value)) for column, value in key)): _clean(
            metrics[""][""]
        )
        for key, metrics in result.slicing_metrics
        if not slicer_lib.is_cross_slice_key(key) and metrics
    }


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _clean(metrics: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _finite(value)
        for name, value in metrics.items()
        if not name.endswith("_diff")
    }


def _finite(value: object) -> object:
    """Return a JSON value: six digits, and no number that JSON does not know."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else "NaN"
    return value
