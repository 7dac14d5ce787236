"""TFMA's own fairness view, as data for its element.

The only file here that imports TFMA. It hands `fairness-nb-container` (from the
JavaScript bundle in TFMA's wheel) what a notebook would, but worst slices first: the
element orders slices by name and preselects the first ones, which hides the worst
(`templates/tfma_view.js` keeps the order given here). Cross-slice rows and differences
are left out, and so are slices without a number in the tidy table, where TFMA gives a
single-class slice an AUC of 0.
"""

from __future__ import annotations

import dataclasses
import math
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.slicer import slicer_lib

from components.dashboard import formats
from components.dashboard.section import View
from components.payloads.table import OVERALL, SILO, Slice, crossed

BUNDLE = "static/vulcanized_tfma.js"
CONFIG = "eval_config.json"
BASELINE_FOLDER = "baseline"
TIMES = " \N{MULTIPLICATION SIGN} "
MAX_LABEL = 60  # unit: characters; the element wraps no label

Metrics = dict[Slice, dict[str, Any]]  # TFMA's: `{"auc": {"doubleValue": 0.7}, ...}`
Families = Mapping[tuple[str, ...], Sequence[Slice]]


def bundle() -> str:
    """Return the JavaScript of TFMA's elements, as it is in the wheel.

    But for `autofocus`: its closed dialogs would ask for the focus at load, which
    browsers refuse inside a sandboxed frame with an error each.
    """
    path = pathlib.Path(tfma.__file__).parent / BUNDLE
    return path.read_text(encoding="utf-8").replace(' autofocus=""', "")


def views(folder: str | pathlib.Path, ranked: Families, max_slices: int) -> list[View]:
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
    baseline = _load(below, columns) if (below / CONFIG).exists() else {}
    return arrange(ranked, _load(folder, columns), baseline, max_slices)


def arrange(
    ranked: Families, candidate: Metrics, baseline: Metrics, max_slices: int
) -> list[View]:
    """Return the views of TFMA's metrics by slice.

    Args:
        ranked: The slices to show by family, worst first.
        candidate: TFMA's metrics.
        baseline: The same of the baseline; empty without one.
        max_slices: Most slices of one family, without overall.
    """
    found = []
    for family, slices in ranked.items():
        worst = [of for of in slices if of in candidate][:max_slices]
        if not worst:
            continue
        note = ""
        if len(worst) < len(slices):
            note = (
                f"The {len(worst)} slices with the surely lowest AUC of "
                f"{formats.count(len(slices))}."
            )
        title = " and ".join("silo" if name == SILO else name for name in family)
        # The element's column of changes is compare / eval - 1, so the baseline is
        # `slicingMetrics` and the candidate is compared with it. It needs both sides
        # for each row: where the baseline has no such slice, its side has no metrics.
        properties: dict[str, object] = {
            "slicingMetrics": _rows(family, worst, candidate),
            "evalName": "candidate",
        }
        if any(of in baseline for of in (OVERALL, *worst)):
            properties = {
                "slicingMetrics": _rows(family, worst, baseline),
                "slicingMetricsCompare": _rows(family, worst, candidate),
                "evalName": "baseline",
                "evalNameCompare": "candidate",
            }
        found.append(View(title, note, properties))
    return found


def _rows(
    family: Sequence[str], slices: Sequence[Slice], metrics: Metrics
) -> dict[str, Any]:
    """Return the rows of a view, overall first."""
    columns = _without_colon(TIMES.join(family))
    rows = [{"slice": "Overall", "sliceValue": "Overall"}]
    rows += [
        {"slice": f"{columns}:{label}", "sliceValue": label}
        for label in _labels(slices)
    ]
    return packed(
        [
            {**row, "metrics": metrics.get(of, {})}
            for row, of in zip(rows, (OVERALL, *slices), strict=True)
        ]
    )


def packed(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return rows of TFMA's with each metric's name once, not in every row.

    A value is a number where TFMA has `{"doubleValue": number}`, and null where a
    row has none; `templates/tfma_view.js` unpacks them.
    """
    names = list(dict.fromkeys(name for row in rows for name in row["metrics"]))

    def value(metric: dict[str, Any] | None) -> object:
        is_plain = metric and set(metric) == {"doubleValue"}
        return metric["doubleValue"] if metric and is_plain else metric

    return {
        "names": names,
        "rows": [
            {**row, "metrics": [value(row["metrics"].get(name)) for name in names]}
            for row in rows
        ],
    }


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
            found[of] = {
                name: _finite(value)
                for name, value in metrics[""][""].items()
                if not name.endswith("_diff")
            }
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


def _finite(value: object) -> object:
    """Return a JSON value: six digits, and no number that JSON does not know."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, bytes):
        return _text(value)
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else "NaN"
    return value
