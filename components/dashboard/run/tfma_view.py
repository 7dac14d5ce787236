"""TFMA's own views, as data for its elements.

The only file here that imports TFMA. It hands `fairness-nb-container` and
`tfma-nb-slicing-metrics` (from the JavaScript bundle in TFMA's wheel) what a
notebook would, but worst slices first: the fairness view orders slices by name and
preselects the first ones, which hides the worst (`templates/tfma_view.js` keeps the
order
given here). Cross-slice rows and differences are left out, and so are slices
without a number in the tidy table, where TFMA gives a single-class slice an AUC
of 0.
"""

from __future__ import annotations

import dataclasses
import math
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.slicer import slicer_lib
from tensorflow_model_analysis.view import util as view_util

from components.dashboard.scores import OVERALL, Slice
from components.payloads.table import SILO, crossed

BUNDLE = "static/vulcanized_tfma.js"
CONFIG = "eval_config.json"
BASELINE_FOLDER = "baseline"
TIMES = " \N{MULTIPLICATION SIGN} "
MAX_LABEL = 60  # unit: characters; the element wraps no label
FAIRNESS = "fairness_indicators_metrics"  # the fairness view's own
COUNT = "example_count"
OF_BASELINE = " (baseline)"

Metrics = dict[Slice, dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Family:
    """One view: overall and the slices by the same columns.

    Attributes:
        columns: The columns that the slices are cut by.
        candidate: Rows for the element, overall first, then the worst.
        baseline: The same rows of the baseline; empty without one.
        slicing: Rows for the slicing metrics element, both models in one.
        num_slices: Slices in the family, shown or not.
    """

    columns: tuple[str, ...]
    candidate: list[dict[str, Any]]
    baseline: list[dict[str, Any]]
    slicing: list[dict[str, Any]]
    num_slices: int

    @property
    def title(self) -> str:
        """The columns in words."""
        words = ("silo" if name == SILO else name for name in self.columns)
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
        folder: The ModelEvaluation's folder; the baseline below
            `baseline/`, where there is one.
        ranked: The slices to show by family, worst first.
        max_slices: Most slices of one family, without overall.
    """
    if not pathlib.Path(folder, CONFIG).exists():
        return []
    columns = {family[-1] for family in ranked if family[-1] != SILO}
    below = pathlib.Path(folder, BASELINE_FOLDER)
    return arrange(
        ranked,
        _load(folder, columns),
        _load(below, columns) if (below / CONFIG).exists() else {},
        max_slices,
    )


def arrange(
    ranked: Mapping[tuple[str, ...], Sequence[Slice]],
    candidate: Metrics,
    baseline: Metrics,
    max_slices: int,
) -> list[Family]:
    """Return the views of TFMA's metrics by slice.

    Args:
        ranked: The slices to show by family, worst first.
        candidate: TFMA's metrics by name, `{"auc": {"doubleValue": 0.7}, ...}`.
        baseline: The same of the baseline; empty without one.
        max_slices: Most slices of one family, without overall.
    """
    return [
        _family(family, slices, candidate, baseline, max_slices)
        for family, slices in ranked.items()
        if any(of in candidate for of in slices)
    ]


def _family(
    columns: tuple[str, ...],
    slices: Sequence[Slice],
    candidate: Metrics,
    baseline: Metrics,
    max_slices: int,
) -> Family:
    worst = [of for of in slices if of in candidate][:max_slices]
    labels = dict(zip(worst, _labels(worst), strict=True))
    shown = [OVERALL, *worst]
    compared = [of for of in shown if of in baseline]
    # The element needs both sides for each row: where the baseline has
    # no such slice, its side says so with no metrics.
    return Family(
        columns=columns,
        candidate=[_row(columns, of, labels, candidate[of]) for of in shown],
        baseline=[_row(columns, of, labels, baseline.get(of, {})) for of in shown]
        if compared
        else [],
        slicing=[row for of in shown for row in _slicing_row(of, candidate, baseline)],
        num_slices=len(slices),
    )


def _row(
    columns: tuple[str, ...],
    of: Slice,
    labels: Mapping[Slice, str],
    metrics: dict[str, Any],
) -> dict[str, Any]:
    if of == OVERALL:
        return {"slice": "Overall", "sliceValue": "Overall", "metrics": metrics}
    family = _without_colon(TIMES.join(columns))
    label = labels[of]
    return {"slice": f"{family}:{label}", "sliceValue": label, "metrics": metrics}


def _slicing_row(
    of: Slice, candidate: Metrics, baseline: Metrics
) -> list[dict[str, Any]]:
    """Return a slice as TFMA's own view would, with both models side by side."""
    merged = {
        name: value
        for name, value in candidate[of].items()
        if not name.startswith(FAIRNESS)
    }
    merged |= {
        f"{name}{OF_BASELINE}": value
        for name, value in baseline.get(of, {}).items()
        if not name.startswith(FAIRNESS) and name != COUNT
    }
    named = dict(sorted(merged.items(), key=lambda item: (item[0] != COUNT, item[0])))
    key = _key(of)
    rows: list[dict[str, Any]] = view_util.find_all_slices(
        [(key, {"": {"": named}})],
        slicer_lib.SingleSliceSpec(columns=[column for column, _ in key]),
    )
    return [{**row, "metrics": row["metrics"][""][""]} for row in rows]


def _key(of: Slice) -> tuple[tuple[str, str], ...]:
    """Return a slice key that reads well in TFMA's element, without its colon."""
    silo = ((SILO, _without_colon(of.silo)),) if of.silo else ()
    group = (
        ((_without_colon(of.column), _without_colon(of.group)),) if of.column else ()
    )
    return (*silo, *group)


def _labels(slices: Sequence[Slice]) -> list[str]:
    """Return a distinct, short label for each slice, without the element's colon."""
    labels: list[str] = []
    for of in slices:
        text = _without_colon(TIMES.join(filter(None, (of.silo, of.group))))
        label = text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 1]}…"
        while label in labels:
            label += "\N{PRIME}"
        labels.append(label)
    return labels


def _without_colon(text: str) -> str:
    return text.replace(":", "\N{RATIO}")  # the element cuts labels at a colon


def _load(folder: str | pathlib.Path, columns: Iterable[str]) -> Metrics:
    result = tfma.load_eval_result(str(folder))
    known = {
        frozenset(Slice(column=column).columns): column for column in (*columns, "")
    }
    found = {}
    for key, metrics in result.slicing_metrics:
        if slicer_lib.is_cross_slice_key(key) or not metrics:
            continue
        of = _slice({str(name): _text(value) for name, value in key}, known)
        if of is not None:
            found[of] = _clean(metrics[""][""])
    return found


def _slice(key: dict[str, str], known: Mapping[frozenset[str], str]) -> Slice | None:
    """Return the table's slice of a TFMA key; None where the table has no such one.

    The table joins crossed columns in the order of the settings, and TFMA sorts
    its keys, so a key's values are taken in the table's order of columns.
    """
    silo = key.pop(SILO, "")
    column = known.get(frozenset(key))
    if column is None:
        return None
    of = Slice(silo, column)
    return dataclasses.replace(of, group=crossed([key[name] for name in of.columns]))


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
