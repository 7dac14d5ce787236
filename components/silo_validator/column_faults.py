"""Finds what is wrong with a silo's columns, by the other silos' disclosed statistics.

Silos differ legitimately, so no difference is a fault by itself: a known fault must
explain it, and how far each of the others lies from their common centre tells how much
a silo may differ. Of many one may be odd itself, so the second farthest counts. Nothing
is said where fewer than `MIN_OTHERS` silos share a column, nor of a silo that is unlike
the others in most columns. How thresholds were chosen: `docs/benchmarks/validation.md`.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.payloads import statistics as disclosed
from components.payloads.findings import Finding
from components.payloads.statistics import Dataset
from components.silo_validator.number_columns import Numbers, UsualNumbers
from components.silo_validator.text_columns import Texts, UsualTexts

MIN_ROWS = 50  # with a value: a column of fewer is not looked at
MIN_OTHERS = 3
MOST = 0.5  # share of a silo's columns with a fault from which nothing is said
FEW = 2  # columns that may be wrong however few there are
SWAPPED = (
    "look at how the export fills the two columns, by name or by place; swap them and "
    "export them again"
)

Columns = Mapping[str, Numbers | Texts]


def find(trains: Mapping[str, Dataset]) -> dict[str, list[Finding]]:
    """Return what is wrong with each silo's columns, in their order.

    Args:
        trains: The disclosed statistics of training rows, by silo.
    """
    columns = {silo: _read(train) for silo, train in trains.items()}
    constants = {
        silo: sum(one.is_constant for one in own.values())
        for silo, own in columns.items()
    }
    found = {}
    for silo, own in columns.items():
        others = [theirs for other, theirs in columns.items() if other != silo]
        narrow = constants[silo] > statistics.median(constants.values()) + FEW
        found[silo] = _of_silo(own, others, narrow)
    return found


def _read(dataset: Dataset) -> Columns:
    found: dict[str, Numbers | Texts] = {}
    for name, column in disclosed.by_column(dataset).items():
        if (rows := disclosed.num_present(column)) < MIN_ROWS:
            continue
        if values := column.string_stats.rank_histogram.buckets:
            found[name] = Texts({one.label: one.sample_count / rows for one in values})
        elif column.num_stats.histograms:
            found[name] = Numbers(column.num_stats, rows)
    return found


def _of_silo(own: Columns, others: Sequence[Columns], narrow: bool) -> list[Finding]:
    """Return the faults of a silo, of which a narrow one has constant columns."""
    usual: dict[str, Any] = {}  # of the same type as the silo's own
    for name, column in own.items():
        alike = [o[name] for o in others if isinstance(o.get(name), type(column))]
        kind: Any = UsualNumbers if isinstance(column, Numbers) else UsualTexts
        if len(alike) >= MIN_OTHERS:
            usual[name] = kind(alike)
    found = dict(_swaps(own, usual))
    for name in usual.keys() - {name for pair in found for name in pair}:
        for fault, hint in usual[name].faults(own[name], narrow):
            found[(name,)] = Finding(f"column `{name}`: found {fault}", hint)
            break
    if sum(map(len, found)) > max(FEW, MOST * len(usual)):
        return []
    return [found[names] for names in sorted(found)]


def _swaps(
    own: Columns, usual: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], Finding]]:
    """Yield pairs of columns that are as the others' only with names swapped."""
    foreign = [name for name, one in usual.items() if one.is_foreign(own[name])]
    for one, other in itertools.combinations(foreign, 2):
        if (
            type(own[one]) is type(own[other])
            and usual[one].is_usual(own[other])
            and usual[other].is_usual(own[one])
        ):
            sentence = (
                f"columns `{one}` and `{other}`: found values in each as other silos "
                "have in the other one, and unlike theirs in the column itself; likely "
                "the two are swapped"
            )
            yield (one, other), Finding(sentence, SWAPPED)
