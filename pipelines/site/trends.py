"""What the index tells of each run: decision, gates, AUC, worst silo, gap, cohort.

Read from the runs' summaries, each compared with the one before. What a summary
does not tell, such as one of an older version, is None here and a dash on the page.
"""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from components.payloads import findings
from pipelines import summary as ended
from pipelines.summary import Summary

# How a finding of drift reads (`components/silo_validator/tfdv_checks.py`).
DRIFT = "between these training rows and those of span "
# How the id of a run of this machine begins (`pipelines/runners/local.py`).
STARTED = re.compile(r"(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)(?:-|$)")


@dataclasses.dataclass(frozen=True)
class Cohort:
    """The silos of a run, and what became of them since the run before.

    Attributes:
        silos: How many there are.
        admitted: How many of them train.
        drifted: How many have a finding of drift.
        came: Silos that the run before did not have; empty for the first run.
        left: Silos that this run has no more.
        quarantined: Silos that trained in the run before and don't in this one.
        released: Silos that train again.
    """

    silos: int
    admitted: int
    drifted: int
    came: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    quarantined: tuple[str, ...] = ()
    released: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Entry:
    """One run, as the index tells it.

    Attributes:
        run_id: Its name.
        span: Its span; empty where the data has none.
        label: What tells it from all others, in up to two parts: its span, with its
            number where others have that span too; without a span when it started, or
            its id.
        status: As `pipelines/summary.py` has it, or `running`.
        reason: The first reason of the decision, a sentence; empty where there is
            none.
        failed: Gates that did not pass and were not waived.
        waived: Gates that did not pass and were waived.
        waivers: What was waived and by whom, where it is blessed all the same; else
            empty.
        auc: AUC over all rows.
        auc_low: Lower end of its 95 % interval.
        auc_high: Upper end.
        worst_silo: The judged silo with the lowest AUC; empty where none is.
        worst_auc: Its AUC.
        gap: Highest less lowest AUC of the judged silos.
        cohort: Its silos; None when the run told none.
    """

    run_id: str
    span: str
    label: tuple[str, ...]
    status: str
    reason: str
    failed: tuple[str, ...]
    waived: tuple[str, ...]
    waivers: str
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    worst_silo: str
    worst_auc: float | None
    gap: float | None
    cohort: Cohort | None


def entries(summaries: Sequence[Summary]) -> list[Entry]:
    """Return what the index tells of each run.

    Args:
        summaries: Of all runs, oldest first.

    Returns:
        One entry a run, in the same order.
    """
    told: list[Entry] = []
    before: dict[str, bool] | None = None
    for summary in summaries:
        now = {item["silo"]: bool(item["admitted"]) for item in summary["silos"]}
        told.append(_entry(summary, _cohort(summary, now, before) if now else None))
        before = now or before  # a run that failed early told no silo
    return _labelled(told)


def _labelled(entries: Sequence[Entry]) -> list[Entry]:
    many = collections.Counter(entry.span for entry in entries)
    seen: collections.Counter[str] = collections.Counter()
    labelled = []
    for entry in entries:
        label = entry.label
        if entry.span and many[entry.span] > 1:
            seen[entry.span] += 1
            label = (entry.span, f"run {seen[entry.span]}")
        labelled.append(dataclasses.replace(entry, label=label))
    return labelled


def _own_label(summary: Summary) -> tuple[str, ...]:
    """Return a run's label where no other has its span."""
    started = STARTED.match(summary["run_id"])
    if summary["span"] or not started:
        return (summary["span"] or summary["run_id"],)
    parts = started.groups()
    return "-".join(parts[:3]), ":".join(parts[3:])


def _entry(summary: Summary, cohort: Cohort | None) -> Entry:
    metrics = summary["metrics"]
    gates = [gate for gate in summary.get("gates") or () if not gate["passed"]]
    worst: Mapping[str, Any] = summary.get("worst_silo") or {}
    return Entry(
        run_id=summary["run_id"],
        span=summary["span"],
        label=_own_label(summary),
        status=summary["status"],
        reason="".join(summary["reasons"][:1]),
        failed=tuple(gate["gate"] for gate in gates if not gate["waived"]),
        waived=tuple(gate["gate"] for gate in gates if gate["waived"]),
        waivers=ended.waived(summary),
        auc=metrics["auc"],
        auc_low=None,  # of the table, where that is at hand: see `build.py`
        auc_high=None,
        worst_silo=worst.get("silo", ""),
        worst_auc=worst.get("auc"),
        gap=summary.get("gap"),
        cohort=cohort,
    )


def _cohort(
    summary: Summary, now: dict[str, bool], before: dict[str, bool] | None
) -> Cohort:
    counts = Cohort(
        silos=len(now),
        admitted=sum(now.values()),
        drifted=sum(_has_drifted(item) for item in summary["silos"]),
    )
    if before is None:
        return counts
    both = sorted(now.keys() & before.keys())
    return dataclasses.replace(
        counts,
        came=tuple(sorted(now.keys() - before.keys())),
        left=tuple(sorted(before.keys() - now.keys())),
        quarantined=tuple(s for s in both if before[s] and not now[s]),
        released=tuple(s for s in both if now[s] and not before[s]),
    )


def _has_drifted(silo: Mapping[str, Any]) -> bool:
    """Say whether a silo has a finding of drift, be it a reason or a note."""
    found = findings.all_of_json([*silo["reasons"], *silo.get("notes", ())])
    return any(DRIFT in sentence for sentence in findings.sentences(found))
